// Package intake takes Absorb's webhooks: it verifies each request over its raw
// bytes, understands it, stores it durably, and only then answers 200.
package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/bounds"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/bridge/redact"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// patience is how long a sender waits for the store, before it is asked to try
// again. What is stored later than that is found to be a duplicate then.
const patience = 5 * time.Second

// retryAfter is after how many seconds a sender should try again.
const retryAfter = "5"

// Source is a portal, or part of one, that may post events.
type Source struct {
	Name      string
	Path      string
	Keys      []absorb.Key
	Form      absorb.Form // the signature's only accepted form; "" accepts every form
	UserAgent string      // glob pattern that the User-Agent must match; "" matches all
	Parser    *absorb.Parser
	Redact    redact.Rules // what is never stored
	Family    string       // of the sources with the same secret; the same bytes are one event for all of them
	MaxAge    time.Duration
	Dedupe    *Dedupe // nil: events are compared by their bytes alone
}

// Accepter stores events before they are answered.
type Accepter interface {
	Accept(context.Context, []bridge.Event) ([]store.Accepted, error)
}

// Handler answers the webhooks of all sources.
type Handler struct {
	sources  atomic.Pointer[map[string][]Source] // by path
	proxies  atomic.Pointer[peer.Proxies]
	store    Accepter
	accepted func(n int)
	log      *slog.Logger
	refusals *refusals
	budget   *bounds.Budget
	body     bounds.Body
	windows  *Windows // nil: nothing is on test
	metrics  *metrics.Metrics
	tracer   *tracing.Tracer
}

// New makes a handler for the sources, within the usual bounds. It calls accepted
// after it stored n new events.
func New(sources []Source, s Accepter, accepted func(n int), log *slog.Logger) *Handler {
	h := &Handler{store: s, accepted: accepted, log: log, refusals: newRefusals(log)}
	h.Bound(UsualBounds())
	h.Use(sources, nil)
	return h
}

// Bounds are what requests may take.
type Bounds struct {
	Memory int64 // for the bodies of all requests under way, and for what is made of them; in bytes
	Body   bounds.Body
}

// UsualBounds fit a batch of some hundred events, and a flood of large requests into
// a small container.
func UsualBounds() Bounds {
	return Bounds{Memory: 32 << 20, Body: bounds.Body{Max: 256 << 10, Time: 10 * time.Second}}
}

// Bound sets what requests may take. It must be called before the first request.
func (h *Handler) Bound(b Bounds) { h.body, h.budget = b.Body, bounds.NewBudget(b.Memory) }

// WithWindows gives the handler the test windows. It must be called before the
// first request.
func (h *Handler) WithWindows(w *Windows) { h.windows = w }

// Observe has the handler report what it does. It must be called before the first
// request.
func (h *Handler) Observe(m *metrics.Metrics, t *tracing.Tracer) { h.metrics, h.tracer = m, t }

// Use changes the sources, and the proxies that are trusted, for the requests that
// begin from now on.
func (h *Handler) Use(sources []Source, proxies peer.Proxies) {
	byPath := map[string][]Source{}
	for _, source := range sources {
		byPath[source.Path] = append(byPath[source.Path], source)
	}
	h.sources.Store(&byPath)
	h.proxies.Store(&proxies)
}

// from is the address that a request comes from.
func (h *Handler) from(r *http.Request) netip.Addr { return h.proxies.Load().Address(r) }

// refusal is why a request is not accepted: a sentence for its sender, and the
// status that goes with it.
type refusal struct {
	status int
	text   string
	reason string // what the log is told, if it is more than the sender may know
	code   string // what it is counted by, from a closed set
}

// kind is the refusal in few words: what refusals are counted by.
func (r *refusal) kind() string {
	switch r.status {
	case http.StatusUnauthorized:
		return "not verified"
	case http.StatusNotFound:
		return "no such path"
	case http.StatusMethodNotAllowed:
		return "not a POST"
	case http.StatusUnsupportedMediaType:
		return "compressed"
	case http.StatusRequestEntityTooLarge:
		return "too large"
	case http.StatusUnprocessableEntity:
		return "too old"
	case http.StatusServiceUnavailable:
		return "too many at once"
	}
	return "not understood"
}

func (r *refusal) Error() string { return r.text }

// ServeHTTP takes one webhook.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	claim := h.budget.Claim()
	defer claim.Release()
	result, err := h.take(w, r, claim)
	if err == nil {
		answer(w, http.StatusOK, result)
		return
	}
	no, ok := errors.AsType[*refusal](err)
	if !ok {
		h.refusals.say(slog.LevelError, "event not stored; its sender was asked to try again", "path", r.URL.Path, "err", err)
		no = &refusal{status: http.StatusServiceUnavailable, code: "store", text: "the event could not be stored; send it again"}
	} else {
		h.refusals.note(r, no, h.from(r))
	}
	if no.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	h.metrics.Refused(h.soleSource(r.URL.Path), no.code)
	answer(w, no.status, map[string]string{"status": "refused", "error": no.text})
}

// take is the way of a webhook from its arrival to its answer: it is verified,
// understood, stored, and only then told of.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, claim *bounds.Claim) (*reply, error) {
	began := time.Now()
	sources, err := h.admit(w, r)
	if err != nil {
		return nil, err
	}
	body, err := h.read(w, r, claim)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	source, form, err := verify(sources, r.Header, body)
	if err != nil {
		return h.tested(sources, r, body, now, err)
	}
	events, err := source.Parser.Parse(body)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, code: "not_understood", text: err.Error()}
	}
	if events, err = h.recent(source, events, now); err != nil {
		return nil, err
	}
	for i := range events {
		events[i].Source, events[i].Family, events[i].ReceivedAt = source.Name, source.Family, now
		events[i].DedupeKey = source.Dedupe.key(events[i])
		events[i].Kept = source.Redact.Body(events[i].Raw)
		events[i].Signature, events[i].UserAgent = string(form), bridge.CleanLine(r.UserAgent())
	}
	stored, trace, err := h.keep(r, source, events, began)
	if err != nil {
		return nil, err
	}
	fresh, alike := 0, 0
	for _, s := range stored {
		switch {
		case s.Alike:
			alike++
		case !s.Duplicate:
			fresh++
		}
	}
	if fresh > 0 {
		h.accepted(fresh)
	}
	counts := h.metrics.Source(source.Name)
	counts.Alike(alike)
	counts.Accepted(fresh, len(stored)-fresh-alike, len(body), time.Since(began), trace)
	return replyTo(stored, fresh), nil
}

// tested answers a request that cannot be verified: as a test if a source is on
// test, else with the refusal.
func (h *Handler) tested(sources []Source, r *http.Request, body []byte, now time.Time, refused error) (*reply, error) {
	source, ok := h.windows.onTest(sources, now)
	if !ok {
		return nil, refused
	}
	reason := refused.Error()
	if no, ok := errors.AsType[*refusal](refused); ok {
		reason = no.reason
	}
	h.refusals.say(slog.LevelWarn, "request taken for a test; nothing is delivered", "source", source.Name, "from", h.from(r), "reason", reason)
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	h.metrics.Source(source.Name).Tested()
	if err := h.windows.capture(ctx, source.Name, r, source.Redact.Body(body), h.from(r), now); err != nil {
		return nil, err
	}
	return testAnswer(source), nil
}

// admit does the checks that need no body.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) ([]Source, error) {
	sources := (*h.sources.Load())[r.URL.Path]
	if len(sources) == 0 {
		return nil, &refusal{status: http.StatusNotFound, code: "unknown_path", text: "no source has this path"}
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &refusal{status: http.StatusMethodNotAllowed, code: "method", text: "webhooks are sent by POST"}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: "encoding", text: "send the body without Content-Encoding"}
	}
	return sources, nil
}

// read reads a body, and takes the memory for what is made of it.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, claim *bounds.Claim) ([]byte, error) {
	body, err := h.body.Read(w, r, claim)
	if err == nil {
		err = claim.Need(absorb.Cost(body))
	}
	switch {
	case errors.Is(err, bounds.ErrTooLarge):
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: "too_large", text: fmt.Sprintf("the body is larger than %d bytes, or has too many values", h.body.Max)}
	case errors.Is(err, bounds.ErrBusy):
		return nil, &refusal{
			status: http.StatusServiceUnavailable, code: "busy", text: "too many requests at once; send it again",
			reason: "other requests use the memory for bodies (intake.memory)",
		}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, code: "incomplete", text: "the body did not arrive whole"}
	}
	return body, nil
}
