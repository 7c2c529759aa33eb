package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/redact"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// incomplete is the fact that some lookup failed, so that the message can say
// why it is lean.
const incomplete = "incomplete"

// Wording is the templates that a sink's messages are written by, in its language
// and time zone.
type Wording struct {
	Templates *render.Set
	ByRoute   map[string]*render.Set // for routes that say otherwise
	Redact    redact.Rules           // what the sink is not told
}

// Composer writes the messages of one sink: by the event's template, addressed
// to the sink's recipients.
type Composer struct {
	messages   *Messages
	wording    Wording
	recipients []*engine.Text
	body       *engine.Text // of a sink with a template of its own, else nil
}

// NewComposer prepares a sink's recipients and its body, which may be templates
// themselves.
func NewComposer(messages *Messages, wording Wording, name string, sink bridge.Sink) (*Composer, error) {
	if len(wording.Redact) > 0 {
		messages = NewMessages() // what others say is not for this sink
	}
	c := &Composer{messages: messages, wording: wording}
	if templated, ok := sink.(bridge.Templated); ok {
		var err error
		if c.body, err = compileBody(wording.Templates, name, templated); err != nil {
			return nil, err
		}
	}
	addressed, ok := sink.(bridge.Addressed)
	if !ok {
		return c, nil
	}
	for _, text := range addressed.Recipients() {
		compiled, err := wording.Templates.Text("recipient of "+name, text)
		if err != nil {
			return nil, err
		}
		c.recipients = append(c.recipients, compiled)
	}
	return c, nil
}

// AddReads adds the fields of the facts that the messages are made of.
func (c *Composer) AddReads(to *bridge.Reads) {
	to.Add(c.wording.Templates.Reads())
	for _, templates := range c.wording.ByRoute {
		to.Add(templates.Reads())
	}
}

// Message is what a delivery says.
func (c *Composer) Message(ctx context.Context, d bridge.Delivery) (bridge.Message, error) {
	return c.together(ctx, item{deliveries: c.redacted([]bridge.Delivery{d})})
}

// redacted gives deliveries without what the sink is not told.
func (c *Composer) redacted(all []bridge.Delivery) []bridge.Delivery {
	for i := range all {
		all[i].Facts = c.wording.Redact.Facts(all[i].Facts)
	}
	return all
}

// together is what the deliveries of an item say, which have the same recipients.
func (c *Composer) together(ctx context.Context, i item) (m bridge.Message, err error) {
	first := i.whole()
	templates := c.wording.ByRoute[first.Route]
	if templates == nil {
		templates = c.wording.Templates
	}
	if len(i.deliveries) == 1 {
		m, err = c.messages.of(ctx, templates, i.deliveries[0])
	} else {
		m, err = c.several(ctx, templates, i)
	}
	if err != nil {
		return bridge.Message{}, err
	}
	m.ID, m.Facts = first.ID, first.Facts
	if m.To, err = c.recipientsOf(ctx, first); err != nil {
		return bridge.Message{}, err
	}
	if c.body != nil {
		if m.Body, err = c.body.Execute(ctx, bodyData(first, m)); err != nil {
			return bridge.Message{}, fmt.Errorf("body: %w", err)
		}
	}
	return m, nil
}

// several is the message of a parcel.
func (c *Composer) several(ctx context.Context, templates *render.Set, i item) (m bridge.Message, err error) {
	facts := make([]bridge.Facts, len(i.deliveries))
	for n, d := range i.deliveries {
		facts[n] = d.Facts
	}
	if _, _, story := storyOf(i.parcel.Key); story {
		m, err = templates.Story(ctx, facts)
	} else {
		var group func(bridge.Facts) string
		if key, ok := strings.CutPrefix(i.parcel.Key, inDigest); ok && key != "" {
			group = func(bridge.Facts) string { return key }
		}
		m, err = templates.Together(ctx, facts, group)
	}
	note(&m, templates, facts)
	return m, err
}

// note puts into the small print what the reader should know of where the facts are
// from.
func note(m *bridge.Message, templates *render.Set, all []bridge.Facts) {
	for _, n := range []struct {
		words string
		holds func(bridge.Facts) bool
	}{
		{templates.Incomplete(), func(f bridge.Facts) bool { return f[incomplete] == true }},
		{templates.CaughtUp(), caughtUp},
	} {
		if slices.ContainsFunc(all, n.holds) {
			m.Footer = strings.TrimPrefix(m.Footer+" · "+n.words, " · ")
		}
	}
}

func caughtUp(f bridge.Facts) bool {
	event, _ := f["event"].(map[string]any)
	return event["caughtUp"] == true
}

func (c *Composer) recipientsOf(ctx context.Context, d bridge.Delivery) (all []string, err error) {
	for _, text := range c.recipients {
		to, err := text.Execute(ctx, d.Facts)
		if err != nil {
			return nil, fmt.Errorf("recipient: %w", err)
		}
		if to = strings.TrimSpace(to); to != "" {
			all = append(all, to)
		}
	}
	return all, nil
}

// to is recipientsOf for those who only tell recipients apart: what is wrong with
// them is found when the message is written.
func (c *Composer) to(ctx context.Context, d bridge.Delivery) []string {
	all, err := c.recipientsOf(ctx, d)
	if err != nil {
		return []string{"", err.Error()}
	}
	return all
}

// Bounds of the messages that are kept for the next sink that needs them: sinks of one
// event write it at about the same time.
const (
	maxMessages     = 1024
	maxMessageBytes = 4 << 20 // of memory for all of them, about
)

// Messages writes each event's message once for all its sinks that have the same
// wording.
type Messages struct {
	mu     sync.Mutex // guards what follows
	recent map[routed]*written
	order  []routed // the keys of recent, oldest first
	bytes  int      // of all in recent
}

// routed is an event as it was routed: when it is routed again, more may be known
// of it.
type routed struct {
	event     string
	at        time.Time
	templates *render.Set
}

// written is a message, and how much memory it takes; 0 while that is not known.
type written struct {
	message func() (bridge.Message, error)
	bytes   int
}

// NewMessages makes a writer.
func NewMessages() *Messages { return &Messages{recent: map[routed]*written{}} }

// of gives the message of a delivery's event. It is shared: only its own fields
// may be changed.
func (w *Messages) of(ctx context.Context, templates *render.Set, d bridge.Delivery) (bridge.Message, error) {
	key := routed{d.EventID, d.Routed, templates}
	w.mu.Lock()
	one := w.recent[key]
	if one == nil {
		ctx = context.WithoutCancel(ctx) // others may wait for it; templates have their own limit
		one = &written{message: sync.OnceValues(func() (bridge.Message, error) { return write(ctx, templates, d) })}
		w.recent[key] = one
		w.order = append(w.order, key)
	}
	w.mu.Unlock()
	m, err := one.message()
	w.count(key, one, m)
	return m, err
}

// count notes how much memory a message takes, and lets go of the oldest ones.
func (w *Messages) count(key routed, one *written, m bridge.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if one.bytes == 0 && w.recent[key] == one {
		one.bytes = weightOf(m)
		w.bytes += one.bytes
	}
	for len(w.order) > maxMessages || w.bytes > maxMessageBytes && len(w.order) > 0 {
		w.bytes -= w.recent[w.order[0]].bytes
		delete(w.recent, w.order[0])
		w.order = w.order[1:]
	}
}

// weightOf is about how many bytes of memory a message takes.
func weightOf(m bridge.Message) int {
	const itself, anElement = 512, 64
	n := itself + len(m.Title) + len(m.URL) + len(m.Text) + len(m.ImageURL) + len(m.Footer) + len(m.ThreadKey)
	for _, f := range m.Fields {
		n += anElement + len(f.Name) + len(f.Value)
	}
	for _, a := range m.Actions {
		n += anElement + len(a.Label) + len(a.URL)
	}
	for _, p := range m.Mentions {
		n += anElement + len(p.Name) + len(p.Email)
	}
	for _, part := range m.Native {
		n += bridge.Weight(part)
	}
	return n
}

func write(ctx context.Context, templates *render.Set, d bridge.Delivery) (bridge.Message, error) {
	m, err := templates.Template(d.EventType).Message(ctx, d.Facts)
	note(&m, templates, []bridge.Facts{d.Facts})
	return m, err
}
