package kit

import (
	"context"
	"errors"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// HookConfig are the settings of a Hook.
type HookConfig struct {
	WebhookURL bridge.Secret `koanf:"webhook_url" need:"always" ask:"URL of the incoming webhook (Integrations, Incoming Webhooks)"`
	Channel    string        `koanf:"channel"`  // in place of the webhook's own, if it allows that
	Username   string        `koanf:"username"` // in place of the webhook's name
	IconURL    string        `koanf:"icon_url"` // in place of the webhook's picture
}

// Hook is an incoming webhook as Slack had it first and other chats still do: it
// takes attachments, and lets the sender choose a channel and a name. Such a chat's
// sink is a Hook that knows the chat's markup and its answers.
type Hook struct {
	HookConfig
	client *http.Client
}

// NewHook builds a hook. The chat's addresses are like an example.
func NewHook(setup Setup, like string) (*Hook, error) {
	h := &Hook{client: setup.Client}
	if err := errors.Join(setup.Decode(&h.HookConfig), h.check(like)); err != nil {
		return nil, err
	}
	return h, nil
}

func (c HookConfig) check(like string) error {
	_, err := WebhookURL(c.WebhookURL, "", "copy it from the chat's page of the incoming webhook", "a URL like "+like)
	return err
}

// Post sends a payload.
func (h *Hook) Post(ctx context.Context, p bridge.Payload) (Answer, error) {
	return Post(ctx, h.client, Request{URL: h.WebhookURL, Body: p.Body, Type: p.ContentType})
}

// Probe connects without posting.
func (h *Hook) Probe(ctx context.Context) (string, error) {
	return Reach(ctx, h.client, h.WebhookURL)
}
