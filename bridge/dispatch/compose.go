package dispatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	messages   *MessageCache
	wording    Wording
	recipients []*engine.Text
	body       *engine.Text // of a sink with a template of its own, else nil
}

// NewComposer prepares a sink's recipients and its body, which may be templates
// themselves.
func NewComposer(messages *MessageCache, wording Wording, name string, sink bridge.Sink) (*Composer, error) {
	if len(wording.Redact) > 0 {
		messages = NewMessageCache() // what others say is not for this sink
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
	return c.compose(ctx, queueEntry{deliveries: c.redacted([]bridge.Delivery{d})})
}

// redacted gives deliveries without what the sink is not told.
func (c *Composer) redacted(all []bridge.Delivery) []bridge.Delivery {
	for i := range all {
		all[i].Facts = c.wording.Redact.Facts(all[i].Facts)
	}
	return all
}

// together is what the deliveries of an item say, which have the same recipients.
func (c *Composer) compose(ctx context.Context, i queueEntry) (m bridge.Message, err error) {
	first := i.asDelivery()
	templates := c.wording.ByRoute[first.Route]
	if templates == nil {
		templates = c.wording.Templates
	}
	if len(i.deliveries) == 1 {
		m, err = c.messages.get(ctx, templates, i.deliveries[0])
	} else {
		m, err = c.composeParcel(ctx, templates, i)
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
func (c *Composer) composeParcel(ctx context.Context, templates *render.Set, i queueEntry) (m bridge.Message, err error) {
	facts := make([]bridge.Facts, len(i.deliveries))
	for n, d := range i.deliveries {
		facts[n] = d.Facts
	}
	if _, _, story := parseStoryKey(i.parcel.Key); story {
		m, err = templates.Story(ctx, facts)
	} else {
		var group func(bridge.Facts) string
		if key, ok := strings.CutPrefix(i.parcel.Key, digestKeyPrefix); ok && key != "" {
			group = func(bridge.Facts) string { return key }
		}
		m, err = templates.Together(ctx, facts, group)
	}
	addNotes(&m, templates, facts)
	return m, err
}

// note puts into the small print what the reader should know of where the facts are
// from.
func addNotes(m *bridge.Message, templates *render.Set, all []bridge.Facts) {
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
func (c *Composer) recipientsOrError(ctx context.Context, d bridge.Delivery) []string {
	all, err := c.recipientsOf(ctx, d)
	if err != nil {
		return []string{"", err.Error()}
	}
	return all
}

// Draft writes the message of deliveries by templates that are not in use: one's
// own, or that of several together, as a digest, or as a story.
func (c *Composer) Preview(ctx context.Context, templates *render.Set, all []bridge.Delivery, story bool) (bridge.Message, error) {
	d := *c
	d.messages, d.wording = NewMessageCache(), Wording{Templates: templates}
	i := queueEntry{deliveries: all}
	if story {
		i.parcel.Key = storyKey(bridge.Event{})
	}
	return d.compose(ctx, i)
}

// compileBody prepares a sink's own template, or gives nil when it has none.
func compileBody(templates *render.Set, name string, sink bridge.Templated) (*engine.Text, error) {
	text, mediaType := sink.Template()
	if text == "" {
		return nil, nil
	}
	return templates.Body("body of "+name, text, mediaType)
}

// bodyData is what a sink's own template sees: the facts, the message that was
// written of them, and which delivery it is.
func bodyData(d bridge.Delivery, m bridge.Message) map[string]any {
	data := maps.Clone(map[string]any(d.Facts))
	if data == nil {
		data = map[string]any{}
	}
	data["message"] = m.Data()
	data["delivery"] = map[string]any{"id": d.ID, "route": d.Route, "routedAt": d.Routed.UTC().Format(time.RFC3339)}
	return data
}
