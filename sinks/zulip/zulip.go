// Package zulip sends messages to channels of Zulip organisations by a bot
// (zulip.com/api).
package zulip

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Zulip sink's settings.
type Config struct {
	Server  string        `koanf:"server" need:"always" ask:"Address of the organisation, https://…"`
	Email   string        `koanf:"email" need:"always" ask:"Email address of the bot"`
	Key     bridge.Secret `koanf:"key" need:"always" ask:"API key of the bot"`
	Channel string        `koanf:"channel" need:"always" ask:"Name of the channel"`
	Topic   string        `koanf:"topic"` // of messages without a conversation
}

const (
	exampleServer = "https://acme.zulipchat.com"
	defaultTopic  = "Absorb LMS"
)

func defaults() Config { return Config{Topic: defaultTopic} }

// Sink is a bot in one channel.
type Sink struct {
	config  Config
	server  *url.URL
	secrets []bridge.Secret
	client  *http.Client
}

var (
	_ bridge.Sink     = (*Sink)(nil)
	_ bridge.Bucketed = (*Sink)(nil)
	_ bridge.Threaded = (*Sink)(nil)
	_ bridge.Updating = (*Sink)(nil)
	_ bridge.Probed   = (*Sink)(nil)
)

// Type describes Zulip sinks. A bot may ask 200 times a minute, unless the server's
// operator says otherwise.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 2, Burst: 10},
		Escape:      func(s string) string { return escape(bridge.CleanText(s)) },
		CheckNative: kit.NoNative,
		Config:      defaults(),
		Example:     map[string]any{"server": exampleServer, "email": "absorb-bot@acme.zulipchat.com", "key": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "channel": "academy"},
		Gauges: func(body []byte) []kit.Gauge {
			return []kit.Gauge{{What: "the text", Used: kit.MeasureTexts(body, kit.Runes, "content"), Most: maxContent, Unit: "characters"}}
		},
	}
}

// New builds a Zulip sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{config: defaults(), client: setup.Client}
	if err := setup.Decode(&s.config); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.secrets = kit.BasicSecrets(s.config.Email, s.config.Key)
	return s, nil
}

func (s *Sink) check() error {
	c := s.config
	var faults kit.Faults
	var err error
	s.server, err = kit.Server("server", c.Server, exampleServer)
	faults.Add(err)
	faults.If(!strings.Contains(c.Email, "@") || strings.ContainsAny(c.Email, " :"), "email", "want the bot's email address, from Settings, Bots")
	faults.If(c.Key.Empty() || strings.ContainsAny(c.Key.Reveal(), " \t\r\n"), "key", "want the bot's API key, from Settings, Bots")
	faults.If(c.Channel == "" || strings.HasPrefix(c.Channel, "#"), "channel", "want the channel's name, without #")
	faults.If(c.Topic == "" || kit.Runes(c.Topic) > maxTopic, "topic", "want 1 to 60 characters")
	return faults.Err()
}

// Bucket is the bot: Zulip limits each by itself.
func (s *Sink) Bucket() string { return s.server.Host + " " + s.config.Email }

// Threads is true: a conversation is a topic.
func (s *Sink) Threads() bool { return true }

// Updates is true: a bot can edit its messages.
func (s *Sink) Updates() bool { return true }
