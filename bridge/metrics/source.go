package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source has the counters of one source of events.
type Source struct {
	m                           *Metrics
	name                        string
	accepted, duplicate         prometheus.Counter
	routed, unrouted, postponed prometheus.Counter
	lookups                     map[Lookup]prometheus.Counter
}

// Lookup is the result of a lookup.
type Lookup string

// The results of a lookup.
const (
	Answered     Lookup = "answered"  // Absorb gave an answer
	NotFound     Lookup = "not_found" // Absorb does not know the id, does not allow the lookup, or rejects it
	Cached       Lookup = "cached"    // the cache had the answer
	LookupFailed Lookup = failed      // there was no answer
)

// Source returns the counters of a source.
func (m *Metrics) Source(name string) *Source {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sources[name]; s != nil {
		return s
	}
	s := &Source{
		m: m, name: name,
		accepted: m.events.WithLabelValues(name, "accepted"), duplicate: m.events.WithLabelValues(name, "duplicate"),
		routed: m.routed.WithLabelValues(name, "routed"), unrouted: m.routed.WithLabelValues(name, "unrouted"), postponed: m.routed.WithLabelValues(name, "postponed"),
		lookups: map[Lookup]prometheus.Counter{},
	}
	for _, end := range []Lookup{Answered, NotFound, Cached, LookupFailed} {
		s.lookups[end] = m.lookups.WithLabelValues(name, string(end))
	}
	m.sources[name] = s
	return s
}

// Accepted counts a request whose events are on disk, new ones and duplicates.
func (s *Source) Accepted(fresh, duplicates, bytes int, took time.Duration, trace string) {
	if s == nil {
		return
	}
	s.accepted.Add(float64(fresh))
	s.duplicate.Add(float64(duplicates))
	s.m.body.Observe(float64(bytes))
	observe(s.m.accept, took.Seconds(), trace)
}

// Alike counts events that were not accepted because of dedupe.
func (s *Source) Alike(events int) {
	if s != nil && events > 0 {
		s.m.events.WithLabelValues(s.name, "alike").Add(float64(events))
	}
}

// CaughtUp counts events that catch-up created.
func (s *Source) CaughtUp(events int) {
	if s != nil {
		s.m.events.WithLabelValues(s.name, "caught_up").Add(float64(events))
	}
}

// Tested counts a request that was treated as a test.
func (s *Source) Tested() {
	if s != nil {
		s.m.tests.WithLabelValues(s.name).Inc()
	}
}

// Refused counts a request that was not accepted, by a reason from a fixed list.
func (m *Metrics) Refused(source, reason string) {
	if m != nil {
		m.refusals.WithLabelValues(source, reason).Inc()
	}
}

// GaveWay counts a connection that was closed to make room for a new one, by its listener
// and the limit that was reached.
func (m *Metrics) GaveWay(listener, bound string) {
	if m != nil {
		m.gaveWay.WithLabelValues(listener, bound).Inc()
	}
}

// Routed counts an event by the number of its deliveries.
func (s *Source) Routed(deliveries int) {
	switch {
	case s == nil:
	case deliveries == 0:
		s.unrouted.Inc()
	default:
		s.routed.Inc()
	}
}

// Postponed counts an event whose lookup will be retried.
func (s *Source) Postponed() {
	if s != nil {
		s.postponed.Inc()
	}
}

// LookedUp counts the result of a lookup.
func (s *Source) LookedUp(end Lookup) {
	if s != nil {
		s.lookups[end].Inc()
	}
}

// Called counts a request to the source's Integration API. The status is 0 if there was
// no answer.
func (s *Source) Called(status int, took time.Duration) {
	if s == nil {
		return
	}
	s.m.apiCalls.WithLabelValues(s.name, apiOutcome(status)).Inc()
	s.m.apiDuration.WithLabelValues(s.name).Observe(took.Seconds())
}

// apiOutcome maps a status to the value of a label.
func apiOutcome(status int) string {
	switch {
	case status == 0:
		return "no_answer"
	case status == http.StatusOK:
		return ok
	case status == http.StatusUnauthorized:
		return "unauthorized"
	case status == http.StatusForbidden:
		return "forbidden"
	case status == http.StatusNotFound:
		return "not_found"
	case status == http.StatusTooManyRequests:
		return "limited"
	case status >= http.StatusInternalServerError:
		return "server_error"
	}
	return "refused"
}

// LoggedIn counts a login to the source's Integration API.
func (s *Source) LoggedIn(err error) {
	if s != nil {
		s.m.tokens.WithLabelValues(s.name, result(err)).Inc()
	}
}
