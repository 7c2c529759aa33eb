package gateway

import (
	"context"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
)

// watchEvery is how often the bridge checks the configuration's files.
const watchEvery = 2 * time.Second

// ReloadFrom sets where Reload, and Run after a file has changed, read the
// configuration. Call it before Run.
func (g *Gateway) ReloadFrom(load func() (*config.Config, error)) { g.load = load }

// Reload reads the configuration again. If it is valid it replaces the present one,
// otherwise nothing changes. Running requests and messages end as they began.
func (g *Gateway) Reload() error {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	c, err := g.load()
	if err == nil {
		err = g.apply(c)
	}
	g.tried(err)
	g.metrics.Reloaded(err)
	if err != nil {
		g.log.Error("the new configuration has errors; the bridge still uses the previous one", "err", err)
		return err
	}
	g.log.Info("reloaded the configuration", "sources", len(c.Sources), "sinks", len(c.Sinks), "routes", len(c.Routes))
	return nil
}

// ReloadFor is Reload for a cause other than the pages or the API, such as a signal.
// The audit trail names the cause.
func (g *Gateway) ReloadFor(cause string) error {
	err := g.Reload()
	g.noted(context.Background(), cause, "reload", admin.ReloadOutcome(err), 1)
	return err
}

func (g *Gateway) apply(c *config.Config) error {
	p, err := Build(c)
	if err != nil {
		return err
	}
	_, old := g.current()
	p.keepClients(old)
	p.metrics = g.metrics
	plan, err := p.plan(g.store)
	if err != nil {
		return err
	}
	if err := useKeys(context.Background(), g.store, c, g.log); err != nil {
		return err
	}
	for _, setting := range g.later(c) {
		g.log.Warn("a changed setting takes effect only after a restart", "setting", setting)
	}
	// Senders must exist before something is routed to them.
	g.use(c, p)
	g.router.Use(plan)
	g.intake.Use(p.Intake, c.Proxies)
	if c.Admin.Listen == g.started.Admin.Listen { // admin.listen decides whether a token is needed
		g.gate.Use(letIn(c))
	}
	g.remind(context.Background(), p)
	return nil
}

// use replaces the senders by those of a configuration.
func (g *Gateway) use(c *config.Config, p *Parts) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.parts != nil { // there are none at the start
		p.keepLimiters(g.parts)
	}
	g.config, g.parts, g.senders = c, p, map[string]*dispatch.Sender{}
	for _, name := range p.Order {
		g.senders[name] = dispatch.NewSender(dispatch.SenderConfig{
			Name: name, Settings: p.Settings[name], Sink: p.Sinks[name], Store: g.store, Composer: p.Composers[name],
			Limiter: p.Limiters[name], Routes: p.routesTo(name), BulkTypes: p.bulk(), GiveUp: c.GiveUp, Log: g.log,
			Metrics: g.metrics.Sink(name), Tracer: g.tracer, ParcelSlots: g.parcels,
		})
	}
	types := map[string]string{}
	for _, s := range c.Sinks {
		types[s.Name] = s.Type
	}
	g.metrics.Sinks(types)
	for _, s := range p.Intake {
		g.metrics.Source(s.Name) // create the counters before they count
	}
	g.retire()
	g.startSenders()
}

// watch reloads when a file of the configuration has changed and then stays the same
// for a moment, because somebody may be writing several files.
func (g *Gateway) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	c, _ := g.current()
	used, last := c.Loaded, c.Loaded // this also sees changes since then
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := g.fingerprint()
		if now != used && now == last {
			used = now
			if err := g.ReloadFor("a changed file"); err == nil {
				c, _ := g.current()
				used = c.Loaded // it may consist of other files
			}
		}
		last = now
	}
}

func (g *Gateway) fingerprint() string {
	c, _ := g.current()
	return c.Fingerprint()
}

// current returns the configuration in use, and its parts.
func (g *Gateway) current() (*config.Config, *Parts) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.config, g.parts
}
