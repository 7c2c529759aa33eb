// Package admin is what people and their machines see of a bridge: health, and
// an API in JSON that the commands use, whether the bridge runs or not.
package admin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Options is what the pages and the API are made of.
type Options struct {
	Store *store.Store
	Path  string        // of the store: tells one bridge from another
	Token bridge.Secret // asked for by the API; empty: only this machine may ask

	// Message shows a delivery's message as its sink would send it today.
	Message func(context.Context, store.DeliveryDetail) (Message, error)
	// Explain says what today's routes make of an event.
	Explain func(e bridge.Event, facts bridge.Facts) []bridge.Verdict

	Sinks   func() []string        // names of the configured sinks
	Sources func() []intake.Source // as configured
	Changed func()                 // there is new work in the store
	Reload  func() error           // reads the configuration again; nil when nothing runs

	// OpenWindow opens a source's test window until then.
	OpenWindow func(ctx context.Context, source string, until time.Time) error
}

// Message is a delivery's message, as it would be sent.
type Message struct {
	ContentType string `json:"content_type"`
	Body        string `json:"body"`
}

// New makes the handler.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", o.ready)
	mux.Handle("/api/", o.guard(o.api()))
	return mux
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

// guard lets in who has the token, or, when there is none, who is on this
// machine. It refuses what another site's page made a browser send, and names
// that a rebound DNS entry led here.
func (o Options) guard(next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !o.Token.Empty():
			given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(o.Token.Reveal())) != 1 {
				w.Header().Set("WWW-Authenticate", "Bearer")
				fail(w, &Error{Status: http.StatusUnauthorized, Message: "the admin token is missing or wrong: set admin.token in the configuration that the command reads"})
				return
			}
		case !local(r.Host):
			fail(w, &Error{Status: http.StatusForbidden, Message: "ask by 127.0.0.1 or localhost, or set admin.token"})
			return
		}
		// Whoever was let in may ask for something that takes its time: a million
		// deliveries to be changed.
		c := http.NewResponseController(w)
		_ = errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})) // a recorder has none
		next.ServeHTTP(w, r)
	}))
}

// local tells whether a Host header names this machine's loopback.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
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
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the asker is gone
}
