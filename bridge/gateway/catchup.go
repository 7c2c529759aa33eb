package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/redact"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// catchUpTick is how often the bridge checks whether a source is due.
	catchUpTick = time.Second

	// catchUpAgain is the pause after a source could not be asked.
	catchUpAgain = time.Minute
)

// catchUp asks the sources' APIs, at the start and regularly, for events whose webhooks
// did not arrive.
func (g *Gateway) catchUp(ctx context.Context) error {
	due := map[string]time.Time{}
	for {
		c, parts := g.current()
		for _, s := range c.Sources {
			if s.CatchUp != nil && !time.Now().Before(due[s.Name]) && ctx.Err() == nil {
				due[s.Name] = time.Now().Add(g.pass(ctx, parts, s))
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(catchUpTick):
		}
	}
}

// pass catches up with one source, and returns the time until the next pass.
func (g *Gateway) pass(ctx context.Context, parts *Parts, s config.Source) time.Duration {
	catcher, err := parts.catcher(s, g.store, g.accepted, g.log)
	if err != nil {
		return s.CatchUp.Every // its API was removed from the configuration
	}
	began := time.Now()
	r, err := catcher.Pass(ctx)
	if r.Created > 0 {
		g.log.Warn("created events whose webhooks did not arrive", "source", s.Name, "events", r.Created, "since", r.Since)
	}
	for list, reason := range r.Refused {
		g.log.Warn("catch-up cannot read a list: the API refuses it", "source", s.Name, "list", list, "err", reason)
	}
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		g.log.Warn("cannot catch up with the source; trying again", "source", s.Name, "err", err)
		return min(s.CatchUp.Every, catchUpAgain)
	case r.Until.Before(began.Add(-s.CatchUp.After - catchUpAgain)):
		return 0 // there is more
	}
	return s.CatchUp.Every
}

// catcher returns what catches up with a source.
func (p *Parts) catcher(s config.Source, st *store.Store, stored func(int), log *slog.Logger) (*catchup.Catcher, error) {
	if s.API == nil {
		return nil, fmt.Errorf("source %s has no Integration API; add an api block to it", s.Name)
	}
	c, err := p.client(s.Name, *s.API, st)
	if err != nil {
		return nil, fmt.Errorf("sources.%s.api: %w", s.Name, err)
	}
	return catchup.New(catchup.Options{
		Source: s.Name, Client: c.client, Store: st, Events: s.Asked.Events, Window: s.Asked.Window, After: s.Asked.After,
		Keep: p.unstored(s).Body, Log: log,
	}, func(n int) {
		p.metrics.Source(s.Name).CaughtUp(n)
		stored(n)
	}), nil
}

// catchUpOf runs a catch-up that somebody asked for.
func (p *Parts) catchUpOf(ctx context.Context, r admin.CatchUp, st *store.Store, stored func(int), log *slog.Logger) (catchup.Report, error) {
	i := slices.IndexFunc(p.sources, func(s config.Source) bool { return s.Name == r.Source })
	if i < 0 {
		return catchup.Report{}, &admin.Error{Status: 400, Message: fmt.Sprintf("there is no source %q in the configuration", r.Source)}
	}
	catcher, err := p.catcher(p.sources[i], st, stored, log)
	if err != nil {
		return catchup.Report{}, &admin.Error{Status: 400, Message: err.Error()}
	}
	report, err := catcher.Between(ctx, r.Since, r.Until, r.DryRun)
	if err != nil && report.Created > 0 {
		err = fmt.Errorf("%w; %d events were created before that; run it again to continue", err, report.Created)
	}
	return report, err
}

// unstored returns the rules for the facts of a source that are never stored.
func (p *Parts) unstored(s config.Source) redact.Rules {
	return redact.New(slices.Concat(p.redact, s.Redact))
}

// nameless stores the names of things, but not of people.
type nameless struct{ *store.Store }

// RememberName stores a thing's name.
func (n nameless) RememberName(ctx context.Context, source, kind, id, name string) error {
	if kind == "users" {
		return nil
	}
	return n.Store.RememberName(ctx, source, kind, id, name)
}
