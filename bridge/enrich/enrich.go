// Package enrich finds out what an event is about: it asks Absorb's Integration
// API the questions that the event's template names, and gathers the answers as
// facts.
package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// defaultCacheFor is how long an answer about a thing that changes rarely is
// good.
const defaultCacheFor = 10 * time.Minute

// Names keeps the last known names of things, for the time when they are deleted
// and cannot be looked up.
type Names interface {
	RememberName(ctx context.Context, source, kind, id, name string) error
	Name(ctx context.Context, source, kind, id string) (string, error) // "" when unknown
}

// Options is what an Enricher is made of.
type Options struct {
	Source   string         // the source's name
	Client   *absorb.Client // nil: nothing is looked up
	Names    Names          // nil: no names are kept
	Portal   string         // base URL of the portal, for links, or ""
	CacheFor time.Duration  // of people, courses, departments and the like; default 10 min
	Metrics  *metrics.Source
}

// Enricher looks up the events of one source. It may be used by many goroutines.
type Enricher struct {
	Options
	cache  cache
	flight singleflight.Group
}

// New makes an enricher.
func New(o Options) *Enricher {
	if o.CacheFor <= 0 {
		o.CacheFor = defaultCacheFor
	}
	return &Enricher{Options: o, cache: newCache()}
}

// Outcome says how far the facts can be trusted to be whole.
type Outcome struct {
	Unsettled []string         // parts whose answer contradicts the event: ask again later
	Failed    map[string]error // parts that could not be asked for now
	Calls     []bridge.Call    // what was asked, in no order
}

// Trace is the outcome as it is kept.
func (o Outcome) Trace() bridge.Trace {
	t := bridge.Trace{Calls: o.Calls, Differs: o.Unsettled}
	for part, err := range o.Failed {
		if t.Failed == nil {
			t.Failed = map[string]string{}
		}
		t.Failed[part] = words(err)
	}
	return t
}

// words are an error's, without what Absorb says: it may name people.
func words(err error) string {
	if code := status(err); code != 0 {
		return fmt.Sprintf("answered %d", code)
	}
	return bridge.CleanLine(fmt.Sprintf("%.200s", err.Error()))
}

// Facts gathers what is known of an event. Each part whose lookup has no answer
// is missing; nothing here fails as a whole.
func (e *Enricher) Facts(ctx context.Context, ev bridge.Event, lookups []bridge.Lookup) (bridge.Facts, Outcome) {
	g := &gathering{Enricher: e, facts: bridge.NewFacts(ev), outcome: Outcome{Failed: map[string]error{}}}
	if e.Portal != "" {
		g.facts["portal"] = e.Portal
	}
	if e.Client == nil {
		return g.facts, g.outcome
	}
	for waiting := lookups; len(waiting) > 0; {
		ready, later := split(waiting)
		g.wave(ctx, ready)
		waiting = later
	}
	for _, l := range lookups {
		if l.Settled != nil && g.answered(l.Part) && !l.Settled(g.facts) {
			g.outcome.Unsettled = append(g.outcome.Unsettled, l.Part)
		}
	}
	return g.facts, g.outcome
}

// split takes out the lookups that need none of the others. Templates are
// checked for circles when they are loaded; should one get here, it is asked as
// it stands rather than never.
func split(waiting []bridge.Lookup) (ready, later []bridge.Lookup) {
	open := map[string]bool{}
	for _, l := range waiting {
		open[l.Part] = true
	}
	for _, l := range waiting {
		needs := false
		for _, part := range l.Need {
			needs = needs || open[part]
		}
		if needs {
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

// gathering is the state of one event's lookups.
type gathering struct {
	*Enricher
	mu      sync.Mutex // guards facts and outcome while a wave runs
	facts   bridge.Facts
	outcome Outcome
}

// wave asks the lookups that are ready, at the same time.
func (g *gathering) wave(ctx context.Context, lookups []bridge.Lookup) {
	paths := map[string]string{}
	for _, l := range lookups { // before any answer is added: the facts do not change below a template
		path, err := l.Path(g.facts)
		if err != nil {
			g.outcome.Failed[l.Part] = err
		} else if path != "" {
			paths[l.Part] = path
		}
	}
	var wg sync.WaitGroup
	for part, path := range paths {
		wg.Go(func() {
			began := time.Now()
			ctx, span := tracing.Child(ctx, "look up "+part)
			defer span.End()
			answer, cached, err := g.ask(ctx, path)
			g.report(span, part, cached, err)
			g.add(bridge.Call{Part: part, Path: path, Status: status(err), Took: time.Since(began), Cached: cached}, answer, err)
		})
	}
	wg.Wait()
}

func (g *gathering) add(call bridge.Call, answer any, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.outcome.Calls = append(g.outcome.Calls, call)
	if err != nil {
		g.outcome.Failed[call.Part] = err
		return
	}
	if answer != nil {
		g.facts[call.Part] = answer
	}
}

// answered tells whether Absorb was asked for a part and said something, be it
// that there is none yet.
func (g *gathering) answered(part string) bool {
	asked := slices.ContainsFunc(g.outcome.Calls, func(c bridge.Call) bool { return c.Part == part })
	return asked && g.outcome.Failed[part] == nil
}

func status(err error) int {
	if err == nil {
		return 200
	}
	if e, ok := errors.AsType[*absorb.APIError](err); ok {
		return e.Status
	}
	return 0
}

// ask gives the answer to one path: from the cache, from a request that another
// event made just now, or from Absorb. Nil without an error means that Absorb
// knows no such thing, or does not let us see it.
func (e *Enricher) ask(ctx context.Context, path string) (answer any, cached bool, err error) {
	if a, ok := e.cache.get(path); ok {
		return a, true, nil
	}
	// The first to ask asks for all: its end must not end the others' question.
	result := e.flight.DoChan(path, func() (any, error) { return e.fetch(context.WithoutCancel(ctx), path) })
	select {
	case r := <-result:
		return r.Val, false, r.Err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

func (e *Enricher) fetch(ctx context.Context, path string) (any, error) {
	if a, ok := e.cache.get(path); ok {
		return a, nil // another request ended between the look into the cache and this one
	}
	kind, id := thing(path)
	answer, err := e.Client.Get(ctx, path)
	answer = withoutEntrance(answer)
	switch {
	case absorb.NotFound(err):
		answer = e.lastKnown(ctx, kind, id)
		e.cache.put(path, answer, missingFor)
		return answer, nil
	case absorb.Forbidden(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if kind != "" {
		e.remember(ctx, kind, id, answer)
		e.cache.put(path, answer, e.CacheFor)
	}
	return answer, nil
}

// thing splits the path of a thing that changes rarely and has a name,
// "/courses/{id}", into its kind and id. Other paths have none.
func thing(path string) (kind, id string) {
	kind, id, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || strings.ContainsAny(id, "/?") {
		return "", ""
	}
	switch kind {
	case "users", "courses", "departments", "groups", "categories", "roles", "instructor-led-course-sessions":
		return kind, id
	}
	return "", ""
}

// remember keeps a thing's name, unless it is the one that was kept last.
func (e *Enricher) remember(ctx context.Context, kind, id string, answer any) {
	name := nameOf(answer)
	if e.Names == nil || name == "" || !e.cache.nameChanged(kind+"/"+id, name) {
		return
	}
	// A name that could not be kept is asked for again with the thing.
	_ = e.Names.RememberName(ctx, e.Source, kind, id, name)
}

// lastKnown stands for a thing that is gone: its id and its last known name, as
// a part of the facts. It is nil when the name was never seen.
func (e *Enricher) lastKnown(ctx context.Context, kind, id string) any {
	if e.Names == nil || kind == "" {
		return nil
	}
	name, err := e.Names.Name(ctx, e.Source, kind, id)
	if err != nil || name == "" {
		return nil
	}
	return map[string]any{"id": id, "name": name, "lastKnown": true}
}

// nameOf is how a thing is called: a person by first and last name.
func nameOf(answer any) string {
	object, ok := answer.(map[string]any)
	if !ok {
		return ""
	}
	text := func(key string) string {
		switch v := object[key].(type) {
		case string:
			return v
		case json.Number:
			return fmt.Sprint(v)
		}
		return ""
	}
	if name := strings.TrimSpace(text("name")); name != "" {
		return bridge.CleanLine(name)
	}
	return bridge.CleanLine(text("firstName") + " " + text("lastName"))
}
