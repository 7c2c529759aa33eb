// Package intake receives Absorb's webhooks. It verifies each request over its raw
// bytes, parses it, stores its events durably, and only then answers 200. It does not
// look up, route or send anything.
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

// patience is how long a sender waits for the store before it is asked to try again. If
// the store finishes later, the repeated request is a duplicate.
const patience = 5 * time.Second

// retryAfter is after how many seconds a sender should try again.
const retryAfter = "5"

// The answers by which doctor recognises a bridge.
const (
	NoSource = "no source has this path" // with status 404
	OnlyPOST = "send webhooks with POST" // with status 405
)

// Source is a portal that may send events.
type Source struct {
	Name      string
	Path      string
	Keys      []absorb.Key
	Form      absorb.Form // the only accepted form of the signature; "" accepts every form
	UserAgent string      // glob pattern that the User-Agent must match; "" accepts all
	Parser    *absorb.Parser
	Redact    redact.Rules // facts that are never stored
	Family    string       // sources with the same secret are a family; the same bytes are one event for all of them
	MaxAge    time.Duration
	Dedupe    *Dedupe // nil: only equal bytes are duplicates
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
	windows  *Windows // nil: no source is on test
	metrics  *metrics.Metrics
	tracer   *tracing.Tracer
}

// New returns a handler for the sources, with the usual bounds. It calls accepted after
// it has stored n new events.
func New(sources []Source, s Accepter, accepted func(n int), log *slog.Logger) *Handler {
	h := &Handler{store: s, accepted: accepted, log: log, refusals: newRefusals(log)}
	h.Bound(UsualBounds())
	h.Use(sources, nil)
	return h
}

// Bounds limit what requests may take.
type Bounds struct {
	Memory int64 // for the bodies of all running requests and what they are parsed into, in bytes
	Body   bounds.Body
}

// UsualBounds fit a batch of some hundred events, and keep a flood of large requests
// within a small container.
func UsualBounds() Bounds {
	return Bounds{Memory: 32 << 20, Body: bounds.Body{Max: 256 << 10, Time: 10 * time.Second}}
}

// Bound sets the bounds. Call it before the first request.
func (h *Handler) Bound(b Bounds) { h.body, h.budget = b.Body, bounds.NewBudget(b.Memory) }

// WithWindows sets the test windows. Call it before the first request.
func (h *Handler) WithWindows(w *Windows) { h.windows = w }

// Observe sets the metrics and traces. Call it before the first request.
func (h *Handler) Observe(m *metrics.Metrics, t *tracing.Tracer) { h.metrics, h.tracer = m, t }

// Use changes the sources and the trusted proxies, for requests that start from now on.
func (h *Handler) Use(sources []Source, proxies peer.Proxies) {
	byPath := map[string][]Source{}
	for _, source := range sources {
		byPath[source.Path] = append(byPath[source.Path], source)
	}
	h.sources.Store(&byPath)
	h.proxies.Store(&proxies)
}

// from returns the address that a request comes from.
func (h *Handler) from(r *http.Request) netip.Addr { return h.proxies.Load().Address(r) }

// refusal is why a request is not accepted: a sentence for its sender, with the status.
type refusal struct {
	status int
	text   string
	reason string // the reason for the log, if the sender may not know it
	code   string // the label of its metric, from a fixed list
}

// kind returns the refusal in a few words, by which refusals are counted.
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

// ServeHTTP handles one webhook.
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
		h.refusals.say(slog.LevelError, "cannot store an event; asked the sender to try again", "path", r.URL.Path, "err", err)
		no = &refusal{status: http.StatusServiceUnavailable, code: "store", text: "the bridge could not store the event; send it again"}
	} else {
		h.refusals.note(r, no, h.from(r))
	}
	if no.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	h.metrics.Refused(h.soleSource(r.URL.Path), no.code)
	answer(w, no.status, map[string]string{"status": "refused", "error": no.text})
}

// take handles a webhook from its arrival to its answer: it verifies, parses and stores
// it, and only then reports it.
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

// tested answers a request that cannot be verified: as a test if a source is on test,
// otherwise with the refusal.
func (h *Handler) tested(sources []Source, r *http.Request, body []byte, now time.Time, refused error) (*reply, error) {
	source, ok := h.windows.onTest(sources, now)
	if !ok {
		return nil, refused
	}
	reason := refused.Error()
	if no, ok := errors.AsType[*refusal](refused); ok {
		reason = no.reason
	}
	h.refusals.say(slog.LevelWarn, "treated a request as a test; nothing is delivered", "source", source.Name, "from", h.from(r), "reason", reason)
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	h.metrics.Source(source.Name).Tested()
	if err := h.windows.capture(ctx, source.Name, r, source.Redact.Body(body), h.from(r), now); err != nil {
		return nil, err
	}
	return testAnswer(source), nil
}

// admit does the checks that do not need the body.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) ([]Source, error) {
	sources := (*h.sources.Load())[r.URL.Path]
	if len(sources) == 0 {
		return nil, &refusal{status: http.StatusNotFound, code: "unknown_path", text: NoSource}
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &refusal{status: http.StatusMethodNotAllowed, code: "method", text: OnlyPOST}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: "encoding", text: "send the body without Content-Encoding"}
	}
	return sources, nil
}

// read reads a body, and reserves memory for what it is parsed into.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, claim *bounds.Claim) ([]byte, error) {
	body, err := h.body.Read(w, r, claim)
	if err == nil {
		err = claim.Need(absorb.Cost(body))
	}
	switch {
	case errors.Is(err, bounds.ErrTooLarge):
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: "too_large", text: fmt.Sprintf("the body is larger than %d bytes or has too many values", h.body.Max)}
	case errors.Is(err, bounds.ErrBusy):
		return nil, &refusal{
			status: http.StatusServiceUnavailable, code: "busy", text: "too many requests at the same time; send it again",
			reason: "other requests use all the memory for bodies; increase intake.memory if this happens often",
		}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, code: "incomplete", text: "the body is incomplete; send it again"}
	}
	return body, nil
}
