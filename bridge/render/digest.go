package render

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// digestWording is the wording of several events in one message.
type digestWording struct {
	*wording
	groups []*engine.Text // what its events are put together by, or nothing
}

// Bulk tells whether an admin may cause thousands of the event at once, by an
// import, for example. A burst of them is one message by default.
func (t *Template) Bulk() bool {
	for ; t != nil; t = t.over {
		if t.bulk != nil {
			return *t.bulk
		}
	}
	return false
}

// Together puts several events into one message. Those of one type are worded by
// its digest, in groups by what group gives, if it is not nil; those of several
// types stand in a section each. One event alone is its ordinary message.
func (s *Set) Together(ctx context.Context, events []bridge.Facts, group func(bridge.Facts) string) (bridge.Message, error) {
	switch len(events) {
	case 0:
		return bridge.Message{}, errors.New("a digest of no events")
	case 1:
		return s.Template(typeOf(events[0])).Message(ctx, events[0])
	}
	ctx, cancel := engine.WithLimitsFor(ctx, budget.Digest(len(events)), len(events))
	defer cancel()
	types, _ := split(ctx, events, func(_ context.Context, e bridge.Facts) (string, error) { return bridge.FoldEvent(typeOf(e)), nil })
	asked, common, err := askedWay(ctx, events, group)
	if err != nil {
		return bridge.Message{}, err
	}
	var m bridge.Message
	if len(types.keys) == 1 {
		m, err = s.Template(typeOf(events[0])).digestOf(ctx, events, asked, common, engine.MaxList)
	} else {
		m, err = s.sections(ctx, types, asked, common)
	}
	if err != nil {
		return bridge.Message{}, err
	}
	if common != "" {
		m.Title += ": " + common
	}
	var when string
	m.Time, when = timesOf(s.clock, events)
	m.Footer = strings.TrimPrefix(m.Footer+" · "+when, " · ")
	m.Footer = strings.TrimSuffix(m.Footer, " · ")
	return m, nil
}

func typeOf(e bridge.Facts) string { return value.TextOf(value.Get(e, "event", "type")) }

// askedWay is the way of a group function. When all events have one group, there
// is nothing to put apart, and the group's name is what they have in common.
func askedWay(ctx context.Context, events []bridge.Facts, group func(bridge.Facts) string) (asked way, common string, err error) {
	if group == nil {
		return nil, "", nil
	}
	asked = func(_ context.Context, e bridge.Facts) (string, error) { return strings.TrimSpace(group(e)), nil }
	g, err := split(ctx, events, asked)
	if err == nil && len(g.keys) == 1 {
		return nil, bridge.CleanLine(nameAmong(events, g.keys[0])), nil
	}
	return asked, "", err
}

// digestOf words several events of the template's type, with lists of a weight.
func (t *Template) digestOf(ctx context.Context, events []bridge.Facts, asked way, common string, room int) (bridge.Message, error) {
	words := t.digest
	if words == nil && t.fallback != nil {
		words = t.fallback.digest
	}
	if words == nil {
		return t.Message(ctx, events[len(events)-1])
	}
	ctx, cancel := engine.WithLimits(ctx, budget.Message())
	defer cancel()
	groups, err := words.groupsOf(ctx, events, asked, common)
	if err != nil {
		return bridge.Message{}, err
	}
	facts := span(events)
	facts["groups"], facts["group"], facts[engine.RoomPart] = value.ListOf(groups), common, int64(room)
	for _, part := range []string{"source", "portal"} {
		facts[part] = events[0][part]
	}
	m, err := words.write(ctx, facts)
	if m.Title == "" {
		m.Title = bridge.EventTitle(typeOf(events[0]))
	}
	return m, err
}

// span is what a digest and each of its groups tell of their events.
func span(events []bridge.Facts) map[string]any {
	n := int64(len(events))
	return map[string]any{"events": value.ListOf(events), "first": events[0], "last": events[n-1], "count": n, "len": n}
}

// timesOf gives the time of the last event, and in words those of the first and the
// last, if they read differently.
func timesOf(c locale.Clock, events []bridge.Facts) (last time.Time, words string) {
	var first time.Time
	for _, e := range events {
		t, ok := value.TimeOf(value.Get(e, "event", "occurredAt"))
		if !ok {
			continue
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	from, to := c.Show(first), c.Show(last)
	if from == to {
		return last, ""
	}
	return last, from + " – " + to
}

// section is what a message of several types says of one of them.
type section struct {
	bridge.Message
	count int
}

// sections words events of several types, the most serious first.
func (s *Set) sections(ctx context.Context, types grouping, asked way, common string) (bridge.Message, error) {
	all := make([]section, 0, len(types.keys))
	total := 0
	for _, key := range types.keys {
		events := types.members[key]
		t := s.Template(typeOf(events[0]))
		var m bridge.Message
		var err error
		if len(events) == 1 {
			m, err = t.Message(ctx, events[0])
			m.Text = "" // its title says it
		} else {
			m, err = t.digestOf(ctx, events, asked, common, engine.MaxList/len(types.keys)-engine.MaxLine/2)
		}
		if err != nil {
			return bridge.Message{}, err
		}
		all = append(all, section{m.Clean(), len(events)}) // with names in place of mentions
		total += len(events)
	}
	slices.SortStableFunc(all, func(a, b section) int { return cmp.Compare(seriousness(b.Level), seriousness(a.Level)) })
	m := bridge.Message{
		Level: all[0].Level,
		Title: s.words.Plural(total, s.words.Events[0], s.words.Events[1], s.words.Events[2:]...),
		Text:  layOut(s.words, all, total),
	}
	return m.Clean(), nil
}

// layOut writes sections below each other, as far as they fit. The count of the
// rest ends them.
func layOut(v *locale.Language, all []section, total int) string {
	var blocks []string
	left := engine.MaxList
	for i, s := range all {
		title, _ := engine.Bold(engine.Shorten(s.Title, engine.MaxLine)).(engine.Markdown)
		block := title.Source()
		w := engine.Weight(title.Plain()) + engine.PerLine
		if text := engine.Weight(strings.ReplaceAll(s.Text, `\`, "")); text > 0 && w+text <= left/(len(all)-i) {
			block += "\n\n" + s.Text
			w += text
		}
		if left -= w; left < engine.ForRest {
			break
		}
		blocks = append(blocks, block)
		total -= s.count
	}
	if total > 0 {
		blocks = append(blocks, v.Rest(total))
	}
	return strings.Join(blocks, "\n\n")
}

// seriousness orders levels; what is neither good nor bad is between.
func seriousness(l bridge.Level) int {
	return slices.Index([]bridge.Level{bridge.LevelSuccess, bridge.LevelInfo, bridge.LevelWarning, bridge.LevelDanger}, l)
}
