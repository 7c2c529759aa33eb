// Package webhook posts events to HTTP endpoints of your own, signed by the
// Standard Webhooks specification (github.com/standard-webhooks/standard-webhooks).
//
// What is posted is the event with all that is known of it, the same as a
// CloudEvent, or a template's result. Unless an admin allows it, a connection to
// an address that is not public is refused when it is dialled, whatever name led
// there.
package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Sink is one endpoint.
type Sink struct {
	config  Config
	keys    [][]byte        // of the signatures
	header  http.Header     // the admin's own
	secrets []bridge.Secret // all that answers must not repeat
	answers kit.Answers
	client  *http.Client
}

var (
	_ bridge.Sink      = (*Sink)(nil)
	_ bridge.Templated = (*Sink)(nil)
	_ bridge.Verbatim  = (*Sink)(nil)
)

// Type describes webhook sinks.
func Type() kit.Type {
	return kit.Type{
		New:    New,
		Limit:  bridge.Limit{Rate: 10, Burst: 20},
		Escape: bridge.CleanText,
		Config: defaults(),
		Example: map[string]any{
			"url":     "https://example.com/absorb-events",
			"secrets": []any{"whsec_ZXhhbXBsZSBvZiBhIHNlY3JldCBvZiBub2JvZHk="},
			"method":  http.MethodPost, "format": formatEvent, "allow_private": false,
		},
	}
}

// New builds a webhook sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	c := defaults()
	wrong := setup.Listed("secrets").Decode(&c)
	s := &Sink{config: c, header: http.Header{}, secrets: []bridge.Secret{c.URL}, client: setup.Client}
	if s.config.Expect.Refused.Status == nil {
		s.config.Expect.Refused.Status = refusals()
	}
	if err := errors.Join(wrong, s.check()); err != nil {
		return nil, err
	}
	s.answers = s.config.Expect.answers()
	if !c.AllowPrivate {
		s.client = publicOnly(setup.Client)
	}
	return s, nil
}

// Template is the body's, if there is one.
func (s *Sink) Template() (text, mediaType string) { return s.config.Body, s.config.ContentType }

// Send posts once. The id stays the same over all attempts, the time and with it
// the signature are the attempt's.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	header := s.header.Clone()
	sign(header, s.keys, p.MessageID, time.Now(), p.Body)
	answer, err := kit.Post(ctx, s.client, kit.Request{
		Method: s.config.Method, URL: s.config.URL, Header: header, Body: p.Body, Type: p.ContentType,
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := s.answers.Failure(answer, s.secrets...); failure != nil {
		return bridge.Receipt{}, s.config.Expect.refine(failure)
	}
	return bridge.Receipt{Status: answer.Status, Detail: answer.Detail(s.secrets...)}, nil
}

// Verbatim says that programs read what the sink sends.
func (*Sink) Verbatim() {}

// Probe connects without posting.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, s.config.URL)
}
