package dispatch

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Route says which events go to which sinks.
type Route struct {
	Name    string
	Events  []string             // canonical names, or patterns such as "Course*" and "*"
	Sources []string             // names of sources; empty means all
	When    *condition.Condition // the condition, or nil
	To      []string             // names of sinks
	Digest  *Digest              // how its events are collected; nil: only bursts of bulk types
	Story   bool                 // whether events of one learner in one transaction become one message
	Quiet   *schedule.Quiet      // quiet hours, or nil
	Thread  *Thread              // which messages share a thread, or nil
	Update  *Update              // which message replaces an earlier one, or nil
}

// Thread says which messages share a thread.
type Thread struct {
	By *condition.Key // nil: the template decides
}

func (t *Thread) by() *condition.Key {
	if t == nil {
		return nil
	}
	return t.By
}

// Update says which message replaces an earlier one.
type Update struct {
	By     *condition.Key
	Within time.Duration // older messages are not replaced
}

func (u *Update) by() *condition.Key {
	if u == nil {
		return nil
	}
	return u.By
}

// Expressions returns the expressions of the route, one per line.
func (r Route) Expressions() string {
	var all []string
	if r.When != nil {
		all = append(all, r.When.String())
	}
	for _, by := range []*condition.Key{r.Digest.by(), r.Thread.by(), r.Update.by()} {
		if by != nil {
			all = append(all, by.String())
		}
	}
	return strings.Join(all, "\n")
}

// Matches reports whether the route accepts events of this type and source. Its condition is
// evaluated later: it needs facts, which are only looked up if a route matches.
func (r Route) Matches(e bridge.Event) bool { return r.matchNames(e).Named() }

func (r Route) matchNames(e bridge.Event) bridge.Verdict {
	return bridge.Verdict{
		Route:  r.Name,
		Source: len(r.Sources) == 0 || slices.Contains(r.Sources, e.Source),
		Event: slices.ContainsFunc(r.Events, func(pattern string) bool {
			ok, err := path.Match(pattern, e.Type) // event names contain no slash
			return err == nil && ok
		}),
	}
}

// Judge reports whether the route takes the event, and why. If the condition cannot be
// evaluated, the route takes the event.
func (r Route) Judge(e bridge.Event, facts bridge.Facts) bridge.Verdict {
	v := r.matchNames(e)
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

// Explain returns the verdict of each route about an event and its facts. An event without
// facts was looked up for no route, or not yet.
func Explain(routes []Route, e bridge.Event, facts bridge.Facts) []bridge.Verdict {
	verdicts := make([]bridge.Verdict, len(routes))
	for i, r := range routes {
		verdicts[i] = r.Judge(e, facts)
		if facts == nil && verdicts[i].When != "" {
			verdicts[i].Holds, verdicts[i].Takes, verdicts[i].Problem = false, false, "the event was not looked up, so the condition was not evaluated"
		}
	}
	return verdicts
}

// matchingRoutes returns the routes that accept events of this type and source.
func matchingRoutes(routes []Route, e bridge.Event) []Route {
	var all []Route
	for _, r := range routes {
		if r.Matches(e) {
			all = append(all, r)
		}
	}
	return all
}

// targets returns a target for each sink of each route that takes the event. If two routes
// name a sink, it gets two messages; if one route names it twice, it gets one. The failed
// verdicts are those whose condition or key could not be evaluated.
func (p *Plan) targets(routes []Route, e bridge.Event, facts bridge.Facts, now time.Time) (all []store.Target, failed []bridge.Verdict) {
	template := p.Templates.Template(e.Type)
	for _, r := range routes {
		v := r.Judge(e, facts)
		if v.Problem != "" {
			failed = append(failed, v)
		}
		if !v.Takes {
			continue
		}
		join, gather, err := r.parcelFor(e, facts, template, now)
		if err != nil {
			v.Problem = err.Error()
			failed = append(failed, v)
		}
		for i, sink := range r.To {
			t := store.Target{Route: r.Name, Sink: sink, Join: join, Gather: gather}
			if p.Verbatim[sink] {
				t.Join, t.Gather = "", store.Gather{}
			}
			if !slices.Contains(r.To[:i], sink) {
				all = append(all, t)
			}
		}
	}
	return all, failed
}
