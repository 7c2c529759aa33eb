package render

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Digest puts several events of the template's type into one message. Its
// wording sees .events, .first, .last, .count and .groups. A template without
// digest wording uses that of the generic one.
func (t *Template) Digest(ctx context.Context, events []bridge.Facts) (bridge.Message, error) {
	if len(events) == 0 {
		return bridge.Message{}, errors.New("digest: no events")
	}
	words := t.digest
	if words == nil && t.fallback != nil {
		words = t.fallback.digest
	}
	if words == nil {
		return t.Message(ctx, events[len(events)-1])
	}
	groups, err := t.groups(ctx, events)
	if err != nil {
		return bridge.Message{}, err
	}
	m, err := words.write(ctx, digestFacts(events, groups))
	if err != nil {
		return bridge.Message{}, err
	}
	last := events[len(events)-1]
	if m.Title == "" {
		m.Title = bridge.EventTitle(text(get(last, "event", "type")))
	}
	m.Time, _ = parseTime(text(get(last, "event", "occurredAt")))
	return m, nil
}

func digestFacts(events []bridge.Facts, groups []map[string]any) map[string]any {
	first := events[0]
	d := span(events)
	d["groups"] = listOf(groups)
	for _, part := range []string{"source", "portal"} {
		if v, ok := first[part]; ok {
			d[part] = v
		}
	}
	return d
}

// span is what a digest and each of its groups tell of their events.
func span(events []bridge.Facts) map[string]any {
	all := make([]any, len(events))
	for i, e := range events {
		all[i] = map[string]any(e)
	}
	return map[string]any{
		"events": all, "first": all[0], "last": all[len(all)-1], "count": int64(len(all)), "len": int64(len(all)),
	}
}

// groups puts events together by the template's own group, or by their course.
// A group has the parts of its first event too, so {{ .course.name }} works in
// it. Groups stand in the order of their first events.
func (t *Template) groups(ctx context.Context, events []bridge.Facts) ([]map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	var order []string
	members := map[string][]bridge.Facts{}
	for _, e := range events {
		key, err := t.groupKey(ctx, e)
		if err != nil {
			return nil, err
		}
		if members[key] == nil {
			order = append(order, key)
		}
		members[key] = append(members[key], e)
	}
	groups := make([]map[string]any, len(order))
	for i, key := range order {
		groups[i] = map[string]any{}
		maps.Copy(groups[i], members[key][0])
		maps.Copy(groups[i], span(members[key]))
		groups[i]["key"] = key
	}
	return groups, nil
}

func (t *Template) groupKey(ctx context.Context, e bridge.Facts) (string, error) {
	if t.group != nil {
		key, err := t.group.run(ctx, e)
		return strings.TrimSpace(key), err
	}
	for _, path := range [][]string{{"course", "name"}, {"enrollment", "courseName"}} {
		if name := text(get(e, path...)); name != "" {
			return name, nil
		}
	}
	return "", nil
}
