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
	// routing is how many events are looked up at once. Each may wait for the
	// Integration API, so there are many more than processors.
	maxRouting = 256

	// webhooks is how many bytes of webhooks are under way at once, about.
	maxWebhookBytes = 1 << 20

	// maxLookups is how often an event is looked up when the answers contradict
	// it, and settleAfter the wait between: the API may lag behind the webhook,
	// by some seconds as a rule. An event that seems to repeat another one is looked
	// up more often, with growing waits, five minutes in all: what it is about may
	// not be listed yet.
	maxLookups    = 4
	maxRepetition = 8
	settleAfter   = 10 * time.Second

	// patience is how long a round waits for its slowest lookups before the next
	// one begins beside them.
	roundTime = 50 * time.Millisecond

	// While events arrive faster than they are routed, taking them comes first:
	// after each round the router leaves the machine to the intake for so many
	// times as long as the round took.
	yieldFactor = 9
	maxYield    = 500 * time.Millisecond
)

// Plan is what the configuration says about routing.
type Plan struct {
	Routes    []Route
	Sources   map[string]Source
	Templates *render.Set
	Verbatim  map[string]bool // sinks of bridge.Verbatim
}

// Source is how events of one source are looked up.
type Source struct {
	Enricher *enrich.Enricher
	Hold     time.Duration // so long an event waits while Absorb gives no answer; 0: it goes out lean
	Redact   redact.Rules  // what is never stored
}

// Router turns accepted events into deliveries: it looks up what is known of
// each event, asks the routes, and stores the outcome in one transaction.
type Router struct {
	store *store.Store
	plan  atomic.Pointer[Plan]
	wake  func(sink string)
	log   *slog.Logger

	accepted signal
	arrived  atomic.Int64  // how many events were accepted
	slots    chan struct{} // one for each event under way
	running  sync.WaitGroup

	mu   sync.Mutex          // guards busy
	busy map[string]struct{} // ids of the events under way

	conditionErrors conditionErrors
	sequencer       sequencer
	metrics         *metrics.Metrics
	tracer          *tracing.Tracer
}

// NewRouter makes a router. It calls wake after it stored deliveries for a sink.
func NewRouter(s *store.Store, plan Plan, wake func(sink string), log *slog.Logger) *Router {
	r := &Router{
		store: s, wake: wake, log: log,
		accepted: newSignal(), slots: make(chan struct{}, maxRouting), busy: map[string]struct{}{},
	}
	r.Use(plan)
	return r
}

// Observe has the router report what it does. It must be called before Run.
func (r *Router) Observe(m *metrics.Metrics, t *tracing.Tracer) { r.metrics, r.tracer = m, t }

// Use changes the plan for the events that are taken up from now on.
func (r *Router) Use(plan Plan) { r.plan.Store(&plan) }

// Accepted tells the router that there are n new events.
func (r *Router) Accepted(n int) {
	r.arrived.Add(int64(n))
	r.accepted.raise()
}

// Run routes events until the context ends, and only while the lease is valid.
// Events under way then are left to the next run.
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
		if more { // it finds room when something under way has ended
			at, known = time.Now().Add(roundTime), true
		}
		// What else is due and was not started is under way: no reason to look again.
		r.accepted.wait(ctx, at, known && at.After(time.Now()))
	}
	return nil
}

// round starts what is due and not under way yet, and gives it a moment to end:
// what has ended is not read again. More says that others are due, for which there is no
// room beside what is under way.
func (r *Router) round(ctx context.Context) (started int, more bool, err error) {
	before := r.underWay() // what ends while we read was due when we began
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
		own := r.sequencer.issue(e.Event)
		round.Add(1)
		r.running.Go(func() {
			defer round.Done()
			defer func() { <-r.slots }()
			defer r.end(e.ID)
			defer own.release()
			if err := r.route(ctx, e, own); err != nil {
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

// route looks one event up and fans it out, or postpones it.
func (r *Router) route(ctx context.Context, e store.Unrouted, turn ticket) error {
	ctx, span := r.tracer.Continue(ctx, e.Traceparent, "route", trace.WithAttributes(tracing.EventID.String(e.ID), tracing.EventType.String(e.Type)))
	defer span.End()
	log := logOf(r.log, e.ID, e.Traceparent)
	plan := r.plan.Load()
	routes := matchingRoutes(plan.Routes, e.Event)
	facts, outcome := bridge.NewFacts(e.Event), enrich.Outcome{Event: e.Event}
	source, known := plan.Sources[e.Source]
	if known && len(routes) > 0 { // nobody reads the facts of an event that goes nowhere
		facts, outcome = source.Enricher.Facts(ctx, e.Event, plan.Templates.Template(e.Type).Lookups())
	}
	if ctx.Err() != nil {
		return nil // what was looked up may be half of it; the next run does it again
	}
	for part, err := range outcome.Failed {
		log.Warn("a lookup failed", "part", part, "err", err)
	}
	if wait := postpone(e, source, outcome, time.Now()); wait > 0 {
		r.metrics.Source(e.Source).Postponed()
		span.SetAttributes(tracing.Postponed.Bool(true))
		log.Info("event waits to be looked up again", "type", e.Type, "for", wait, "contradicted", outcome.Unsettled)
		return r.store.Postpone(ctx, e.ID, time.Now().Add(wait))
	}
	facts = source.Redact.Facts(facts)
	if len(outcome.Failed) > 0 {
		facts[incomplete] = true
	}
	if !turn.wait(ctx) {
		return nil
	}
	return r.decide(ctx, log, plan, routes, facts, outcome, repeats(e, outcome))
}

// decide fans an event out to the routes that take it. One that repeats another goes
// nowhere.
func (r *Router) decide(ctx context.Context, log *slog.Logger, plan *Plan, routes []Route, facts bridge.Facts, outcome enrich.Outcome, repetition bool) error {
	now, e := time.Now(), outcome.Event
	e.Trace = outcome.Trace()
	switch {
	case repetition:
		log.Info("event repeats another one and is not sent", "type", e.Type, "repeats", e.Repeats)
		e.Trace.Repeats, routes = e.Repeats, nil
	case len(routes) == 0:
		facts = nil // there is nothing that the event itself does not say
	}
	to, undecided := plan.targets(routes, e, facts, now)
	for _, v := range undecided {
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

// fanOut stores what an event becomes.
func (r *Router) fanOut(ctx context.Context, e bridge.Event, facts bridge.Facts, to []store.Target, now time.Time) error {
	ctx, span := tracing.Child(ctx, "fan out", tracing.Deliveries.Int(len(to)))
	defer span.End()
	if err := r.store.FanOut(context.WithoutCancel(ctx), e, facts, to, now); err != nil {
		tracing.Failed(span, "the store took nothing")
		return err
	}
	r.metrics.Source(e.Source).Routed(len(to))
	return nil
}

// repeats reports whether an event repeats the one that had the same bytes before:
// other events are about everything that it may be about.
func repeats(e store.Unrouted, outcome enrich.Outcome) bool {
	return outcome.Repetition && e.Repeats != ""
}

// postpone is how long an event waits before it is looked up again; 0 when it
// goes out now.
func postpone(e store.Unrouted, source Source, outcome enrich.Outcome, now time.Time) time.Duration {
	most := maxLookups
	if repeats(e, outcome) {
		most = maxRepetition
	}
	switch {
	case len(outcome.Failed) > 0 && now.Sub(e.ReceivedAt) < source.Hold:
		return backoff(e.Lookups + 1)
	case len(outcome.Unsettled) > 0 && e.Lookups+1 < most && !e.CaughtUp: // Absorb's API told of it itself
		return settleAfter << max(0, e.Lookups+2-maxLookups)
	}
	return 0
}
