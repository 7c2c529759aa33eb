package render

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
)

// maxStory bounds the fields that a story's other events add to its message.
const maxStory = 15

// storyWording is what an event is to others of one learner and one transaction.
type storyWording struct {
	lead   int // the event with the highest leads; 0 for one that does not
	fields []fieldWording
}

// InStory tells whether the event may be told together with others of its
// learner and transaction.
func (t *Template) InStory() bool { return t.story != nil }

// Story puts the events of one learner and one transaction into one message:
// that of the event that leads, with fields from the others. One event alone is
// its ordinary message.
func (s *Set) Story(ctx context.Context, events []bridge.Facts) (bridge.Message, error) {
	if len(events) == 0 {
		return bridge.Message{}, errors.New("a story of no events")
	}
	first := s.leader(events)
	t, lead := s.Template(typeOf(events[first])), events[first]
	if len(events) == 1 {
		return t.Message(ctx, lead)
	}
	ctx, cancel := engine.WithLimits(ctx, budget.Message())
	defer cancel()
	var added []bridge.Field
	told := 0
	for i, e := range events {
		if i == first || len(added) >= maxStory {
			continue
		}
		fields, err := s.Template(typeOf(e)).storyFields(ctx, e, lead)
		if err != nil {
			return bridge.Message{}, err
		}
		added = append(added, fields...)
		told++
	}
	added = countSame(s.words, added)
	if rest := len(events) - 1 - told; rest > 0 {
		added = append(added, bridge.Field{Value: s.words.Rest(rest)})
	}
	facts := maps.Clone(lead)
	facts["story"] = fieldFacts(added)
	m, err := t.Message(ctx, facts)
	if err != nil {
		return bridge.Message{}, err
	}
	m.Fields = append(slices.DeleteFunc(m.Fields, func(f bridge.Field) bool { return named(added, f.Name) }), added...)
	// A platform's own format shows the fields only if it asks for them.
	maps.DeleteFunc(m.Native, func(platform string, _ map[string]any) bool { return !uses(t.message.native[platform], "story") })
	return m.CleanMarked(), nil
}

// leader is the place of the event that leads.
func (s *Set) leader(events []bridge.Facts) int {
	first, most := 0, 0
	for i, e := range events {
		if words := s.Template(typeOf(e)).story; words != nil && words.lead > most {
			first, most = i, words.lead
		}
	}
	return first
}

// storyFields are what the event adds to another's message. A template that does
// not say it uses the generic one's.
func (t *Template) storyFields(ctx context.Context, e, lead bridge.Facts) ([]bridge.Field, error) {
	words := t.story
	if words == nil && t.fallback != nil {
		words = t.fallback.story
	}
	if words == nil {
		return nil, nil
	}
	ctx, cancel := engine.WithLimits(ctx, budget.Message())
	defer cancel()
	facts := maps.Clone(e)
	facts["lead"] = lead
	w := newWriter(ctx, facts, engine.MaxMessage/maxStory)
	fields := w.fields(words.fields)
	// People have their places in another message: here they go by their names.
	return bridge.Message{Fields: fields, Mentions: w.people}.Clean().Fields, w.err
}

// countSame puts fields together that say the same, so that each is told once
// and none is lost.
func countSame(v *locale.Language, fields []bridge.Field) []bridge.Field {
	var order []bridge.Field
	times := map[bridge.Field]int{}
	for _, f := range fields {
		if times[f] == 0 {
			order = append(order, f)
		}
		times[f]++
	}
	for i, f := range order {
		if n := times[f]; n > 1 {
			order[i].Value = v.Number(n) + " × " + f.Value
		}
	}
	return order
}

// named tells whether one of the fields has a name.
func named(fields []bridge.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f bridge.Field) bool { return strings.EqualFold(f.Name, name) })
}

// fieldFacts are fields as templates see them.
func fieldFacts(fields []bridge.Field) []any {
	all := make([]any, len(fields))
	for i, f := range fields {
		all[i] = map[string]any{"name": f.Name, "value": f.Value, "short": f.Short}
	}
	return all
}

// uses tells whether a native part refers to a part of the facts.
func uses(native any, part string) bool {
	switch v := native.(type) {
	case *engine.Text:
		return slices.Contains(v.Parts(), part)
	case map[string]any:
		for _, element := range v {
			if uses(element, part) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(element any) bool { return uses(element, part) })
	}
	return false
}
