package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sink has the counters of one sink.
type Sink struct {
	m                                *Metrics
	name                             string
	sent, dead                       prometheus.Counter
	digests, digestEvents, unwritten prometheus.Counter
	attempts                         map[string]prometheus.Counter // by outcome
	duration, delay                  prometheus.Observer
}

// Sink returns the counters of a sink.
func (m *Metrics) Sink(name string) *Sink {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sinks[name]; s != nil {
		return s
	}
	s := &Sink{
		m: m, name: name, attempts: map[string]prometheus.Counter{},
		sent: m.deliveries.WithLabelValues(name, "sent"), dead: m.deliveries.WithLabelValues(name, "dead"),
		digests: m.digests.WithLabelValues(name), digestEvents: m.digestEvents.WithLabelValues(name), unwritten: m.templateErrors.WithLabelValues(name),
		duration: m.sendDuration.WithLabelValues(name), delay: m.delay.WithLabelValues(name),
	}
	for _, outcome := range []string{"sent", "temporary", "limited", "rejected", "broken"} {
		s.attempts[outcome] = m.attempts.WithLabelValues(name, outcome)
	}
	m.sinks[name] = s
	return s
}

// Sinks sets the configured sinks: their types, by name.
func (m *Metrics) Sinks(types map[string]string) {
	if m == nil {
		return
	}
	m.sinkInfo.Reset()
	for name, kind := range types {
		m.sinkInfo.WithLabelValues(name, kind).Set(1)
	}
}

// Attempted counts an attempt to send a message, by its outcome.
func (s *Sink) Attempted(outcome string, took time.Duration) {
	if s == nil {
		return
	}
	if c := s.attempts[outcome]; c != nil {
		c.Inc()
	}
	s.duration.Observe(took.Seconds())
}

// Sent counts a delivery that the platform accepted, and the time since the event arrived.
func (s *Sink) Sent(after time.Duration, trace string) {
	if s == nil {
		return
	}
	s.sent.Inc()
	observe(s.delay, after.Seconds(), trace)
}

// Died counts deliveries that became dead letters.
func (s *Sink) Died(n int) {
	if s != nil {
		s.dead.Add(float64(n))
	}
}

// Digested counts a message about several events.
func (s *Sink) Digested(events int) {
	if s == nil {
		return
	}
	s.digests.Inc()
	s.digestEvents.Add(float64(events))
}

// Unwritten counts a message that could not be rendered.
func (s *Sink) Unwritten() {
	if s != nil {
		s.unwritten.Inc()
	}
}

// In sets the state of the sink.
func (s *Sink) In(state string) {
	if s == nil {
		return
	}
	for _, other := range []string{"healthy", "limited", "failing", "probing", "broken"} {
		value := 0.0
		if other == state {
			value = 1
		}
		s.m.sinkState.WithLabelValues(s.name, other).Set(value)
	}
}

// Left removes the state of the sink: this process no longer sends to it.
func (s *Sink) Left() {
	if s != nil {
		s.m.sinkState.DeletePartialMatch(prometheus.Labels{"sink": s.name})
	}
}
