package render

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// Template is how one type of event is put into words.
type Template struct {
	event, file string
	lookups     []bridge.Lookup
	message     *wording
	digest      *digestWording
	story       *storyWording
	bulk        *bool // nil: as what it took the place of says
	sample      map[string]any
	warnings    []string // what is allowed in its file, but perhaps not meant

	source []byte    // of the file
	own    bool      // the admin's
	over   *Template // what it took the place of, or nil

	fallback *Template // whose digest and story are used when this has none
}

// Lookups are the questions whose answers the template wants, in the order of
// its file.
func (t *Template) Lookups() []bridge.Lookup { return slices.Clone(t.lookups) }

// Sample are the keys of a made-up webhook of the event, for previews and tests.
// The emulated portal knows the things that its ids stand for.
func (t *Template) Sample() map[string]any { return maps.Clone(t.sample) }

// Message puts one event into words. The dispatcher sets the ID and To. An error
// means that the template is at fault; it names the file and the key.
func (t *Template) Message(ctx context.Context, f bridge.Facts) (bridge.Message, error) {
	m, err := t.message.write(ctx, f)
	if err != nil {
		return bridge.Message{}, err
	}
	eventType := value.TextOf(value.Get(f, "event", "type"))
	if m.Title == "" {
		m.Title = bridge.EventTitle(eventType)
	}
	m.Time, _ = value.TimeOf(value.Get(f, "event", "occurredAt"))
	return m, nil
}

// completeFrom takes over what a translation leaves out: what has no words, and
// the whole digest, story or sample if there is none.
func (t *Template) completeFrom(original *Template) {
	if original == nil {
		return
	}
	t.message.completeFrom(original.message)
	if t.sample == nil {
		t.sample = original.sample
	}
	if t.digest == nil {
		t.digest = original.digest
	} else if original.digest != nil {
		t.digest.completeFrom(original.digest.wording)
		if t.digest.groups == nil {
			t.digest.groups = original.digest.groups
		}
	}
	if t.story == nil {
		t.story = original.story
	} else if t.story.lead == 0 && original.story != nil {
		t.story.lead = original.story.lead
	}
}

func (words *wording) completeFrom(original *wording) {
	for _, part := range []struct{ mine, theirs **engine.Text }{
		{&words.level, &original.level}, {&words.url, &original.url}, {&words.image, &original.image}, {&words.thread, &original.thread},
	} {
		if *part.mine == nil {
			*part.mine = *part.theirs
		}
	}
}

// writer runs templates one after the other, until one fails.
type writer struct {
	scope  *engine.Scope
	room   int             // bytes that all texts together may still have
	people []bridge.Person // whom it mentioned so far
	err    error
}

func newWriter(ctx context.Context, data any, room int) *writer {
	w := &writer{scope: engine.NewScope(ctx, data), room: room}
	w.scope.People = &w.people
	return w
}

func (w *writer) text(t *engine.Text) string {
	if w.err != nil {
		return ""
	}
	s, err := t.On(w.scope)
	w.err = err
	if len(s) > w.room {
		s, w.room = engine.Cut(s, w.room), 0
	}
	w.room -= min(len(s), w.room)
	return s
}

// write makes a message of data.
func (words *wording) write(ctx context.Context, data any) (bridge.Message, error) {
	ctx, cancel := engine.WithLimits(ctx, budget.Message())
	defer cancel()
	w := newWriter(ctx, data, engine.MaxMessage)
	m := bridge.Message{
		Level:     levelOf(w.text(words.level)),
		Title:     w.text(words.title),
		URL:       w.text(words.url),
		Text:      w.text(words.text),
		ImageURL:  w.text(words.image),
		Footer:    w.text(words.footer),
		ThreadKey: w.text(words.thread),
	}
	m.Fields = w.fields(words.fields)
	for _, a := range words.actions {
		m.Actions = append(m.Actions, bridge.Action{Label: w.text(a.label), URL: w.text(a.url)})
	}
	for platform, part := range words.native {
		if m.Native == nil {
			m.Native = map[string]map[string]any{}
		}
		m.Native[platform] = w.native(part).(map[string]any)
	}
	if w.err != nil {
		return bridge.Message{}, w.err
	}
	m.Mentions = w.people
	return m.CleanMarked(), nil
}

func (w *writer) fields(all []fieldWording) []bridge.Field {
	fields := make([]bridge.Field, len(all))
	for i, f := range all {
		fields[i] = bridge.Field{Name: w.text(f.name), Value: w.text(f.value), Short: f.short}
	}
	return fields
}

// native copies a native part with every text made.
func (w *writer) native(v any) any {
	switch v := v.(type) {
	case *engine.Text:
		return w.text(v)
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, element := range v {
			m[key] = w.native(element)
		}
		return m
	case []any:
		all := make([]any, len(v))
		for i, element := range v {
			all[i] = w.native(element)
		}
		return all
	}
	return v
}

func levelOf(word string) bridge.Level {
	if !isLevel(word) {
		return bridge.LevelInfo
	}
	return bridge.Level(strings.TrimSpace(word))
}
