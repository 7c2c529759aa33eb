package admin

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Problem is something that somebody should look at, and what to do about it.
type Problem struct {
	Bad  bool   `json:"bad"`            // messages do not arrive; false: a warning
	What string `json:"what"`           // what is wrong
	Do   string `json:"do"`             // what to do
	Link string `json:"link,omitempty"` // the page that helps
}

// old is how long something may wait before it is a problem.
const old = 5 * time.Minute

// problems returns what is wrong, the most serious first.
func (svc *Service) problems(o Overview) []Problem {
	all := []Problem{}
	for _, s := range o.Sinks {
		all = append(all, s.problems(o.At)...)
	}
	for _, s := range o.Sources {
		all = append(all, s.problems(o.At)...)
	}
	if r := o.Routing; r.Waiting > 0 && o.At.Sub(r.Oldest) > old {
		all = append(all, Problem{
			Bad:  true,
			What: fmt.Sprintf("%s to be routed, the oldest for %s", count(r.Waiting, "event waits", "events wait"), age(o.At.Sub(r.Oldest))),
			Do:   "If a source has on_failure: hold, they wait for the Integration API. Otherwise the bridge is still working through them.",
			Link: "/events?state=waiting",
		})
	}
	all = append(all, svc.Configured().problems()...)
	slices.SortStableFunc(all, func(a, b Problem) int {
		switch {
		case a.Bad == b.Bad:
			return 0
		case a.Bad:
			return -1
		}
		return 1
	})
	return all
}

func (s SinkView) problems(now time.Time) (all []Problem) {
	add := func(bad bool, what, do, link string) { all = append(all, Problem{bad, what, do, link}) }
	here := "?sink=" + url.QueryEscape(s.Name)
	switch {
	case s.Orphaned:
		add(true, fmt.Sprintf("%s for %s, which is not in the configuration", count(s.Waiting, "message waits", "messages wait"), s.Name),
			"Move them to another sink, or cancel them.", "/deliveries"+here+"&state=pending")
	case s.State == bridge.Broken:
		add(true, s.Name+" is broken: "+s.Words,
			"Fix the destination: if its webhook was removed, create a new one and put its URL into the configuration. Then retry the deliveries; the bridge also tries one every hour.", "/deliveries"+here+"&state=pending")
	case s.State == bridge.Probing:
		add(true, s.Name+" is failing: its last messages did not arrive",
			"The bridge tries one message at growing intervals, and sends the rest when it arrives. Open the deliveries to see the platform's answer.", "/deliveries"+here+"&state=pending")
	case s.State == bridge.Paused && s.Until.Sub(now) > old:
		add(false, s.Name+" pauses because the platform asked for it", "You need not do anything: the bridge continues after the pause.", "/deliveries"+here+"&state=pending")
	case !s.Oldest.IsZero() && now.Sub(s.Oldest) > old:
		add(false, fmt.Sprintf("%s for %s, the oldest for %s", count(s.Waiting, "message waits", "messages wait"), s.Name, age(now.Sub(s.Oldest))),
			"Either there are more messages than the platform's rate limit allows, or some messages fail. Open the deliveries to see the platform's answers.", "/deliveries"+here+"&state=pending")
	}
	if s.Dead > 0 {
		add(false, fmt.Sprintf("%s for %s", count(s.Dead, "dead letter", "dead letters"), s.Name),
			"A message becomes a dead letter if the platform refuses it or it fails for too long. Fix the cause, then retry.", "/dead#"+url.PathEscape(s.Name))
	}
	return all
}

func (s SourceView) problems(now time.Time) (all []Problem) {
	here := "/sources/" + url.PathEscape(s.Name)
	switch {
	case s.Secrets == 0:
		all = append(all, Problem{true, s.Name + " has no secret yet, so the bridge delivers none of its events", "Copy the webhook's Secret Key from the portal into the source's secrets.", here})
	case s.Verified.IsZero():
		all = append(all, Problem{false, "no event of " + s.Name + " has been verified yet", "Follow the source's checklist.", here})
	}
	for _, r := range s.Refused {
		if r.Kind == notVerified && now.Sub(r.Last) < time.Hour {
			all = append(all, Problem{r.Last.After(s.Last), fmt.Sprintf("the bridge could not verify %s to %s", count(r.N, "request", "requests"), s.Path), r.Reason, here})
		}
	}
	if s.API == apiFails {
		all = append(all, Problem{false, "lookups in the Integration API of " + s.Name + " fail: " + s.APIWords, "Depending on on_failure, messages are sent without names, or wait. Check the source's API key, user and password.", here})
	}
	for _, u := range s.Unanswered {
		all = append(all, Problem{false, u.Summary(), u.Remedy(), here})
	}
	return all
}

func (c Configuration) problems() (all []Problem) {
	if len(c.Faults) > 0 {
		all = append(all, Problem{true, "the configuration on disk has " + count(len(c.Faults), "error", "errors") + " and is not in use", "The bridge still uses the previous one. Fix the lines shown.", "/configuration"})
	}
	for _, w := range c.Warnings {
		all = append(all, Problem{false, w, "See the Configuration page.", "/configuration"})
	}
	return all
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// age writes a duration as people say it.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return count(int(d.Seconds()), "second", "seconds")
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour", "hours")
	}
	return count(int(d.Hours()/24), "day", "days")
}

func sorted[V any, K cmp.Ordered](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
