package dispatch

import (
	"path"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Route says which events go to which sinks.
type Route struct {
	Name    string
	Events  []string // canonical names, or patterns such as "Course*" and "*"
	Sources []string // names of sources; none means all
	To      []string // names of sinks
}

// Matches tells whether the route takes the event.
func (r Route) Matches(e bridge.Event) bool {
	if len(r.Sources) > 0 && !slices.Contains(r.Sources, e.Source) {
		return false
	}
	return slices.ContainsFunc(r.Events, func(pattern string) bool {
		ok, err := path.Match(pattern, e.Type) // event names hold no slash
		return err == nil && ok
	})
}

// targets gives a target for each sink of each route that matches. A sink that
// two routes name is sent two messages; one that a route names twice, one.
func targets(routes []Route, e bridge.Event) []store.Target {
	var all []store.Target
	for _, r := range routes {
		if !r.Matches(e) {
			continue
		}
		for _, sink := range r.To {
			if t := (store.Target{Route: r.Name, Sink: sink}); !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}
