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
	// catchUpTick is how often it is looked whether a source is due.
	catchUpTick = time.Second

	// catchUpAgain is how soon a source is asked again that could not be asked.
	catchUpAgain = time.Minute
)

// catchUp asks the sources' APIs for what no webhook told of, at the start and from
// time to time.
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

// pass asks one source, and gives when it is to be asked again.
func (g *Gateway) pass(ctx context.Context, parts *Parts, s config.Source) time.Duration {
	catcher, err := parts.catcher(s, g.store, g.accepted, g.log)
	if err != nil {
		return s.CatchUp.Every // it has no API any more
	}
	began := time.Now()
	r, err := catcher.Pass(ctx)
	if r.Created > 0 {
		g.log.Warn("events were caught up: no webhook had reported them", "source", s.Name, "events", r.Created, "since", r.Since)
	}
	for list, reason := range r.Refused {
		g.log.Warn("what is missing of a list cannot be found: the API refuses it", "source", s.Name, "list", list, "err", reason)
	}
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		g.log.Warn("the source could not be caught up; trying again", "source", s.Name, "err", err)
		return min(s.CatchUp.Every, catchUpAgain)
	case r.Until.Before(began.Add(-s.CatchUp.After - catchUpAgain)):
		return 0 // there is more
	}
	return s.CatchUp.Every
}

// catcher catches up with a source.
func (p *Parts) catcher(s config.Source, st *store.Store, stored func(int), log *slog.Logger) (*catchup.Catcher, error) {
	if s.API == nil {
		return nil, fmt.Errorf("source %s has no api, so there is nobody to ask", s.Name)
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

// catchUpOf does what somebody asks for.
func (p *Parts) catchUpOf(ctx context.Context, r admin.CatchUp, st *store.Store, stored func(int), log *slog.Logger) (catchup.Report, error) {
	i := slices.IndexFunc(p.sources, func(s config.Source) bool { return s.Name == r.Source })
	if i < 0 {
		return catchup.Report{}, &admin.Error{Status: 400, Message: fmt.Sprintf("no source named %q in the configuration", r.Source)}
	}
	catcher, err := p.catcher(p.sources[i], st, stored, log)
	if err != nil {
		return catchup.Report{}, &admin.Error{Status: 400, Message: err.Error()}
	}
	report, err := catcher.Between(ctx, r.Since, r.Until, r.DryRun)
	if err != nil && report.Created > 0 {
		err = fmt.Errorf("%w; %d events were caught up before: run it again to continue", err, report.Created)
	}
	return report, err
}

// unstored are the rules for what is never stored of a source.
func (p *Parts) unstored(s config.Source) redact.Rules {
	return redact.New(slices.Concat(p.redact, s.Redact))
}

// nameless keeps the names of things, and not those of people.
type nameless struct{ *store.Store }

// RememberName keeps a name.
func (n nameless) RememberName(ctx context.Context, source, kind, id, name string) error {
	if kind == "users" {
		return nil
	}
	return n.Store.RememberName(ctx, source, kind, id, name)
}
