package workshop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Preview is the result of a text for the chosen events.
type Preview struct {
	Problems []bridge.Problem // errors in the text; then the other fields are empty
	Notices  []string
	Panes    []Pane
	Facts    []Node // facts of the first event
}

// Pane is the message on one platform.
type Pane struct {
	Platform  string
	Title     string
	Drawing   template.HTML
	Card      string // the Adaptive Card, for platforms that have one
	Gauges    []kit.Gauge
	Shortened []string
	Raw       string // the payload
	Problem   string // why there is no message
}

// Preview writes the events' message with a text, for every platform.
func (w *Workshop) Preview(ctx context.Context, s *Subject, text []byte) (Preview, error) {
	if err := checkLength(text); err != nil {
		return Preview{}, err
	}
	done, err := w.turn(ctx)
	if err != nil {
		return Preview{}, err
	}
	defer done()
	templates, deliveries, p, err := s.prepare(ctx, text)
	if err != nil || len(p.Problems) > 0 {
		return p, err
	}
	for _, sink := range s.Place.Platforms {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		pane, err := s.pane(ctx, templates, deliveries, sink)
		if problem, ok := render.ProblemOf(err); ok { // the same on all platforms
			p.Problems, p.Panes = []bridge.Problem{problem}, nil
			return p, nil
		}
		p.Panes = append(p.Panes, pane)
	}
	return p, nil
}

// prepare compiles a text and collects what its template needs.
func (s *Subject) prepare(ctx context.Context, text []byte) (*render.Set, []bridge.Delivery, Preview, error) {
	p := Preview{Notices: s.Notices()}
	templates, err := s.templates.With(s.draft(text))
	if problems, ok := errors.AsType[bridge.Problems](err); ok {
		p.Problems = problems
	} else if err != nil {
		return nil, nil, p, err
	}
	known := templates
	if known == nil { // show the event's facts anyway
		known = s.templates
	}
	deliveries, err := s.deliveries(ctx, known)
	if problem, ok := render.ProblemOf(err); ok {
		p.Problems = append(p.Problems, problem)
		return templates, nil, p, nil
	}
	if err != nil {
		return nil, nil, p, badRequest("Cannot make the sample event: " + err.Error())
	}
	p.Facts = Tree(deliveries[0].Facts)
	return templates, deliveries, p, nil
}

// pane returns the message on a sink's platform. Its error is the template's.
func (s *Subject) pane(ctx context.Context, templates *render.Set, all []bridge.Delivery, sink Sink) (Pane, error) {
	p := Pane{Platform: sink.Type, Title: wall.Title(sink.Type)}
	payload, err := s.encode(ctx, templates, all, sink)
	if err != nil {
		p.Problem = err.Error()
		return p, err
	}
	p.Shortened, p.Raw, p.Card = payload.Shortened, readable(payload.Body), card(sink.Type, payload.Body)
	if sink.Gauges != nil {
		p.Gauges = sink.Gauges(payload.Body)
	}
	if p.Drawing, err = wall.RenderPayload(sink.Type, payload); err != nil {
		p.Problem = "cannot draw this message: " + err.Error()
	}
	return p, nil
}

func (s *Subject) encode(ctx context.Context, templates *render.Set, all []bridge.Delivery, sink Sink) (bridge.Payload, error) {
	m, err := sink.Composer.Preview(ctx, templates, all, s.Kind == Story)
	if err != nil {
		return bridge.Payload{}, err
	}
	return sink.Encode(m)
}

// card returns the Adaptive Card in a payload for Teams, which the browser draws.
func card(platform string, body []byte) string {
	var message struct {
		Attachments []struct {
			Content json.RawMessage `json:"content"`
		} `json:"attachments"`
	}
	if platform != wall.Teams || json.Unmarshal(body, &message) != nil || len(message.Attachments) == 0 {
		return ""
	}
	return string(message.Attachments[0].Content)
}

// readable indents JSON, and returns everything else unchanged.
func readable(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") == nil {
		return b.String()
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}
