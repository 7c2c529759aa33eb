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

// incomplete is the fact that some lookup failed. The message then says why names are missing.
const incomplete = "incomplete"

// Wording is the templates for a sink's messages, in its language and time zone.
type Wording struct {
	Templates *render.Set
	ByRoute   map[string]*render.Set // for routes with templates of their own
	Redact    redact.Rules           // facts that the sink must not receive
}

// Composer writes the messages of one sink: from the event's template, addressed to the sink's
// recipients.
type Composer struct {
	messages   *MessageCache
	wording    Wording
	recipients []*engine.Text
	body       *engine.Text // the template of the sink itself, or nil
}

// NewComposer compiles a sink's recipients and body, which may be templates.
func NewComposer(messages *MessageCache, wording Wording, name string, sink bridge.Sink) (*Composer, error) {
	if len(wording.Redact) > 0 {
		messages = NewMessageCache() // messages of other sinks contain facts that this one must not receive
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

// AddReads adds the facts that the templates read.
func (c *Composer) AddReads(to *bridge.Reads) {
	to.Add(c.wording.Templates.Reads())
	for _, templates := range c.wording.ByRoute {
		to.Add(templates.Reads())
	}
}

// Message writes the message of one delivery.
func (c *Composer) Message(ctx context.Context, d bridge.Delivery) (bridge.Message, error) {
	return c.compose(ctx, queueEntry{deliveries: c.redacted([]bridge.Delivery{d})})
}

// redacted removes the facts that the sink must not receive. It changes the deliveries in
// place.
func (c *Composer) redacted(all []bridge.Delivery) []bridge.Delivery {
	for i := range all {
		all[i].Facts = c.wording.Redact.Facts(all[i].Facts)
	}
	return all
}

// compose writes the message of a queue entry, whose deliveries all have the same recipients.
func (c *Composer) compose(ctx context.Context, e queueEntry) (m bridge.Message, err error) {
	first := e.asDelivery()
	templates := c.wording.ByRoute[first.Route]
	if templates == nil {
		templates = c.wording.Templates
	}
	if len(e.deliveries) == 1 {
		m, err = c.messages.get(ctx, templates, e.deliveries[0])
	} else {
		m, err = c.composeParcel(ctx, templates, e)
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

// composeParcel writes the digest or the story of a parcel.
func (c *Composer) composeParcel(ctx context.Context, templates *render.Set, e queueEntry) (m bridge.Message, err error) {
	facts := make([]bridge.Facts, len(e.deliveries))
	for n, d := range e.deliveries {
		facts[n] = d.Facts
	}
	if _, _, story := parseStoryKey(e.parcel.Key); story {
		m, err = templates.Story(ctx, facts)
	} else {
		var group func(bridge.Facts) string
		if key, ok := strings.CutPrefix(e.parcel.Key, digestKeyPrefix); ok && key != "" {
			group = func(bridge.Facts) string { return key }
		}
		m, err = templates.Together(ctx, facts, group)
	}
	addNotes(&m, templates, facts)
	return m, err
}

// addNotes adds notes about the origin of the facts to the footer.
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

// recipientsOf evaluates the recipients of a delivery.
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

// recipientsOrError is recipientsOf for callers that only compare recipients. The error itself
// is reported when the message is written.
func (c *Composer) recipientsOrError(ctx context.Context, d bridge.Delivery) []string {
	all, err := c.recipientsOf(ctx, d)
	if err != nil {
		return []string{"", err.Error()}
	}
	return all
}

// Preview writes the message of deliveries with templates that are not in use yet: one
// message, a digest, or a story.
func (c *Composer) Preview(ctx context.Context, templates *render.Set, all []bridge.Delivery, story bool) (bridge.Message, error) {
	d := *c
	d.messages, d.wording = NewMessageCache(), Wording{Templates: templates}
	e := queueEntry{deliveries: all}
	if story {
		e.parcel.Key = storyKey(bridge.Event{})
	}
	return d.compose(ctx, e)
}

// compileBody compiles a sink's own template. It returns nil if the sink has none.
func compileBody(templates *render.Set, name string, sink bridge.Templated) (*engine.Text, error) {
	text, mediaType := sink.Template()
	if text == "" {
		return nil, nil
	}
	return templates.Body("body of "+name, text, mediaType)
}

// bodyData returns what a sink's own template can read: the facts, the finished message, and
// the delivery.
func bodyData(d bridge.Delivery, m bridge.Message) map[string]any {
	data := maps.Clone(map[string]any(d.Facts))
	if data == nil {
		data = map[string]any{}
	}
	data["message"] = m.Data()
	data["delivery"] = map[string]any{"id": d.ID, "route": d.Route, "routedAt": d.Routed.UTC().Format(time.RFC3339)}
	return data
}
