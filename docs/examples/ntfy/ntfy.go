// Package ntfy is the example of docs/adding-a-sink.md: a whole sink, which sends
// push notifications to topics of ntfy servers (docs.ntfy.sh: Publishing, "Publish as
// JSON"). It is kept small for readers. The product's own sink for ntfy, sinks/ntfy,
// does more, so this one is not in the list of sinks.
package ntfy

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// config is what an admin may set.
type config struct {
	Server string        `koanf:"server"`
	Topic  string        `koanf:"topic"`
	Token  bridge.Secret `koanf:"token"` // of a server that asks for one
}

// Sink is one topic.
type Sink struct {
	config config
	client *http.Client
}

var _ bridge.Sink = (*Sink)(nil)

// Type describes ntfy sinks. The public server refills one request every five
// seconds, and lets sixty go at once.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 0.2, Burst: 10},
		Escape:      bridge.CleanText, // it is plain text: nothing in it acts
		CheckNative: kit.NoNative,
		Example:     map[string]any{"topic": "example-topic"},
	}
}

// New builds an ntfy sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{config: config{Server: "https://ntfy.sh"}, client: setup.Client}
	if err := errors.Join(setup.Decode(&s.config), s.config.check()); err != nil {
		return nil, err
	}
	return s, nil
}

func (c config) check() error {
	var faults kit.Faults
	u, err := url.Parse(c.Server)
	faults.If(err != nil || u.Host == "", "server", "want an address like https://ntfy.sh")
	faults.If(c.Topic == "", "topic", "required: the name of the topic that phones subscribe to")
	return faults.Err()
}

// answers are a server's own: the message with its event, or an error with its code.
var answers = kit.Answers{
	Platform: "ntfy",
	Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"id": nil, "event": regexp.MustCompile(`^"message"$`)}}},
	Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"code": regexp.MustCompile(`^\d{5}$`), "error": nil}}},
}

// Send makes one attempt.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	r := kit.Request{URL: bridge.Secret(s.config.Server), Header: http.Header{}, Body: p.Body, Type: p.ContentType}
	if !s.config.Token.Empty() {
		r.Header.Set("Authorization", "Bearer "+s.config.Token.Reveal())
	}
	answer, err := kit.Post(ctx, s.client, r)
	if err != nil {
		return bridge.Receipt{}, err
	}
	if failure := answers.Failure(answer, s.config.Token); failure != nil {
		return bridge.Receipt{}, failure
	}
	return bridge.Receipt{Status: answer.Status, Detail: answer.Detail(s.config.Token)}, nil
}
