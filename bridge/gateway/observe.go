package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
)

// lastSpans is how long exporting the last spans may take when the process stops.
const lastSpans = 3 * time.Second

// Version sets the version that metrics, traces and pages show. Call it before Run.
func (g *Gateway) Version(text string) {
	g.version = text
	g.metrics.Built(text)
}

// observe connects the parts to the metrics and traces.
func (g *Gateway) observe() {
	g.router.Observe(g.metrics, g.tracer)
	g.intake.Observe(g.metrics, g.tracer)
	g.metrics.Watch(metrics.Live{
		Queues:    g.queues,
		Undecided: g.router.ConditionErrors,
		Leases:    func() int { return len(g.leases.Held()) },
	})
}

// queues returns the work that this process does. Other replicas report their own.
func (g *Gateway) queues(ctx context.Context) (metrics.Queues, error) {
	found := metrics.Queues{Sinks: map[string]metrics.Queue{}}
	held := g.leases.Held()
	if len(held) == 0 {
		return found, nil
	}
	all, err := g.store.Queues(ctx)
	if err != nil {
		return found, err
	}
	for _, work := range held {
		if sink, ok := strings.CutPrefix(work, "sink "); ok {
			found.Sinks[sink] = metrics.Queue(all[sink])
		}
	}
	if !slices.Contains(held, "router") {
		return found, nil
	}
	waiting, oldest, err := g.store.Routing(ctx)
	found.Routing = &metrics.Queue{Waiting: waiting, Oldest: oldest}
	return found, err
}

// endTraces exports the last spans.
func (g *Gateway) endTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
	defer cancel()
	if err := g.tracer.Close(ctx); err != nil {
		g.log.Warn("traces are incomplete", "err", err)
	}
}
