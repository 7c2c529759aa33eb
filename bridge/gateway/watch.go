package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
)

// lastSpans is how long the spans that are left may take when the process ends.
const lastSpans = 3 * time.Second

// Version says which version of the bridge runs, for those who watch it. It must be
// called before Run.
func (g *Gateway) Version(text string) {
	g.version = text
	g.metrics.Built(text)
}

// observe has the parts report what they do.
func (g *Gateway) observe() {
	g.router.Observe(g.metrics, g.tracer)
	g.intake.Observe(g.metrics, g.tracer)
	g.metrics.Watch(metrics.Live{
		Queues:    g.queues,
		Undecided: g.router.Undecided,
		Leases:    func() int { return len(g.leases.Held()) },
	})
}

// queues are those of the work that this process does. What another one does it tells
// itself.
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

// endTraces exports the spans that are left.
func (g *Gateway) endTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
	defer cancel()
	if err := g.tracer.Close(ctx); err != nil {
		g.log.Warn("traces are incomplete", "err", err)
	}
}
