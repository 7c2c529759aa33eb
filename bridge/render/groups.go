package render

import (
	"cmp"
	"context"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	maxLines = 20 // that a list of a digest has, before the rest is a number
	maxNames = 10 // that a group tells of what else its events are about
)

// way is one way of putting events together: those of one key are a group.
type way func(context.Context, bridge.Facts) (string, error)

// byCourse is the way of a digest that says none.
func byCourse(_ context.Context, e bridge.Facts) (string, error) {
	return cmp.Or(text(get(e, "event", "courseId")), text(get(e, "course", "id")), nameIn(e["course"]), nameIn(e["enrollment"])), nil
}

// ways are the template's own, in the order that they are preferred.
func (words *digestWording) ways() []way {
	ways := make([]way, len(words.groups))
	for i, t := range words.groups {
		ways[i] = func(ctx context.Context, e bridge.Facts) (string, error) {
			key, err := t.run(ctx, e)
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
		return max(len(g.keys), maxLines)
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
		if groups[i]["names"], err = namesAmong(ctx, members, others, group, text(groups[i]["name"])); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// nameAmong is what goes by a key in one of the events, or "".
func nameAmong(events []bridge.Facts, key string) string {
	for _, e := range events {
		if name := called(e, key); name != "" {
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
			byKey[key] = called(e, key)
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

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// called is what goes by a key in an event's facts: the key itself, unless it is an
// id. Then it is the name that a part, or an entry of a part's list, gives to the id,
// and nothing if none does.
func called(e bridge.Facts, key string) string {
	if key == "" {
		return ""
	}
	id := guid.MatchString(key)
	parts := slices.AppendSeq(make([]string, 0, len(e)), maps.Keys(e))
	slices.Sort(parts)
	for _, part := range parts {
		m, ok := plain(e[part]).(map[string]any)
		if !ok {
			continue
		}
		entry, _ := find(m, key).(map[string]any)
		for _, one := range []map[string]any{m, entry} {
			thing := thingWith(one, key)
			if thing == "" {
				continue
			}
			id = true
			name := scalarOf(one, thing+"Name")
			if name == "" && part != "event" { // an event's name is that of its type
				name = nameBeside(one, thing)
			}
			if name = cmp.Or(name, nameIn(e[thing])); name != "" {
				return name
			}
		}
	}
	if id {
		return ""
	}
	return key
}

// itself is what thingWith gives for the id of the mapping's own thing.
const itself = "."

// thingWith is course if the value of courseId in m is the id.
func thingWith(m map[string]any, id string) string {
	if strings.EqualFold(text(m["id"]), id) {
		return itself
	}
	found := ""
	for key, v := range m {
		thing, ok := strings.CutSuffix(key, "Id")
		if ok && (found == "" || thing < found) && strings.EqualFold(text(v), id) {
			found = thing
		}
	}
	return found
}

// nameBeside is the name that m gives to the thing whose id it holds. An enrollment has
// its learner's name, and some portals give it the name of its course or session; a
// competency is called as its definition, and a certificate as its enrollment.
func nameBeside(m map[string]any, thing string) string {
	has := func(key string) bool { _, has := m[key]; return has }
	learners := has("userId") || has("progress")
	switch {
	case thing == "user":
		return scalarOf(m, "fullName")
	case thing == itself, thing == "competencyDefinition", thing == "enrollment", thing == "session" && learners, thing == "course" && learners && !has("sessionId"):
		return nameIn(m)
	}
	return ""
}

// nameIn is the name of a part that is a mapping.
func nameIn(part any) string {
	if _, ok := plain(part).(map[string]any); !ok {
		return ""
	}
	return text(nameOf(part))
}
