package gateway

import (
	"context"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/dispatch"
)

// watchEvery is how often the configuration's files are looked at.
const watchEvery = 2 * time.Second

// ReloadFrom says where the configuration comes from, so that Reload, and Run
// when a file has changed, can read it again. It must be called before Run.
func (g *Gateway) ReloadFrom(load func() (*config.Config, error)) { g.load = load }

// Reload reads the configuration again and puts it in the place of the one in
// use: the whole of it, or, if anything is wrong with it, nothing. Requests and
// messages under way end as they began.
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
		g.log.Error("the configuration has faults; the previous one stays in use", "err", err)
		return err
	}
	g.log.Info("the configuration was read again", "sources", len(c.Sources), "sinks", len(c.Sinks), "routes", len(c.Routes))
	return nil
}

// ReloadFor is Reload for something that nobody asked for by the pages or the API, such
// as a signal. The audit trail names it.
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
		g.log.Warn("this setting is used from the next start on", "setting", setting)
	}
	// Whoever is routed to must be there first.
	g.use(c, p)
	g.router.Use(plan)
	g.intake.Use(p.Intake, c.Proxies)
	if c.Admin.Listen == g.started.Admin.Listen { // who may be let in depends on who can reach it
		g.gate.Use(letIn(c))
	}
	g.remind(context.Background(), p)
	return nil
}

// use puts the senders of a configuration in the place of those before.
func (g *Gateway) use(c *config.Config, p *Parts) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.parts != nil { // there are none at the start
		p.keepPaces(g.parts)
	}
	g.config, g.parts, g.senders = c, p, map[string]*dispatch.Sender{}
	for _, name := range p.Order {
		g.senders[name] = dispatch.NewSender(dispatch.SenderConfig{
			Name: name, Of: p.Of[name], Sink: p.Sinks[name], Store: g.store, Compose: p.Composers[name],
			Pace: p.Paces[name], Routes: p.routesTo(name), Bulk: p.bulk(), GiveUp: c.GiveUp, Log: g.log,
			Metrics: g.metrics.Sink(name), Tracer: g.tracer, Parcels: g.parcels,
		})
	}
	types := map[string]string{}
	for _, s := range c.Sinks {
		types[s.Name] = s.Type
	}
	g.metrics.Sinks(types)
	for _, s := range p.Intake {
		g.metrics.Source(s.Name) // so that its counters are there before they count
	}
	g.retire()
	g.startSenders()
}

// watch reloads when a file of the configuration has changed, and stays so for a
// moment: who writes several files is not interrupted.
func (g *Gateway) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	c, _ := g.current()
	used, last := c.Loaded, c.Loaded // what has changed since is seen, too
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
				used = c.Loaded // perhaps of other files than before
			}
		}
		last = now
	}
}

func (g *Gateway) fingerprint() string {
	c, _ := g.current()
	return c.Fingerprint()
}

// current is the configuration in use, and what was made of it.
func (g *Gateway) current() (*config.Config, *Parts) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.config, g.parts
}
