package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source counts what concerns one source of events.
type Source struct {
	m                           *Metrics
	name                        string
	accepted, duplicate         prometheus.Counter
	routed, unrouted, postponed prometheus.Counter
	lookups                     map[Lookup]prometheus.Counter
}

// Lookup is how a question about an event ended.
type Lookup string

// The ends of a question.
const (
	Answered     Lookup = "answered"  // Absorb gave what was asked for
	NotFound     Lookup = "not_found" // Absorb does not know it, may not show it, or does not understand the question
	Cached       Lookup = "cached"    // the bridge knew the answer
	LookupFailed Lookup = failed      // there was no answer
)

// Source gives the counters of a source.
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

// Accepted notes a request whose events are on disk: some new, some duplicates.
func (s *Source) Accepted(fresh, duplicates, bytes int, took time.Duration, trace string) {
	if s == nil {
		return
	}
	s.accepted.Add(float64(fresh))
	s.duplicate.Add(float64(duplicates))
	s.m.body.Observe(float64(bytes))
	observe(s.m.accept, took.Seconds(), trace)
}

// Alike notes events that were not taken because of dedupe.
func (s *Source) Alike(events int) {
	if s != nil && events > 0 {
		s.m.events.WithLabelValues(s.name, "alike").Add(float64(events))
	}
}

// CaughtUp notes events that no webhook told of.
func (s *Source) CaughtUp(events int) {
	if s != nil {
		s.m.events.WithLabelValues(s.name, "caught_up").Add(float64(events))
	}
}

// Tested notes a request that was taken for a test.
func (s *Source) Tested() {
	if s != nil {
		s.m.tests.WithLabelValues(s.name).Inc()
	}
}

// Refused notes a request that was not accepted, by a reason from a closed set.
func (m *Metrics) Refused(source, reason string) {
	if m != nil {
		m.refusals.WithLabelValues(source, reason).Inc()
	}
}

// GaveWay notes a connection that made room for a new one, by its listener and the
// bound that was reached.
func (m *Metrics) GaveWay(listener, bound string) {
	if m != nil {
		m.gaveWay.WithLabelValues(listener, bound).Inc()
	}
}

// Routed notes that an event became some deliveries.
func (s *Source) Routed(deliveries int) {
	switch {
	case s == nil:
	case deliveries == 0:
		s.unrouted.Inc()
	default:
		s.routed.Inc()
	}
}

// Postponed notes that an event waits to be looked up again.
func (s *Source) Postponed() {
	if s != nil {
		s.postponed.Inc()
	}
}

// LookedUp notes how a question about an event ended.
func (s *Source) LookedUp(end Lookup) {
	if s != nil {
		s.lookups[end].Inc()
	}
}

// Called notes a request to the source's Integration API; the status is 0 when no
// answer came.
func (s *Source) Called(status int, took time.Duration) {
	if s == nil {
		return
	}
	s.m.apiCalls.WithLabelValues(s.name, apiOutcome(status)).Inc()
	s.m.apiDuration.WithLabelValues(s.name).Observe(took.Seconds())
}

// apiOutcome puts a status into one of a few words.
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

// LoggedIn notes a login to the source's Integration API.
func (s *Source) LoggedIn(err error) {
	if s != nil {
		s.m.tokens.WithLabelValues(s.name, result(err)).Inc()
	}
}
