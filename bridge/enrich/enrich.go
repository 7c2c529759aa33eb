// Package enrich looks up the facts of an event. It calls Absorb's Integration API with
// the lookups of the event's template, collects the answers, and infers the ids that a
// lean webhook leaves out.
package enrich

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// defaultCacheFor is how long other events use an answer about a person, a course and
// the like.
const defaultCacheFor = 10 * time.Minute

// Names stores the last known name of everything that was looked up.
type Names interface {
	RememberName(ctx context.Context, source, kind, id, name string) error
	Name(ctx context.Context, source, kind, id string) (string, error) // "" when unknown
}

// Claims assigns each thing to one event. The candidates are the event with the ids and
// the date of one thing each, sorted by date.
type Claims interface {
	// Claim returns the index of the candidate that the event is about, or -1, and the
	// indexes of those that no other event is about.
	Claim(ctx context.Context, e bridge.Event, candidates []bridge.Event) (claimed int, free []int, err error)
}

// Options configures an enricher.
type Options struct {
	Source   string         // the source's name
	Client   *absorb.Client // nil: no lookups
	Names    Names          // nil: names are not stored
	Claims   Claims         // nil: every event may be about every thing
	Portal   string         // base URL of the portal, for links, or ""
	CacheFor time.Duration  // of people, courses, departments and the like; default 10 min
	Metrics  *metrics.Source
	Reads    *bridge.Reads // which fields somebody reads: long texts in others are cut; nil for all
}

// Enricher looks up the facts of one source's events. It may be used by many
// goroutines.
type Enricher struct {
	Options
	cache  *cache
	lists  *cache
	flight singleflight.Group
}

// New returns an enricher.
func New(o Options) *Enricher {
	if o.CacheFor <= 0 {
		o.CacheFor = defaultCacheFor
	}
	return &Enricher{Options: o, cache: newCache(maxCached, cachedBytes), lists: newCache(maxLists, listedBytes)}
}

// Outcome is the result of an event's lookups.
type Outcome struct {
	Event     bridge.Event        // the event, with the inferred ids
	Unsettled []string            // parts whose answer contradicts the event, or is ambiguous: look up again later
	Failed    map[string]error    // parts without an answer from Absorb
	Calls     []bridge.LookupCall // the requests, in no order

	// Repetition means that other events already cover everything that this one may be
	// about.
	Repetition bool
}

// Trace returns what is stored of the outcome. It omits Absorb's answers, because they
// may name people.
func (o Outcome) Trace() bridge.LookupTrace {
	t := bridge.LookupTrace{Calls: o.Calls, Unsettled: o.Unsettled}
	for part, err := range o.Failed {
		if t.Failed == nil {
			t.Failed = map[string]string{}
		}
		t.Failed[part] = words(err)
	}
	return t
}

func words(err error) string {
	if code := status(err); code != 0 {
		return fmt.Sprintf("answered %d", code)
	}
	return bridge.CleanLine(fmt.Sprintf("%.200s", err.Error()))
}

// Facts returns the facts of an event: its own part, and one part for each answered
// lookup. If Absorb refuses a lookup or does not know the thing, the part stays empty.
func (e *Enricher) Facts(ctx context.Context, ev bridge.Event, lookups []bridge.Lookup) (bridge.Facts, Outcome) {
	g := &gathering{Enricher: e, facts: bridge.NewFacts(ev), outcome: Outcome{Event: ev, Failed: map[string]error{}}}
	if e.Portal != "" {
		g.facts["portal"] = e.Portal
	}
	if e.Client == nil {
		return g.facts, g.outcome
	}
	for waiting := lookups; len(waiting) > 0; {
		ready, later := g.split(waiting)
		g.wave(ctx, ready)
		waiting = later
	}
	for _, l := range lookups {
		if l.Settled != nil && g.mayChange(l.Part) && !l.Settled(g.facts) {
			g.unsettled(l.Part)
		}
	}
	return g.facts, g.outcome
}

// gathering is the state of one call of Facts.
type gathering struct {
	*Enricher
	mu      sync.Mutex // guards facts and outcome during a wave
	facts   bridge.Facts
	outcome Outcome
}

// split separates the lookups that can run now from those that wait for others: for
// their parts, or for ids that they may infer. If all wait for each other, all run now.
func (g *gathering) split(waiting []bridge.Lookup) (ready, later []bridge.Lookup) {
	for _, l := range waiting {
		waits := slices.ContainsFunc(waiting, func(other bridge.Lookup) bool {
			return other.Part != l.Part && (slices.Contains(l.Need, other.Part) || g.mayFill(other, l))
		})
		if waits {
			later = append(later, l)
		} else {
			ready = append(ready, l)
		}
	}
	if len(ready) == 0 {
		return waiting, nil
	}
	return ready, later
}

// mayFill reports whether one lookup may find an id that the event lacks and another
// lookup needs.
func (g *gathering) mayFill(from, asking bridge.Lookup) bool {
	fills := from.Gives()
	return len(fills) > 0 && slices.ContainsFunc(asking.Ways, func(w bridge.Way) bool {
		return slices.ContainsFunc(w.Asks, func(key string) bool {
			return slices.Contains(fills, key) && g.outcome.Event.Entities[key] == ""
		})
	})
}

// wave runs lookups at the same time.
func (g *gathering) wave(ctx context.Context, lookups []bridge.Lookup) {
	known := maps.Clone(g.facts) // a shallow copy, because nothing inside the facts changes
	event := g.outcome.Event
	var wg sync.WaitGroup
	for _, l := range lookups {
		wg.Go(func() { g.add(l.Part, g.look(ctx, l, event, known)) })
	}
	wg.Wait()
}

// finding is the result of a lookup.
type finding struct {
	value      any
	shared     bool // other events are likely to find the same
	calls      []bridge.LookupCall
	err        error
	ids        map[string]string // ids that the webhook left out
	candidates []any             // what the event may be about, if that is ambiguous
	open       bool              // still ambiguous; look up again
	repetition bool
}

// look tries the ways of a lookup in order.
func (g *gathering) look(ctx context.Context, l bridge.Lookup, ev bridge.Event, known bridge.Facts) (f finding) {
	for _, w := range l.Ways {
		if !applies(w.Choose, ev) {
			continue
		}
		path, err := w.Path(known)
		if err != nil {
			f.err = err
			return f
		}
		if path == "" {
			continue
		}
		answer := g.call(ctx, l.Part, path, &f)
		switch {
		case f.err != nil:
			return f
		case w.Choose == nil:
			kind, _ := thing(path)
			f.value, f.shared = answer, kind != ""
		case answer != nil: // a refused list says nothing
			g.choose(ctx, w.Choose, answer, path, ev, known, &f)
		}
		if f.value != nil || f.err != nil || f.open {
			return f
		}
	}
	return f
}

// call requests a path, and notes the call.
func (g *gathering) call(ctx context.Context, part, path string, f *finding) any {
	began := time.Now()
	ctx, span := tracing.Child(ctx, "look up "+part)
	defer span.End()
	r, cached, err := g.ask(ctx, path)
	g.report(span, part, r, cached, err)
	f.calls = append(f.calls, bridge.LookupCall{Part: part, Path: path, Status: r.status, Took: time.Since(began), Cached: cached})
	f.err = err
	return r.value
}

func (g *gathering) add(part string, f finding) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.outcome.Calls = append(g.outcome.Calls, f.calls...)
	if f.err != nil {
		g.outcome.Failed[part] = f.err
		return
	}
	if f.value != nil {
		g.facts[part] = f.value
	}
	if f.shared && f.value != nil {
		g.outcome.Event.Shared = append(g.outcome.Event.Shared, part)
	}
	if len(f.candidates) > 0 {
		g.facts["candidates"] = f.candidates
	}
	if f.open {
		g.unsettled(part)
	}
	g.outcome.Repetition = g.outcome.Repetition || f.repetition
	if len(f.ids) > 0 {
		g.outcome.Event = g.outcome.Event.Infer(f.ids)
		named := bridge.NewFacts(g.outcome.Event)
		g.facts["event"], g.facts["inferred"] = named["event"], named["inferred"]
	}
}

func (g *gathering) unsettled(part string) {
	if !slices.Contains(g.outcome.Unsettled, part) {
		g.outcome.Unsettled = append(g.outcome.Unsettled, part)
	}
}

// mayChange reports whether a later lookup of a part may find something else: Absorb
// answered, or does not know the thing yet. A refused lookup stays refused.
func (g *gathering) mayChange(part string) bool {
	known := false
	for _, c := range g.outcome.Calls {
		switch {
		case c.Part != part:
		case c.Status == http.StatusBadRequest, c.Status == http.StatusUnprocessableEntity:
			return false
		case c.Status == http.StatusOK, c.Status == http.StatusNotFound:
			known = true
		}
	}
	return known && g.outcome.Failed[part] == nil
}
