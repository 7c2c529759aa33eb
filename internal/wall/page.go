package wall

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/draw"
)

//go:embed assets
var assets embed.FS

// pagePolicy lets the page run its own script and nothing else, and load nothing
// from elsewhere. Styles may stand in attributes: a mail's frame is bound by the
// page's policy, and mails carry their styles that way.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// pageTemplates are parsed once, when first needed; they never change.
var pageTemplates = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(assets, "assets/*.html"))
})

func (w *Wall) routePages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", w.servePage)
	mux.HandleFunc("GET /events", w.serveEvents)
	mux.HandleFunc("GET /wall.css", serveAsset("text/css; charset=utf-8", pageStyle()))
	mux.HandleFunc("GET /wall.js", serveAsset("text/javascript; charset=utf-8", asset("wall.js")))
	mux.HandleFunc("GET /api/messages", w.serveMessages)
	mux.HandleFunc("DELETE /api/messages", w.serveClear)
	mux.HandleFunc("GET /api/faults", w.serveFaults)
	mux.HandleFunc("POST /api/faults", w.serveInject)
}

func serveAsset(media, text string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", media)
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = rw.Write([]byte(text))
	}
}

func asset(name string) string {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("embedded asset: " + err.Error())
	}
	return string(text)
}

func pageStyle() string { return asset("wall.css") + draw.Stylesheet() }

// column is a platform on the page.
type column struct {
	Platform string
	Title    string
	Counts   Counts
	Messages []entry // newest first
}

// entry is a message on the page.
type entry struct {
	Message
	Drawing template.HTML
	Raw     string
}

func (w *Wall) servePage(rw http.ResponseWriter, _ *http.Request) {
	messages := w.Messages()
	view := struct {
		Columns []column
		Last    uint64
		Keep    int
	}{Keep: w.history.keep}
	byPlatform := map[string][]entry{}
	for _, m := range messages {
		byPlatform[m.Platform] = append([]entry{newEntry(m)}, byPlatform[m.Platform]...)
		view.Last = m.Seq
	}
	for _, p := range everyPlatform() {
		if len(byPlatform[p]) == 0 && !slices.Contains(Platforms(), p) {
			continue
		}
		view.Columns = append(view.Columns, column{p, Title(p), w.Counts(p), byPlatform[p]})
	}
	var page bytes.Buffer
	if err := pageTemplates().ExecuteTemplate(&page, "page.html", view); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	header := rw.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	_, _ = rw.Write(page.Bytes())
}

// newEntry draws a message. What cannot be drawn is shown raw only.
func newEntry(m Message) entry {
	e := entry{Message: m, Raw: readable(m.Payload)}
	var err error
	if m.Mail != nil {
		e.Drawing, err = draw.Email(draw.Mail{From: m.Mail.From, To: m.Mail.To, Subject: m.Mail.Subject, Text: m.Mail.Text, HTML: m.Mail.HTML})
	} else if m.Platform != Email && len(m.Payload) > 0 {
		e.Drawing, err = drawPayload(m.Platform, m.Payload)
	}
	if err != nil {
		e.Verdict.Notes = append(e.Verdict.Notes, err.Error())
	}
	return e
}

// readable indents JSON and leaves everything else as it is.
func readable(payload []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, payload, "", "  ") == nil {
		return b.String()
	}
	return strings.ToValidUTF8(string(payload), "\uFFFD")
}
