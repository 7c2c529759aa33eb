package dispatch

import (
	"path"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Route says which events go to which sinks.
type Route struct {
	Name    string
	Events  []string             // canonical names, or patterns such as "Course*" and "*"
	Sources []string             // names of sources; none means all
	When    *condition.Condition // what must be true of the event's facts, or nil
	To      []string             // names of sinks
}

// Matches tells whether the route is about events of this name and source. Its
// condition needs facts, which are gathered for events that some route matches.
func (r Route) Matches(e bridge.Event) bool { return r.named(e).Named() }

func (r Route) named(e bridge.Event) bridge.Verdict {
	return bridge.Verdict{
		Route:  r.Name,
		Source: len(r.Sources) == 0 || slices.Contains(r.Sources, e.Source),
		Event: slices.ContainsFunc(r.Events, func(pattern string) bool {
			ok, err := path.Match(pattern, e.Type) // event names hold no slash
			return err == nil && ok
		}),
	}
}

// Judge says whether the route takes the event, and why. A condition that cannot
// be decided does not keep an event back.
func (r Route) Judge(e bridge.Event, facts bridge.Facts) bridge.Verdict {
	v := r.named(e)
	if !v.Named() {
		return v
	}
	holds, err := r.When.Holds(facts)
	v.Holds, v.Takes = holds, holds || err != nil
	if r.When != nil {
		v.When = r.When.String()
	}
	if err != nil {
		v.Problem = err.Error()
	}
	return v
}

// Explain says what each route makes of an event and its facts. An event without
// facts was looked up for no route, or not yet.
func Explain(routes []Route, e bridge.Event, facts bridge.Facts) []bridge.Verdict {
	verdicts := make([]bridge.Verdict, len(routes))
	for i, r := range routes {
		verdicts[i] = r.Judge(e, facts)
		if facts == nil && verdicts[i].When != "" {
			verdicts[i].Holds, verdicts[i].Takes, verdicts[i].Problem = false, false, "the event was not looked up, so the condition was not asked"
		}
	}
	return verdicts
}

// matching are the routes that are about events of this name and source.
func matching(routes []Route, e bridge.Event) []Route {
	var all []Route
	for _, r := range routes {
		if r.Matches(e) {
			all = append(all, r)
		}
	}
	return all
}

// targets gives a target for each sink of each route that takes the event. A sink
// that two routes name is sent two messages; one that a route names twice, one.
// The verdicts are those whose condition could not be decided.
func targets(routes []Route, e bridge.Event, facts bridge.Facts) (all []store.Target, undecided []bridge.Verdict) {
	for _, r := range routes {
		v := r.Judge(e, facts)
		if v.Problem != "" {
			undecided = append(undecided, v)
		}
		if !v.Takes {
			continue
		}
		for _, sink := range r.To {
			if t := (store.Target{Route: r.Name, Sink: sink}); !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all, undecided
}
