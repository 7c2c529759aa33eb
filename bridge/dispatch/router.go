package dispatch

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/bridge/lease"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/redact"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

const (
	// maxRouting is how many events are looked up at once. Each may wait for the Integration
	// API, so there are many more than processors.
	maxRouting = 256

	// maxWebhookBytes limits the memory of the webhooks that are being routed.
	maxWebhookBytes = 1 << 20

	// maxLookups is how often an event is looked up if the answers contradict it, with
	// settleAfter between: the API usually lags some seconds behind the webhook. An event that
	// seems to repeat another one is looked up maxRepetition times, with growing waits, for
	// five minutes in all: its subject may not be listed yet.
	maxLookups    = 4
	maxRepetition = 8
	settleAfter   = 10 * time.Second

	// roundTime is how long a round waits for its slowest lookups before the next round starts
	// beside it.
	roundTime = 50 * time.Millisecond

	// While events arrive faster than they are routed, accepting them comes first: after
	// each round the router pauses yieldFactor times as long as the round took.
	yieldFactor = 9
	maxYield    = 500 * time.Millisecond
)

// Plan is the part of the configuration that the router needs.
type Plan struct {
	Routes    []Route
	Sources   map[string]Source
	Templates *render.Set
	Verbatim  map[string]bool // names of the sinks that implement bridge.Verbatim
}

// Source says how to look up the events of one source.
type Source struct {
	Enricher *enrich.Enricher
	Hold     time.Duration // how long an event waits while the API does not answer; 0: it is routed without names
	Redact   redact.Rules  // facts that are never stored
}

// Router turns accepted events into deliveries: it looks up the facts of each event, selects
// its routes, and stores the result in one transaction.
type Router struct {
	store *store.Store
	plan  atomic.Pointer[Plan]
	wake  func(sink string)
	log   *slog.Logger

	accepted signal
	arrived  atomic.Int64  // number of accepted events
	slots    chan struct{} // one entry for each event being routed
	running  sync.WaitGroup

	mu   sync.Mutex          // guards busy
	busy map[string]struct{} // ids of the events being routed

	conditionErrors conditionErrors
	sequencer       sequencer
	metrics         *metrics.Metrics
	tracer          *tracing.Tracer
}

// NewRouter returns a Router. It calls wake after it stored deliveries for a sink.
func NewRouter(s *store.Store, plan Plan, wake func(sink string), log *slog.Logger) *Router {
	r := &Router{
		store: s, wake: wake, log: log,
		accepted: newSignal(), slots: make(chan struct{}, maxRouting), busy: map[string]struct{}{},
	}
	r.Use(plan)
	return r
}

// Observe sets where the router reports metrics and traces. Call it before Run.
func (r *Router) Observe(m *metrics.Metrics, t *tracing.Tracer) { r.metrics, r.tracer = m, t }

// Use replaces the plan. Events that are being routed keep the old one.
func (r *Router) Use(plan Plan) { r.plan.Store(&plan) }

// Accepted wakes the router after n new events were stored.
func (r *Router) Accepted(n int) {
	r.arrived.Add(int64(n))
	r.accepted.raise()
}

// Run routes events until the context ends, while the lease is valid. The next run continues
// with the events that were not finished.
func (r *Router) Run(ctx context.Context, l *lease.Lease) error {
	defer r.running.Wait()
	for ctx.Err() == nil {
		if !l.Valid() {
			sleep(ctx, leasePoll)
			continue
		}
		began, arrived := time.Now(), r.arrived.Load()
		started, more, err := r.round(ctx)
		if err != nil {
			pauseAfterError(ctx, r.log, err)
			continue
		}
		if started > 0 {
			if r.arrived.Load()-arrived > int64(started) {
				sleep(ctx, min(yieldFactor*time.Since(began), maxYield))
			}
			continue
		}
		at, known, err := r.store.NextUnrouted(ctx)
		if err != nil {
			pauseAfterError(ctx, r.log, err)
			continue
		}
		if more { // there is room when an event being routed is finished
			at, known = time.Now().Add(roundTime), true
		}
		// Other due events are already being routed: do not read them again.
		r.accepted.wait(ctx, at, known && at.After(time.Now()))
	}
	return nil
}

// round starts routing the due events that are not being routed yet, and waits up to roundTime
// for them: the next round then need not read the finished ones again. The result more reports
// that further events are due but found no room.
func (r *Router) round(ctx context.Context) (started int, more bool, err error) {
	before := r.underWay() // taken first: an event that is finished during the query may still be in its result
	due, more, err := r.store.UnroutedWithin(ctx, time.Now(), len(before)+maxRouting, maxWebhookBytes)
	if err != nil {
		return 0, false, err
	}
	var round sync.WaitGroup
	for _, e := range due {
		if _, was := before[e.ID]; was {
			continue
		}
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return started, more, nil
		}
		started++
		r.begin(e.ID)
		ticket := r.sequencer.issue(e.Event)
		round.Add(1)
		r.running.Go(func() {
			defer round.Done()
			defer func() { <-r.slots }()
			defer r.end(e.ID)
			defer ticket.release()
			if err := r.route(ctx, e, ticket); err != nil {
				pauseAfterError(ctx, logOf(r.log, e.ID, e.Traceparent), err)
			}
		})
	}
	if started > 0 {
		ended := make(chan struct{})
		go func() { round.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(roundTime):
		}
	}
	return started, more, nil
}

func (r *Router) underWay() map[string]struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.busy)
}

func (r *Router) begin(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[id] = struct{}{}
}

func (r *Router) end(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.busy, id)
}

// route looks up an event and fans it out, or postpones it.
func (r *Router) route(ctx context.Context, e store.Unrouted, ticket ticket) error {
	ctx, span := r.tracer.Continue(ctx, e.Traceparent, "route", trace.WithAttributes(tracing.EventID.String(e.ID), tracing.EventType.String(e.Type)))
	defer span.End()
	log := logOf(r.log, e.ID, e.Traceparent)
	plan := r.plan.Load()
	routes := matchingRoutes(plan.Routes, e.Event)
	facts, outcome := bridge.NewFacts(e.Event), enrich.Outcome{Event: e.Event}
	source, known := plan.Sources[e.Source]
	if known && len(routes) > 0 { // nobody reads the facts of an event without routes
		facts, outcome = source.Enricher.Facts(ctx, e.Event, plan.Templates.Template(e.Type).Lookups())
	}
	if ctx.Err() != nil {
		return nil // the lookups may be incomplete; the next run repeats them
	}
	for part, err := range outcome.Failed {
		log.Warn("a lookup failed", "part", part, "err", err)
	}
	if wait := postpone(e, source, outcome, time.Now()); wait > 0 {
		r.metrics.Source(e.Source).Postponed()
		span.SetAttributes(tracing.Postponed.Bool(true))
		log.Info("event is postponed and will be looked up again", "type", e.Type, "for", wait, "contradicted", outcome.Unsettled)
		return r.store.Postpone(ctx, e.ID, time.Now().Add(wait))
	}
	facts = source.Redact.Facts(facts)
	if len(outcome.Failed) > 0 {
		facts[incomplete] = true
	}
	if !ticket.wait(ctx) {
		return nil
	}
	return r.decide(ctx, log, plan, routes, facts, outcome, repeats(e, outcome))
}

// decide fans an event out to the routes that take it. A repetition of another event gets no
// deliveries.
func (r *Router) decide(ctx context.Context, log *slog.Logger, plan *Plan, routes []Route, facts bridge.Facts, outcome enrich.Outcome, repetition bool) error {
	now, e := time.Now(), outcome.Event
	e.Trace = outcome.Trace()
	switch {
	case repetition:
		log.Info("event repeats an earlier one and is not sent", "type", e.Type, "repeats", e.Repeats)
		e.Trace.Repeats, routes = e.Repeats, nil
	case len(routes) == 0:
		facts = nil // the facts contain only what is in the event
	}
	to, failed := plan.targets(routes, e, facts, now)
	for _, v := range failed {
		r.conditionErrors.report(log, v)
	}
	if err := r.fanOut(ctx, e, facts, to, now); err != nil {
		return err
	}
	log.Debug("event routed", "type", e.Type, "deliveries", len(to))
	for _, t := range to {
		r.wake(t.Sink)
	}
	return nil
}

// fanOut stores the deliveries of an event.
func (r *Router) fanOut(ctx context.Context, e bridge.Event, facts bridge.Facts, to []store.Target, now time.Time) error {
	ctx, span := tracing.Child(ctx, "fan out", tracing.Deliveries.Int(len(to)))
	defer span.End()
	if err := r.store.FanOut(context.WithoutCancel(ctx), e, facts, to, now); err != nil {
		tracing.Failed(span, "the store did not answer")
		return err
	}
	r.metrics.Source(e.Source).Routed(len(to))
	return nil
}

// repeats reports whether an event repeats an earlier one with the same bytes: every list
// entry that it could be about belongs to another event.
func repeats(e store.Unrouted, outcome enrich.Outcome) bool {
	return outcome.Repetition && e.Repeats != ""
}

// postpone returns how long an event waits before it is looked up again; 0 means that it is
// routed now.
func postpone(e store.Unrouted, source Source, outcome enrich.Outcome, now time.Time) time.Duration {
	most := maxLookups
	if repeats(e, outcome) {
		most = maxRepetition
	}
	switch {
	case len(outcome.Failed) > 0 && now.Sub(e.ReceivedAt) < source.Hold:
		return backoff(e.Lookups + 1)
	case len(outcome.Unsettled) > 0 && e.Lookups+1 < most && !e.CaughtUp: // its data comes from the API
		return settleAfter << max(0, e.Lookups+2-maxLookups)
	}
	return 0
}
