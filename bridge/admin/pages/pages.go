// Package pages serves the admin pages: the state of the bridge, every event and
// message, what to do about messages that did not arrive, and how to set up a source.
//
//	The pages are plain HTML, work without JavaScript, and load nothing from other
//
// sites. The script updates them, shows times in the viewer's zone, and copies texts.
package pages

import (
	"log/slog"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/workshop"
)

// Options configures the pages.
type Options struct {
	Service *admin.Service
	Gate    *access.Gate
	Log     *slog.Logger
	Done    <-chan struct{} // closed before the process stops, which ends the streams

	Workshop *workshop.Workshop
}

// site serves the pages.
type site struct {
	Options
	streams chan struct{} // one entry for each open stream
}

// section is an entry of the navigation.
type section struct {
	Path  string
	Title string
}

// sections returns the navigation, in order.
func sections() []section {
	return []section{
		{"/", "Overview"},
		{"/events", "Events"},
		{"/deliveries", "Deliveries"},
		{"/dead", "Dead letters"},
		{"/workshop", "Workshop"},
		{"/sources", "Sources"},
		{"/configuration", "Configuration"},
		{"/audit", "Audit"},
	}
}

// New returns the handler of the pages, the login, and their assets.
func New(o Options) http.Handler {
	s := &site{Options: o, streams: make(chan struct{}, maxStreams)}
	inside := http.NewServeMux()
	page := func(pattern string, f func(*http.Request) (view, error)) { inside.HandleFunc(pattern, s.page(f)) }
	act := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		inside.HandleFunc("POST "+pattern, s.act(f))
	}
	page("GET /{$}", s.overview)
	page("GET /events", s.events)
	page("GET /events/{id}", s.event)
	page("GET /deliveries", s.deliveries)
	page("GET /deliveries/{id}", s.delivery)
	inside.HandleFunc("GET /deliveries/{id}/message", s.message)
	page("GET /dead", s.dead)
	page("GET /sources", s.sources)
	page("GET /sources/{name}", s.source)
	page("GET /captures/{id}", s.capture)
	page("GET /configuration", s.configuration)
	page("GET /audit", s.audit)
	act("/change", s.change)
	act("/sources/{name}/test-window", s.openWindow)
	act("/sources/{name}/try-api", s.tryAPI)
	act("/configuration/reload", s.reload)
	act("/sessions/end", s.endSessions)
	page("GET /workshop", s.workshop)
	page("GET /workshop/condition", s.condition)
	inside.HandleFunc("GET /workshop/stage", s.stage)
	act("/workshop/save", s.saveTemplate)
	act("/workshop/send", s.sendDraft)
	inside.HandleFunc("GET /live/overview", s.live("overview.html", "state", s.overview))
	inside.HandleFunc("GET /live/sources/{name}", s.live("source.html", "state", s.source))
	inside.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, "This page does not exist.")
	})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", serveAsset)
	mux.Handle("POST /workshop/preview", o.Gate.Look(s.refuse, s.act(s.preview)))
	mux.Handle("POST /workshop/condition", o.Gate.Look(s.refuse, s.act(s.tryCondition)))
	mux.Handle("POST /workshop/download", o.Gate.Look(s.refuse, s.act(s.download)))
	o.Gate.Routes(mux)
	mux.Handle("/", o.Gate.Guard(s.refuse, inside))
	return protected(mux)
}

// policy allows a page its own script and style, and nothing else: text inside a name
// cannot run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxForm limits the body of a form, in bytes.
const maxForm = 1 << 20

// protected sets the headers that protect the pages from other sites.
func protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}
