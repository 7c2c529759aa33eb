// Package slack sends messages to Slack channels by incoming webhooks.
//
// Limits are those of Slack's own SDK (python-slack-sdk, models/blocks) and of
// api.slack.com/messaging/webhooks.
package slack

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Slack sink's settings.
type Config struct {
	WebhookURL bridge.Secret `koanf:"webhook_url"` // of an app's incoming webhook; it decides the channel
}

// Sink is one incoming webhook.
type Sink struct {
	url    bridge.Secret
	client *http.Client
}

var _ bridge.Sink = (*Sink)(nil)

// Type describes Slack sinks. A webhook takes one message a second, with short
// bursts (api.slack.com/docs/rate-limits).
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 1, Burst: 3},
		Escape:      Escape,
		CheckNative: CheckNative,
		Example:     map[string]any{"webhook_url": "https://hooks.slack.com/services/T00000000/B00000000/example"},
	}
}

// New builds a Slack sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	var c Config
	if err := setup.Decode(&c); err != nil {
		return nil, err
	}
	if err := checkURL(c.WebhookURL); err != nil {
		return nil, err
	}
	return &Sink{url: c.WebhookURL, client: setup.Client}, nil
}

func checkURL(secret bridge.Secret) error {
	if secret.Empty() {
		return kit.Setting("webhook_url", "required: copy it from the app's page Incoming Webhooks")
	}
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return kit.Setting("webhook_url", "want a URL like https://hooks.slack.com/services/…")
	}
	return nil
}

// Send posts one message. Slack answers 200 and the text "ok"; anything else,
// another text under 200 included, is a failure.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := kit.Post(ctx, s.client, kit.Request{URL: s.url, Body: p.Body, Type: p.ContentType})
	if err != nil {
		return bridge.Receipt{}, err
	}
	words := strings.TrimSpace(string(answer.Body))
	if answer.Status == http.StatusOK && words == "ok" {
		return bridge.Receipt{Status: answer.Status, Detail: words}, nil
	}
	failure := kit.Failure(answer, s.url)
	if kind, known := kindOf(words); known && failure.Kind != bridge.Limited {
		failure.Kind = kind
	}
	return bridge.Receipt{}, failure
}

// kindOf classifies Slack's words, which say more than its status: some of the
// same errors come under several.
func kindOf(words string) (bridge.Kind, bool) {
	switch words {
	case "invalid_payload", "no_text", "too_many_attachments", "invalid_blocks", "msg_too_long", "msg_blocks_too_long",
		"invalid_attachments", "invalid_arguments":
		return bridge.MessageRejected, true
	case "no_service", "no_service_id", "no_team", "invalid_token", "no_active_hooks", "team_disabled",
		"channel_is_archived", "channel_not_found", "user_not_found", "action_prohibited",
		"posting_to_general_channel_denied", "restricted_action":
		return bridge.DestinationBroken, true
	case "rollup_error", "fatal_error", "internal_error":
		return bridge.Temporary, true
	case "ratelimited", "rate_limited":
		return bridge.Limited, true
	}
	return bridge.Temporary, false
}
