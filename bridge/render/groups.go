package render

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

const (
	maxNames = 10 // that a group tells of what else its events are about
)

// way is one way of putting events together: those of one key are a group.
type way func(context.Context, bridge.Facts) (string, error)

// byCourse is the way of a digest that says none.
func byCourse(_ context.Context, e bridge.Facts) (string, error) {
	return cmp.Or(value.TextOf(value.Get(e, "event", "courseId")), value.TextOf(value.Get(e, "course", "id")), value.NameIn(e["course"]), value.NameIn(e["enrollment"])), nil
}

// ways are the template's own, in the order that they are preferred.
func (words *digestWording) ways() []way {
	ways := make([]way, len(words.groups))
	for i, t := range words.groups {
		ways[i] = func(ctx context.Context, e bridge.Facts) (string, error) {
			key, err := t.Run(ctx, e)
			return strings.TrimSpace(key), err
		}
	}
	if len(ways) == 0 {
		ways = append(ways, byCourse)
	}
	return ways
}

// grouping is a number of events, put together.
type grouping struct {
	keys    []string // in the order of their first events
	members map[string][]bridge.Facts
}

func split(ctx context.Context, events []bridge.Facts, by way) (grouping, error) {
	g := grouping{members: map[string][]bridge.Facts{}}
	for _, e := range events {
		key, err := by(ctx, e)
		if err != nil {
			return g, err
		}
		if g.members[key] == nil {
			g.keys = append(g.keys, key)
		}
		g.members[key] = append(g.members[key], e)
	}
	return g, nil
}

// tells is false when the groups say nothing of their events.
func (g grouping) tells() bool { return len(g.keys) > 1 || g.keys[0] != "" }

// choose is the first way that gives no more groups than a list shows, else the
// one that gives fewest. Within a digest whose events have one group already, a
// way that sets none apart comes last.
func choose(ctx context.Context, events []bridge.Facts, ways []way, within bool) (best grouping, which int, err error) {
	rank := func(g grouping) int {
		switch {
		case !g.tells():
			return math.MaxInt
		case within && len(g.keys) == 1:
			return math.MaxInt - 1
		}
		return max(len(g.keys), engine.MaxLines)
	}
	for i, by := range ways {
		g, err := split(ctx, events, by)
		if err != nil {
			return grouping{}, 0, err
		}
		if i == 0 || rank(g) < rank(best) {
			best, which = g, i
		}
	}
	return best, which, nil
}

// groupsOf are a digest's events put together: as asked for, or by the template's
// own ways. Group is the name of what all events have in common, or "".
func (words *digestWording) groupsOf(ctx context.Context, events []bridge.Facts, asked way, group string) ([]map[string]any, error) {
	ways := words.ways()
	var g grouping
	var which int
	var err error
	if asked != nil {
		which = -1
		g, err = split(ctx, events, asked)
	} else {
		g, which, err = choose(ctx, events, ways, group != "")
	}
	if err != nil {
		return nil, err
	}
	others := slices.Clone(ways) // what else the events of a group are about
	if which >= 0 {
		others = slices.Delete(others, which, which+1)
	}
	groups := make([]map[string]any, len(g.keys))
	for i, key := range g.keys {
		members := g.members[key]
		groups[i] = map[string]any{}
		maps.Copy(groups[i], members[0]) // so that {{ .course.name }} works in it
		maps.Copy(groups[i], span(members))
		groups[i]["key"], groups[i]["name"], groups[i]["way"] = key, nameAmong(members, key), int64(which)
		if groups[i]["names"], err = namesAmong(ctx, members, others, group, value.TextOf(groups[i]["name"])); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// nameAmong is what goes by a key in one of the events, or "".
func nameAmong(events []bridge.Facts, key string) string {
	for _, e := range events {
		if name := value.NameByKey(e, key); name != "" {
			return name
		}
	}
	return ""
}

// namesAmong are the names of what the events are about, by the first of the ways
// that gives any beside those that are known.
func namesAmong(ctx context.Context, events []bridge.Facts, ways []way, known ...string) (names []any, err error) {
	for _, by := range ways {
		if names, err = namesBy(ctx, events, by, known); names != nil || err != nil {
			break
		}
	}
	return names, err
}

// namesBy are the names by one way, each once: nothing if there are many, and an
// ellipsis for those that have none.
func namesBy(ctx context.Context, events []bridge.Facts, by way, known []string) ([]any, error) {
	var keys []string
	byKey := map[string]string{}
	for _, e := range events {
		key, err := by(ctx, e)
		if err != nil {
			return nil, err
		}
		name, seen := byKey[key]
		if !seen {
			keys = append(keys, key)
		}
		if name == "" {
			byKey[key] = value.NameByKey(e, key)
		}
		if len(keys) > 2*maxNames {
			return nil, nil
		}
	}
	var names []any
	unnamed := false
	for _, key := range keys {
		name := byKey[key]
		unnamed = unnamed || name == ""
		if name != "" && !slices.Contains(known, name) && !slices.Contains(names, any(name)) {
			names = append(names, name)
		}
	}
	if len(names) > maxNames {
		return nil, nil
	}
	if unnamed && names != nil {
		names = append(names, "…")
	}
	return names, nil
}
