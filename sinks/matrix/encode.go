package matrix

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Limits, in bytes of JSON. An event has 65,536 with all that servers add. An edit holds
// its content twice.
const (
	maxContent = 28_000
	maxHTML    = 14_000
	maxPlain   = 10_000
	maxTitle   = 500
	maxURL     = 1000
)

// content is that of an event.
type content struct {
	MsgType       string         `json:"msgtype"`
	Body          string         `json:"body"`
	Format        string         `json:"format"`
	FormattedBody string         `json:"formatted_body"`
	Mentions      map[string]any `json:"m.mentions"` // empty, so that no server looks for names in the body
}

// Encode writes a message in Matrix's HTML, and in plain text for clients that show
// none.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	rich := kit.NoteForm{
		Dialect: kit.HTML(kit.JSONBytes, "<br>", kit.InertHTML), Escape: kit.InertHTML, Title: kit.InertHTML, Name: kit.Bold,
		MaxTitle: maxTitle, MaxText: maxHTML, MaxURL: maxURL, Link: true,
	}.Write(m)
	plain := kit.NoteForm{
		Dialect: kit.Plain(kit.JSONBytes), Escape: kit.Inert, Title: kit.Inert, Name: kit.Literal,
		MaxTitle: maxTitle, MaxText: maxPlain, MaxURL: maxURL,
	}.Write(m)
	title := kit.Bold(rich.Title)
	if rich.URL != "" {
		title = `<a href="` + kit.EscapeHTML(rich.URL) + `">` + title + "</a>"
	}
	c := content{
		MsgType: "m.text", Format: "org.matrix.custom.html", Mentions: map[string]any{},
		Body:          strings.TrimSuffix(plain.Title+"\n\n"+plain.Text, "\n\n"),
		FormattedBody: strings.TrimSuffix(title+"<br><br>"+rich.Text, "<br><br>"),
	}
	if s.config.Notice {
		c.MsgType = "m.notice"
	}
	return rich.Payload(m, c)
}
