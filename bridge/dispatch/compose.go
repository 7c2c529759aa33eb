package dispatch

import (
	"context"
	"fmt"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// incomplete is the fact that some lookup failed, so that the message can say
// why it is lean.
const incomplete = "incomplete"

// Composer writes the messages of one sink: by the event's template, addressed
// to the sink's recipients.
type Composer struct {
	templates  *render.Set
	recipients []*render.Text
}

// NewComposer prepares a sink's recipients, which may be templates themselves.
func NewComposer(templates *render.Set, name string, sink bridge.Sink) (*Composer, error) {
	c := &Composer{templates: templates}
	addressed, ok := sink.(bridge.Addressed)
	if !ok {
		return c, nil
	}
	for _, text := range addressed.Recipients() {
		compiled, err := templates.Text("recipient of "+name, text)
		if err != nil {
			return nil, err
		}
		c.recipients = append(c.recipients, compiled)
	}
	return c, nil
}

// Message is what is said about an event. The id is that of its delivery.
func (c *Composer) Message(ctx context.Context, id, eventType string, facts bridge.Facts) (bridge.Message, error) {
	m, err := c.templates.Template(eventType).Message(ctx, facts)
	if err != nil {
		return bridge.Message{}, err
	}
	m.ID = id
	if facts[incomplete] == true {
		m.Footer = strings.TrimPrefix(m.Footer+" · Absorb could not be asked for details", " · ")
	}
	for _, text := range c.recipients {
		to, err := text.Execute(ctx, facts)
		if err != nil {
			return bridge.Message{}, fmt.Errorf("recipient: %w", err)
		}
		if to = strings.TrimSpace(to); to != "" {
			m.To = append(m.To, to)
		}
	}
	return m, nil
}
