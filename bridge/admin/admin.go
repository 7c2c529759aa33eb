// Package admin is what people and their machines see of a bridge: health, and
// an API in JSON that the commands use, whether the bridge runs or not. What the
// pages of package pages show and do is here too, so that whatever they can do the
// API can.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Options is what the pages and the API are made of.
type Options struct {
	Store *store.Store
	Path  string       // of the store: tells one bridge from another
	Gate  *access.Gate // who is let in; nil: who is on this machine
	Pages http.Handler // for people; nil: there are none
	Log   *slog.Logger

	// Message shows a delivery's message as its sink would send it today.
	Message func(context.Context, store.DeliveryDetail) (Message, error)
	// Explain says what today's routes make of an event.
	Explain func(e bridge.Event, facts bridge.Facts) []bridge.Verdict

	Sinks   func() []string        // names of the configured sinks
	Sources func() []intake.Source // as configured

	// Lookups are those of the template of an event of a source; none when the source
	// has no Integration API.
	Lookups func(source, event string) []bridge.Lookup

	Changed func()       // there is new work in the store
	Reload  func() error // reads the configuration again; nil when nothing runs

	// CatchUp asks Absorb for what a source's webhooks did not tell of.
	CatchUp func(context.Context, CatchUp) (catchup.Report, error)

	// KeepLogin keeps the tokens of a source's login.
	KeepLogin func(ctx context.Context, source string, l Login) error

	Metrics http.Handler // for Prometheus; nil when nothing runs

	// OpenWindow opens a source's test window until then.
	OpenWindow func(ctx context.Context, source string, until time.Time) error

	Running
}

// Running is what only a bridge that runs can tell. Each may be nil.
type Running struct {
	Version    string
	SinkStatus func(ctx context.Context, sink string) (bridge.SinkStatus, error)
	Owner      func(ctx context.Context) (map[string]string, error) // by sink: the replica that sends
	Self       string                                               // this replica
	Refusals   func() []intake.Refusals
	HasAPI     func(source string) bool                       // whether it has an Integration API
	TryAPI     func(ctx context.Context, source string) error // asks it who we are

	FirstContact  func(source string) time.Time // until when it is on test by itself
	Configuration func() Configuration
}

// Message is a delivery's message, as it would be sent.
type Message struct {
	ContentType string   `json:"content_type"`
	Body        string   `json:"body"`
	Type        string   `json:"type"`                // of the sink
	Shortened   []string `json:"shortened,omitempty"` // what had to be cut to fit
}

// New makes the handler.
func New(o Options) http.Handler {
	gate := o.Gate
	if gate == nil {
		gate = access.New(access.Options{}, access.Settings{})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", o.ready)
	mux.Handle("/api/", gate.Guard(refuse, patient(NewService(o).api())))
	if o.Metrics != nil {
		mux.Handle("GET /metrics", gate.Guard(refuse, o.Metrics))
	}
	if o.Pages != nil {
		mux.Handle("/", o.Pages)
	}
	return mux
}

// refuse answers who is not let in.
func refuse(w http.ResponseWriter, _ *http.Request, status int, message string) {
	fail(w, &Error{status, message})
}

// patient lets what was asked for take its time: a million deliveries may be
// changed at once.
func patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})) // a recorder has none
		next.ServeHTTP(w, r)
	})
}

// ready tells whether events can be accepted.
func (o Options) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if o.Store.Ping(ctx) != nil { // the log has the reason; a probe needs none
		http.Error(w, "the store does not accept events", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// Error is an answer that says what is wrong.
type Error struct {
	Status  int    `json:"-"`
	Message string `json:"error"`
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*Error](err)
	switch {
	case ok:
	case errors.Is(err, store.ErrNotFound):
		e = &Error{Status: http.StatusNotFound, Message: err.Error()}
	default:
		e = &Error{Status: http.StatusServiceUnavailable, Message: err.Error()}
	}
	answer(w, e.Status, e)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the asker is gone
}
