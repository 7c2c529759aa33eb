// Package mattermost sends messages to Mattermost channels by incoming webhooks
// (developers.mattermost.com: Incoming webhooks, Message attachments).
package mattermost

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Sink is one incoming webhook.
type Sink struct{ *kit.Hook }

var _ bridge.Sink = (*Sink)(nil)

// exampleURL leads nowhere.
const exampleURL = "https://mattermost.example.com/hooks/xxxxxxxxxxxxxxxxxxxxxxxxxx"

// Type describes Mattermost sinks. A server limits requests only if its operator
// says so, and then to ten a second unless changed.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 5, Burst: 10},
		Escape:      Escape,
		CheckNative: CheckNative,
		Config:      kit.HookConfig{},
		Gauges:      kit.AllTexts(maxTotal),
		Example: map[string]any{
			"webhook_url": exampleURL, "channel": "town-square", "username": "Absorb", "icon_url": "https://example.com/absorb.png",
		},
	}
}

// New builds a Mattermost sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	hook, err := kit.NewHook(setup, exampleURL)
	if err != nil {
		return nil, err
	}
	return &Sink{hook}, nil
}

// Send posts one message.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := s.Post(ctx, p)
	if err != nil {
		return bridge.Receipt{}, err
	}
	failure := answers.Failure(answer, s.WebhookURL)
	if failure == nil {
		return bridge.Receipt{Status: answer.Status, Detail: "ok"}, nil
	}
	var words struct {
		ID string `json:"id"`
	}
	if failure.Intermediary || failure.Kind == bridge.Limited || json.Unmarshal(answer.Body, &words) != nil {
		return bridge.Receipt{}, failure
	}
	if kind, known := kindOf(words.ID, answer.Status); known {
		failure.Kind = kind
	}
	return bridge.Receipt{}, failure
}

// kindOf classifies the ids of Mattermost's errors (server: app/webhook.go,
// web/webhook.go), which say more than their statuses: a webhook that was deleted
// is a 400, one that is switched off a 501.
func kindOf(id string, status int) (bridge.Kind, bool) {
	id, ours := strings.CutPrefix(id, "web.incoming_webhook.")
	switch strings.TrimSuffix(id, ".app_error") {
	case "disabled", "invalid", "channel", "channel_locked", "user", "permissions":
		return bridge.DestinationBroken, ours
	case "parse", "decode", "text", "text.length", "attachment", "split_props_length":
		return bridge.MessageRejected, ours
	case "general":
		// Newer servers hide the reason in their log. The bridge's messages are well
		// formed, so it is hardly them.
		return bridge.DestinationBroken, ours && status < 500
	}
	return bridge.Temporary, false
}
