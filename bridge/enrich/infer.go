package enrich

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

const (
	// ahead is how long after its webhook something may have happened, because clocks
	// differ.
	ahead = 2 * time.Minute

	// fewCandidates is how many things a message names if it is not certain which one
	// the event is about.
	fewCandidates = 4

	// usualPage is how many entries a list has without a page size in the request
	// (version 2 of Absorb's Integration API).
	usualPage = 20
)

// applies reports whether a choice suits the event: the event has the ids to match, or
// none of the ids to infer.
func applies(c *bridge.Choice, e bridge.Event) bool {
	if c == nil {
		return true
	}
	for _, key := range c.Match {
		if e.IDOf(key) == "" {
			return false
		}
	}
	named := func(key string) bool { return e.IDOf(key) != "" }
	if slices.ContainsFunc(c.Unless, named) {
		return false
	}
	return !c.Infers() || !slices.ContainsFunc(slices.Collect(maps.Keys(c.IDs)), named)
}

// choose selects the entry of a list that a lookup asks for.
func (g *gathering) choose(ctx context.Context, c *bridge.Choice, answer any, path string, e bridge.Event, known bridge.Facts, f *finding) {
	var fitting []map[string]any
	all := bridge.Entries(answer)
	for _, element := range all {
		if entry, ok := element.(map[string]any); ok && fits(c, entry, e, known) {
			fitting = append(fitting, entry)
		}
	}
	if c.Infers() {
		g.infer(ctx, c, fitting, whole(c, all, path, e), e, f)
		return
	}
	if len(fitting) > 0 {
		f.value, f.ids = fitting[0], missing(c, fitting[0], e)
	}
}

// fits reports whether the event may be about an entry.
func fits(c *bridge.Choice, entry map[string]any, e bridge.Event, known bridge.Facts) bool {
	for field, key := range c.Match {
		if !strings.EqualFold(absorb.ID(entry[field]), e.IDOf(key)) {
			return false
		}
	}
	if c.Infers() {
		after := absorb.Time(entry[c.Recent]).Sub(e.Time())
		if after < -c.Within || after > ahead {
			return false
		}
	}
	return c.Where == nil || c.Where(known, entry)
}

// whole reports whether a list, newest first, covers the time in which the event's
// thing happened: the list reaches further back, or ends.
func whole(c *bridge.Choice, all []any, path string, e bridge.Event) bool {
	limit := usualPage
	if _, query, ok := strings.Cut(path, "?"); ok {
		if q, err := url.ParseQuery(query); err == nil {
			if n, err := strconv.Atoi(q.Get("_limit")); err == nil {
				limit = n
			}
		}
	}
	return len(all) < limit || slices.ContainsFunc(all, func(element any) bool {
		entry, _ := element.(map[string]any)
		at := absorb.Time(entry[c.Recent])
		return !at.IsZero() && at.Before(e.Time().Add(-c.Within))
	})
}

// missing returns the ids of an entry that the event lacks.
func missing(c *bridge.Choice, entry map[string]any, e bridge.Event) map[string]string {
	ids := map[string]string{}
	for key, field := range c.IDs {
		if id := absorb.ID(entry[field]); id != "" && e.IDOf(key) == "" {
			ids[key] = id
		}
	}
	return ids
}

// infer finds out which of the entries the event is about. If that is ambiguous, it
// returns the candidates and no ids.
func (g *gathering) infer(ctx context.Context, c *bridge.Choice, fitting []map[string]any, whole bool, e bridge.Event, f *finding) {
	slices.SortStableFunc(fitting, func(a, b map[string]any) int { return absorb.Time(a[c.Recent]).Compare(absorb.Time(b[c.Recent])) })
	candidates := make([]bridge.Event, len(fitting))
	free := make([]int, len(fitting))
	for i, entry := range fitting {
		candidates[i], free[i] = e.Infer(missing(c, entry, e)), i
		candidates[i].OccurredAt = absorb.Time(entry[c.Recent])
	}
	chosen := -1
	switch {
	case g.Claims != nil && !c.Shared && len(fitting) > 0:
		if chosen, free, f.err = g.Claims.Claim(ctx, e, candidates); f.err != nil {
			return
		}
	case len(fitting) == 1:
		chosen = 0
	}
	switch {
	case chosen >= 0:
		f.value, f.ids = fitting[chosen], missing(c, fitting[chosen], e)
		return
	case len(fitting) > 0 && len(free) == 0:
		f.repetition = whole
	case 1 < len(free) && len(free) <= fewCandidates && whole:
		for _, i := range free {
			f.candidates = append(f.candidates, candidate(c, fitting[i], e))
		}
	}
	f.open = true
}

// candidate is what a message may say about a thing that the event may be about: its
// name and ids.
func candidate(c *bridge.Choice, entry map[string]any, e bridge.Event) map[string]any {
	shown := map[string]any{}
	for key, id := range missing(c, entry, e) {
		shown[key] = id
	}
	for _, key := range []string{"courseName", "name"} {
		if name, ok := entry[key].(string); ok && shown["name"] == nil {
			shown["name"] = name
		}
	}
	return shown
}
