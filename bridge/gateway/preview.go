package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/redact"
	"github.com/absorb-bridge/absorb-bridge/sinks"
)

// Preview is a sample event's message for one sink.
type Preview struct {
	Event   string
	Sink    string // the sink's name
	Type    string
	Payload bridge.Payload
}

// Previewer writes the messages of sample events for the sinks of a configuration.
type Previewer struct {
	parts   *Parts
	types   map[string]string // by sink
	bots    map[string]bool   // examples that are shown only when named
	sampler *Sampler
}

// NewPreviewer returns a previewer of a configuration's sinks.
func NewPreviewer(c *config.Config) (*Previewer, error) {
	parts, err := Build(c)
	if err != nil {
		return nil, err
	}
	sampler, err := NewSampler(parts.Templates, c.Sources)
	if err != nil {
		return nil, err
	}
	p := &Previewer{parts: parts, types: map[string]string{}, bots: map[string]bool{}, sampler: sampler}
	for _, s := range c.Sinks {
		p.types[s.Name] = s.Type
	}
	return p, nil
}

// NewExamplePreviewer returns a previewer with one sink of each type, named after it.
// It also has bots, such as "slack-bot", which are shown only when named.
func NewExamplePreviewer() (*Previewer, error) {
	c := &config.Config{Timezone: time.UTC}
	types := sinks.Types()
	for _, name := range slices.Sorted(maps.Keys(types)) {
		c.Sinks = append(c.Sinks, config.Sink{Name: name, Type: name, Limit: types[name].Limit, Settings: types[name].Example})
		if bot := types[name].BotExample; bot != nil {
			c.Sinks = append(c.Sinks, config.Sink{Name: botOf(name), Type: name, Limit: types[name].Limit, Settings: bot})
		}
	}
	p, err := NewPreviewer(c)
	if err != nil {
		return nil, err
	}
	for name := range types {
		p.bots[botOf(name)] = true
	}
	return p, nil
}

func botOf(typeName string) string { return typeName + "-bot" }

// Events returns the event types that have a template.
func (p *Previewer) Events() []string { return p.parts.Templates.Events() }

// Match returns the sinks with a name or of a type, or all sinks.
func (p *Previewer) Match(nameOrType string) []string {
	var names []string
	for _, name := range p.parts.Order {
		if nameOrType == name || !p.bots[name] && (nameOrType == "all" || nameOrType == p.types[name]) {
			names = append(names, name)
		}
	}
	return names
}

// Preview writes the message of an event type's sample for a sink.
func (p *Previewer) Preview(ctx context.Context, eventType, sink string) (Preview, error) {
	facts, err := p.sampler.Facts(ctx, eventType)
	if err != nil {
		return Preview{}, fmt.Errorf("preview %s: %w", eventType, err)
	}
	return p.compose(ctx, eventType, sink, facts)
}

// PreviewEvent writes the message of an event for a sink, with the emulated portal's
// facts.
func (p *Previewer) PreviewEvent(ctx context.Context, e bridge.Event, sink string) (Preview, error) {
	facts, err := p.sampler.FactsOf(ctx, e)
	if err != nil {
		return Preview{}, fmt.Errorf("preview %s: %w", e.Type, err)
	}
	return p.compose(ctx, e.Type, sink, facts)
}

func (p *Previewer) compose(ctx context.Context, eventType, sink string, facts bridge.Facts) (Preview, error) {
	m, err := p.parts.Composers[sink].Message(ctx, bridge.Delivery{
		ID: SampleID(eventType), EventID: SampleID(eventType), EventType: eventType, Facts: redact.New(p.parts.redact).Facts(facts),
	})
	if err != nil {
		return Preview{}, fmt.Errorf("preview %s: %w", eventType, err)
	}
	payload, err := p.parts.Sinks[sink].Encode(m)
	if err != nil {
		return Preview{}, fmt.Errorf("preview %s for %s: %w", eventType, sink, err)
	}
	return Preview{Event: eventType, Sink: sink, Type: p.types[sink], Payload: payload}, nil
}

// Send sends an event type's sample to a sink, for real.
func (p *Previewer) Send(ctx context.Context, eventType, sink string) (bridge.Receipt, error) {
	preview, err := p.Preview(ctx, eventType, sink)
	if err != nil {
		return bridge.Receipt{}, err
	}
	return p.parts.Sinks[sink].Send(ctx, preview.Payload)
}
