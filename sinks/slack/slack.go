// Package slack sends messages to Slack: to a channel by its incoming webhook, or, as
// an app's bot, to channels and people by the Web API.
//
// A webhook needs nothing but its URL. The bot can do more: it keeps messages in
// threads, edits them, and finds people by their email addresses.
//
// Limits are those of Slack's own SDK (python-slack-sdk, models/blocks) and of
// api.slack.com/messaging/webhooks.
package slack

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Slack sink's settings: those of a webhook or those of a bot.
type Config struct {
	WebhookURL bridge.Secret `koanf:"webhook_url" need:"or token" ask:"URL of the app's incoming webhook (api.slack.com/apps: your app, Incoming Webhooks)"` // of an app's incoming webhook; it decides the channel

	Token    bridge.Secret `koanf:"token" need:"or webhook_url" ask:"Bot User OAuth Token of the app, xoxb-… (its page OAuth & Permissions)"` // of an app's bot, xoxb-…
	Channel  string        `koanf:"channel" need:"with token" ask:"Channel of the bot, such as #academy"`                                     // #name, an id, or @ and an email address; may be a template
	Fallback string        `koanf:"fallback"`                                                                                                 // a channel for messages to people who cannot be found
	APIURL   string        `koanf:"api_url"`                                                                                                  // of the Web API, https://slack.com/api/ unless set

	Mentions kit.Table `koanf:"mentions"` // user ids by email address, for people whom Slack knows by another
}

// Sink is one incoming webhook.
type Sink struct {
	url      bridge.Secret
	mentions kit.Table
	client   *http.Client
}

var _ bridge.Sink = (*Sink)(nil)

// Type describes Slack sinks. A webhook takes one message a second, with short
// bursts, and so does a channel from a bot (api.slack.com/docs/rate-limits).
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 1, Burst: 3},
		Escape:      Escape,
		CheckNative: CheckNative,
		Config:      Config{},
		Gauges:      gauges,
		Example:     map[string]any{"webhook_url": "https://hooks.slack.com/services/T00000000/B00000000/example"},
		BotExample: map[string]any{
			"token": "xoxb-000000000000-example", "channel": "@{{ .supervisor.emailAddress }}", "fallback": "#academy",
		},
	}
}

// New builds a Slack sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	var c Config
	if err := setup.Decode(&c); err != nil {
		return nil, err
	}
	if setup.Bot(c.Token, c.WebhookURL) {
		return newBot(c, setup)
	}
	err := errors.Join(checkURL(c.WebhookURL), c.withoutBot(), c.Mentions.Check(userID, "U012AB3CD"))
	if err != nil {
		return nil, err
	}
	return &Sink{url: c.WebhookURL, mentions: c.Mentions, client: setup.Client}, nil
}

// userID is the form of Slack's ids of people.
const userID = `[UW][A-Z0-9]{2,20}`

// withoutBot finds settings that only a bot has.
func (c Config) withoutBot() error {
	const ofBots = "goes with a bot's token; a webhook decides the channel by itself"
	var faults kit.Faults
	faults.If(c.Channel != "", "channel", ofBots)
	faults.If(c.Fallback != "", "fallback", ofBots)
	faults.If(c.APIURL != "", "api_url", ofBots)
	return faults.Err()
}

func checkURL(secret bridge.Secret) error {
	_, err := kit.WebhookURL(secret, "slack", "copy it from the app's page Incoming Webhooks; or give a bot's token and a channel",
		"a URL like https://hooks.slack.com/services/…")
	return err
}

// Encode writes a message in Block Kit. Only people of the table are mentioned.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	return encode(m.SpellMentions(s.mentions.Has), func(p bridge.Person) string {
		id, _ := s.mentions.ID(p)
		return "<@" + id + ">"
	}, nil)
}

// Send posts one message.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := kit.Post(ctx, s.client, kit.Request{URL: s.url, Body: p.Body, Type: p.ContentType})
	if err != nil {
		return bridge.Receipt{}, err
	}
	words := strings.TrimSpace(string(answer.Body))
	if failure := hookAnswers.Failure(answer, s.url); failure != nil {
		return bridge.Receipt{}, classify(failure, words)
	}
	return bridge.Receipt{Status: answer.Status, Detail: words}, nil
}

func classify(failure *bridge.SendError, words string) *bridge.SendError {
	if kind, known := kindOf(words); known && failure.Kind != bridge.Limited {
		failure.Kind = kind
	}
	return failure
}

// Probe connects without posting.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	return kit.Reach(ctx, s.client, s.url)
}
