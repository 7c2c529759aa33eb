package metrics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// freshFor is how long the counts read from the store are reported again. Reading
	// may take at most one part in share of the time: counting a queue of a million
	// takes a moment.
	freshFor = 15 * time.Second
	share    = 20

	// readWithin bounds how long a scrape waits for the store.
	readWithin = 8 * time.Second
)

// Queue counts the work that waits for a sink or for the router.
type Queue struct {
	Waiting int
	Oldest  time.Time // arrival of the oldest waiting event; zero if none waits
	Dead    int
}

// Queues are the queues that this process works on.
type Queues struct {
	Sinks   map[string]Queue // by sink
	Routing *Queue           // nil if another process routes
}

// Live has the sources of metrics that are read at a scrape.
type Live struct {
	Queues    func(context.Context) (Queues, error) // read from the store
	Undecided func() map[string]int64               // by route
	Leases    func() int                            // held by this process
}

// Watch sets the sources of the live metrics. Before that, none are reported.
func (m *Metrics) Watch(l Live) {
	if m == nil {
		return
	}
	m.live.mu.Lock()
	defer m.live.mu.Unlock()
	m.live.from = l
}

// live collects the metrics that are read at a scrape.
type live struct {
	waiting, oldest, dead    *prometheus.Desc
	unrouted, oldestUnrouted *prometheus.Desc
	undecided, leases        *prometheus.Desc

	mu     sync.Mutex // guards the fields below
	from   Live
	queues Queues
	err    error
	again  time.Time // when to read the queues again
}

func newLive(m *Metrics) *live {
	desc := func(kind, name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(m.note(kind, name, help, labels), help, labels, nil)
	}
	return &live{
		waiting:        desc("gauge", "queue_deliveries", "Waiting deliveries, for each sink that this process sends to.", "sink"),
		oldest:         desc("gauge", "queue_oldest_age_seconds", "Age of the oldest event waiting for the sink, or 0.", "sink"),
		dead:           desc("gauge", "dead_letters", "Stored dead letters, for each sink that this process sends to.", "sink"),
		unrouted:       desc("gauge", "routing_queue_events", "Events waiting to be routed, reported by the process that routes."),
		oldestUnrouted: desc("gauge", "routing_queue_oldest_age_seconds", "Age of the oldest event waiting to be routed, or 0."),
		undecided:      desc("counter", "undecided_conditions_total", "Conditions that could not be evaluated; the event was delivered anyway.", "route"),
		leases:         desc("gauge", "leases_held", "Leases that this process owns: routing, and sinks or groups of sinks that share a quota."),
	}
}

// Describe lists the live metrics.
func (l *live) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.waiting, l.oldest, l.dead, l.unrouted, l.oldestUnrouted, l.undecided, l.leases} {
		to <- d
	}
}

// Collect reads the live metrics.
func (l *live) Collect(to chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from.Queues == nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(l.leases, float64(l.from.Leases()))
	for route, n := range l.from.Undecided() {
		to <- prometheus.MustNewConstMetric(l.undecided, prometheus.CounterValue, float64(n), route)
	}
	l.read()
	if l.err != nil {
		to <- prometheus.NewInvalidMetric(l.waiting, fmt.Errorf("read the queues: %w", l.err))
		return
	}
	for sink, q := range l.queues.Sinks {
		gauge(l.waiting, float64(q.Waiting), sink)
		gauge(l.oldest, q.age(), sink)
		gauge(l.dead, float64(q.Dead), sink)
	}
	if q := l.queues.Routing; q != nil {
		gauge(l.unrouted, float64(q.Waiting))
		gauge(l.oldestUnrouted, q.age())
	}
}

func (q Queue) age() float64 {
	if q.Oldest.IsZero() {
		return 0
	}
	return max(0, time.Since(q.Oldest).Seconds())
}

// read reads the queues if the last counts are too old. The caller holds mu.
func (l *live) read() {
	began := time.Now()
	if began.Before(l.again) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	l.queues, l.err = l.from.Queues(ctx)
	l.again = time.Now().Add(max(freshFor, share*time.Since(began)))
}
