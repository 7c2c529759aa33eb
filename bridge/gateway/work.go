package gateway

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
	"github.com/absorb-bridge/absorb-bridge/bridge/lease"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// startSenders starts the present senders, if the gateway runs. Leases make sure that
// the previous ones stop first. The caller holds mu.
func (g *Gateway) startSenders() {
	if g.group == nil {
		return
	}
	ctx, cancel := context.WithCancel(g.ctx)
	g.retire = cancel
	together := map[string][]*dispatch.Sender{}
	for name, s := range g.senders {
		s.Lifetime = g.ctx
		bucket := g.parts.Limiters[name].Name
		together[bucket] = append(together[bucket], s)
	}
	for bucket, senders := range together {
		g.group.Go(func() error {
			return g.leases.Hold(ctx, bucket, func(ctx context.Context, l *lease.Lease) error { return g.send(ctx, l, bucket, senders) })
		})
	}
}

// send runs the senders that share a limiter, while this process has its lease. Each
// sink also has a lease of its own: while replicas switch to a changed configuration,
// they may disagree about which sinks share a limiter.
func (g *Gateway) send(ctx context.Context, l *lease.Lease, bucket string, senders []*dispatch.Sender) error {
	var all errgroup.Group
	for _, s := range senders {
		all.Go(func() error {
			if own := "sink " + s.Name; own != bucket {
				return g.leases.HoldWith(ctx, l, own, s.Run)
			}
			return s.Run(ctx, l)
		})
	}
	return all.Wait()
}

// begin starts the senders; those of later configurations start with it, too, until the
// context ends.
func (g *Gateway) begin(ctx context.Context, group *errgroup.Group) (sinks int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ctx, g.group = ctx, group
	g.startSenders()
	group.Go(func() error {
		<-ctx.Done()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.group = nil // start nothing more
		return nil
	})
	return len(g.senders)
}

// lead does what one replica does for all: the one with the router's lease.
func (g *Gateway) lead(ctx context.Context, l *lease.Lease) error {
	var all errgroup.Group
	all.Go(func() error { return g.router.Run(ctx, l) })
	all.Go(func() error { return g.sweep(ctx) })
	all.Go(func() error { return g.catchUp(ctx) })
	return all.Wait()
}

// sweepEvery is how often old events are deleted.
const sweepEvery = 10 * time.Minute

func (g *Gateway) sweep(ctx context.Context) error {
	for {
		c, _ := g.current()
		now := time.Now()
		own := map[string]store.Retention{}
		for _, s := range c.Sources {
			if s.Keep+s.KeepDead > 0 {
				own[s.Name] = retention(now, cmp.Or(s.Keep, c.Keep), cmp.Or(s.KeepDead, c.KeepDead))
			}
		}
		gone, err := g.store.Sweep(ctx, retention(now, c.Keep, c.KeepDead), own)
		switch {
		case err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled):
			g.log.Warn("cannot delete old events; trying again later", "err", err)
		case gone > 0:
			g.log.Info("deleted old events", "events", gone)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(sweepEvery):
		}
	}
}

func retention(now time.Time, keep, dead time.Duration) store.Retention {
	return store.Retention{Done: now.Add(-keep), Dead: now.Add(-max(keep, dead))}
}

// accepted wakes the router, here or in another replica.
func (g *Gateway) accepted(n int) {
	g.router.Accepted(n)
	if !g.leases.Has("router") {
		g.store.Tell(store.TopicEvents)
	}
}

// wake wakes a sink's sender, here or in another replica.
func (g *Gateway) wake(sink string) {
	g.wakeHere(sink)
	if !g.leases.Has("sink " + sink) {
		g.store.Tell(store.TopicSink + sink)
	}
}

// wakeHere does nothing for a removed sink.
func (g *Gateway) wakeHere(sink string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.senders[sink]; s != nil {
		s.Wake()
	}
}

// heard handles a notification from another replica.
func (g *Gateway) heard(topic string) {
	fixed := topic == store.TopicMended
	all := fixed || topic == store.TopicAll
	if all || topic == store.TopicEvents {
		g.router.Accepted(0)
	}
	if all || topic == store.TopicLeases {
		g.leases.Wake()
	}
	if all || topic == store.TopicSources {
		g.refreshWindows()
	}
	if sink, ok := strings.CutPrefix(topic, store.TopicSink); ok {
		g.wakeHere(sink)
	}
	if all {
		g.wakeAllHere(fixed)
	}
}

// wakeAllHere wakes all senders. If somebody may have fixed something, it also makes
// the failing sinks try again.
func (g *Gateway) wakeAllHere(fixed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.senders {
		if fixed {
			s.Retry()
		} else {
			s.Wake()
		}
	}
}

// refreshEvery is how often the test windows are read without a notification.
const refreshEvery = 10 * time.Second

func (g *Gateway) refreshWindows() {
	ctx, cancel := context.WithTimeout(context.Background(), refreshEvery)
	defer cancel()
	if err := g.tests.Refresh(ctx); err != nil {
		g.log.Warn("cannot read the test windows", "err", err)
	}
}

// followWindows refreshes the test windows in case a notification is lost.
func (g *Gateway) followWindows(ctx context.Context) error {
	if !g.store.Shared() {
		return nil
	}
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			g.refreshWindows()
		}
	}
}
