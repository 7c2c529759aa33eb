// Package catchup finds events whose webhooks did not arrive, for example because the
// bridge was down. It lists what happened with Absorb's Integration API, and stores the
// events that are missing; it does not route or send them.
package catchup

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// overlap is how much of the previous pass's time a pass checks again, because the
	// API may list something late.
	overlap = 30 * time.Minute

	// together is how many events one transaction stores.
	together = 100
)

// Options configures the catch-up of a source.
type Options struct {
	Source string // the source's name
	Client *absorb.Client
	Store  *store.Store
	Events []string      // canonical types; none: those that webhooks have brought
	Window time.Duration // how far back Pass looks
	After  time.Duration // how much of the present to leave to the webhooks
	Keep   func(raw []byte) []byte
	Log    *slog.Logger
}

// Catcher catches up with one source.
type Catcher struct {
	Options
	stored func(n int)
}

// New returns a catcher, which calls stored after it has stored n new events.
func New(o Options, stored func(n int)) *Catcher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Catcher{o, stored}
}

// Report is the result of a catch-up.
type Report struct {
	Source  string            `json:"source"`
	Since   time.Time         `json:"since"`
	Until   time.Time         `json:"until"`
	Events  []string          `json:"events"`            // the event types that were listed
	Listed  int               `json:"listed"`            // how many events the API lists
	Missing []Missing         `json:"missing"`           // events whose webhook did not arrive
	Created int               `json:"created"`           // how many of them were stored
	Refused map[string]string `json:"refused,omitempty"` // lists that the API refuses, and why
}

// Missing is an event whose webhook did not arrive.
type Missing struct {
	Event    string            `json:"event"`
	At       time.Time         `json:"at"`
	User     string            `json:"user,omitempty"`
	Entities map[string]string `json:"entities,omitempty"`
}

// progress is what the next pass needs; the store keeps it.
type progress struct {
	Kinds   store.Kinds          `json:"kinds"`
	Cursors map[string]time.Time `json:"cursors"` // the time up to which nothing is missing, by list
}

// Pass checks what happened since the previous pass, or since the last event from a
// webhook, and stores what is missing. If it is interrupted, the next pass continues
// from there.
func (c *Catcher) Pass(ctx context.Context) (Report, error) {
	p, err := c.load(ctx)
	if err != nil {
		return Report{}, err
	}
	until := time.Now().UTC().Add(-c.After)
	if err := c.begin(ctx, &p, until); err != nil {
		return Report{}, err
	}
	g := c.gathering(p, until)
	for list, cursor := range p.Cursors {
		g.since[list] = later(cursor.Add(-overlap), until.Add(-c.Window))
	}
	if err := g.gather(ctx); err != nil {
		return g.report(c.Source), err
	}
	r := g.report(c.Source)
	err = c.store(ctx, g, &r, func(at time.Time) (string, string, error) {
		for list := range p.Cursors {
			if r.Refused[list] == "" {
				p.Cursors[list] = later(p.Cursors[list], at)
			}
		}
		text, err := json.Marshal(p)
		return c.state(), string(text), err
	})
	return r, err
}

// Between checks what happened in a period, and stores what is missing unless dry is
// true.
func (c *Catcher) Between(ctx context.Context, since, until time.Time, dry bool) (Report, error) {
	p, err := c.load(ctx)
	if err != nil {
		return Report{}, err
	}
	now := time.Now().UTC()
	if until.IsZero() || until.After(now) {
		until = now
	}
	g := c.gathering(p, until)
	for _, list := range lists() {
		g.since[list] = since
	}
	if len(g.types) == 0 {
		return g.report(c.Source), fmt.Errorf("source %s has not received an event that Absorb can list yet; list the event types of its webhooks in sources.%s.catch_up.events", c.Source, c.Source)
	}
	if err := g.gather(ctx); err != nil {
		return g.report(c.Source), err
	}
	r := g.report(c.Source)
	if dry {
		missing, err := c.Store.Missing(ctx, g.events())
		r.Missing = described(missing.Events)
		return r, err
	}
	return r, c.store(ctx, g, &r, func(time.Time) (string, string, error) { return "", "", nil })
}

// state returns the key of the progress in the store.
func (c *Catcher) state() string { return "catch-up " + c.Source }

func (c *Catcher) load(ctx context.Context) (p progress, err error) {
	text, err := c.Store.State(ctx, c.state())
	if err != nil {
		return p, err
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return p, fmt.Errorf("read the catch-up progress of source %s: %w", c.Source, err)
		}
	}
	return p, c.Store.CountKinds(ctx, c.Source, &p.Kinds)
}

// begin gives a new list a cursor: the time up to which webhooks arrived.
func (c *Catcher) begin(ctx context.Context, p *progress, until time.Time) error {
	if p.Cursors == nil {
		p.Cursors = map[string]time.Time{}
	}
	last, err := c.Store.LastVerified(ctx, c.Source)
	if err != nil {
		return err
	}
	for _, list := range lists() {
		if p.Cursors[list].IsZero() {
			p.Cursors[list] = until
			if !last.IsZero() && last.Before(until) {
				p.Cursors[list] = last
			}
		}
	}
	return nil
}

// store stores what is missing in the order in which it happened. Each transaction also
// stores the time up to which nothing is missing any more.
func (c *Catcher) store(ctx context.Context, g *gathering, r *Report, until func(time.Time) (state, value string, err error)) error {
	save := func(at time.Time, missing store.Untold) error {
		state, value, err := until(at)
		if err != nil || state == "" && len(missing.Events) == 0 {
			return err
		}
		n, err := c.Store.CatchUp(ctx, missing, state, value)
		if n > 0 {
			r.Created += n
			c.stored(n)
		}
		return err
	}
	for events := range slices.Chunk(g.events(), together) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		missing, err := c.Store.Missing(ctx, events)
		if err != nil {
			return err
		}
		if len(missing.Events) == 0 {
			continue
		}
		for i := range missing.Events {
			if c.Keep != nil {
				missing.Events[i].Kept = c.Keep(missing.Events[i].Raw)
			}
		}
		r.Missing = append(r.Missing, described(missing.Events)...)
		if err := save(missing.Events[len(missing.Events)-1].OccurredAt, missing); err != nil {
			return err
		}
	}
	return save(g.until, store.Untold{})
}

func described(events []bridge.Event) []Missing {
	all := make([]Missing, len(events))
	for i, e := range events {
		all[i] = Missing{e.Type, e.OccurredAt, e.UserID, e.Entities}
	}
	return all
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
