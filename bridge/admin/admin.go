// Package admin serves a bridge's health checks and its JSON API. The commands use the
// API, whether or not the bridge runs. The admin pages call the same Service, so the
// API can do whatever the pages can do.
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

// Options configures the API and the pages.
type Options struct {
	Store *store.Store
	Path  string       // path of the store; identifies the bridge
	Gate  *access.Gate // who may use it; nil: everybody on this machine
	Pages http.Handler // the admin pages; nil: none
	Log   *slog.Logger

	// Message renders a delivery's message as its sink would send it now.
	Message func(context.Context, store.DeliveryDetail) (Message, error)
	// Explain returns what each route of the current configuration decides about an
	// event.
	Explain func(e bridge.Event, facts bridge.Facts) []bridge.Verdict

	Sinks   func() []string        // names of the configured sinks
	Sources func() []intake.Source // as configured

	// Lookups returns the lookups of a source's template for an event type; none if the
	// source has no Integration API.
	Lookups func(source, event string) []bridge.Lookup

	Changed func()       // is called when there is new work in the store
	Reload  func() error // reads the configuration again; nil if no bridge runs

	// CatchUp creates the events whose webhooks did not arrive.
	CatchUp func(context.Context, CatchUp) (catchup.Report, error)

	// KeepLogin stores the tokens of a source's login.
	KeepLogin func(ctx context.Context, source string, l Login) error

	Metrics http.Handler // for Prometheus; nil if no bridge runs

	// OpenWindow opens a source's test window until a time.
	OpenWindow func(ctx context.Context, source string, until time.Time) error

	Running
}

// Running is what only a running bridge knows. Each function may be nil.
type Running struct {
	Version    string
	SinkStatus func(ctx context.Context, sink string) (bridge.SinkStatus, error)
	Owner      func(ctx context.Context) (map[string]string, error) // by sink: the replica that sends
	Self       string                                               // this replica
	Refusals   func() []intake.Refusals
	HasAPI     func(source string) bool                       // whether it has an Integration API
	TryAPI     func(ctx context.Context, source string) error // calls the API with the source's login

	FirstContact  func(source string) time.Time // until when the source is on test without a command
	Configuration func() Configuration
}

// Message is a delivery's message as it would be sent now.
type Message struct {
	ContentType string   `json:"content_type"`
	Body        string   `json:"body"`
	Type        string   `json:"type"`                // sink type
	Shortened   []string `json:"shortened,omitempty"` // what was cut because it was too long
}

// New returns the handler of the health checks, the API, the metrics and the pages.
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

// refuse answers a request that may not be made.
func refuse(w http.ResponseWriter, _ *http.Request, status int, message string) {
	fail(w, &Error{status, message})
}

// patient lifts the server's time limits: one operation may change a million
// deliveries.
func patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})) // a test's recorder has no deadlines
		next.ServeHTTP(w, r)
	})
}

// ready reports whether the bridge can accept events.
func (o Options) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if o.Store.Ping(ctx) != nil { // the log has the reason
		http.Error(w, "the store does not accept events", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// Error is the API's answer to a request that failed.
type Error struct {
	Status  int    `json:"-"`
	Message string `json:"error"`
}

// Error returns the message.
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
	_ = json.NewEncoder(w).Encode(body) // the client may have disconnected
}
