// Package rocketchat sends messages to Rocket.Chat channels by incoming webhook
// integrations (docs.rocket.chat: Integrations).
package rocketchat

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Sink is one incoming integration.
type Sink struct{ *kit.Hook }

var _ bridge.Sink = (*Sink)(nil)

// exampleURL leads nowhere.
const exampleURL = "https://chat.example.com/hooks/xxxxxxxxxxxxxxxxx/xxxxxxxxxxxxxxxxx"

// Type describes Rocket.Chat sinks. A server takes ten requests a minute of one
// address, unless its operator changes API_Enable_Rate_Limiter_Limit_Calls_Default.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 10.0 / 60, Burst: 5},
		Escape:      Escape,
		CheckNative: CheckNative,
		Config:      kit.HookConfig{},
		Gauges:      kit.AllTexts(maxTotal),
		Example: map[string]any{
			"webhook_url": exampleURL, "channel": "#general", "username": "Absorb", "icon_url": "https://example.com/absorb.png",
		},
	}
}

// New builds a Rocket.Chat sink.
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
		return bridge.Receipt{Status: answer.Status}, nil
	}
	var words struct {
		Error string `json:"error"`
	}
	if failure.Intermediary || json.Unmarshal(answer.Body, &words) != nil {
		return bridge.Receipt{}, failure
	}
	if kind, known := kindOf(words.Error); known {
		failure.Kind = kind
	}
	if found := wait.FindStringSubmatch(words.Error); found != nil && failure.Kind == bridge.Limited {
		seconds, _ := strconv.ParseFloat(found[1], 64)
		failure.RetryAfter = max(failure.RetryAfter, kit.Seconds(seconds))
	}
	return bridge.Receipt{}, failure
}

// wait finds how long Rocket.Chat asks to wait, which it says in its words alone.
var wait = regexp.MustCompile(`must wait (\d+) seconds`)

// kindOf classifies Rocket.Chat's words (server: integrations/server/api/api.ts,
// lib/server/functions/processWebhookMessage.ts), which say more than its
// statuses: nearly all of them are 400.
func kindOf(words string) (bridge.Kind, bool) {
	for _, known := range []struct {
		kind  bridge.Kind
		words []string
	}{
		{bridge.Limited, []string{"error-too-many-requests", "too many requests"}},
		{bridge.MessageRejected, []string{"error-message-size-exceeded", "Invalid JSON"}},
		{bridge.DestinationBroken, []string{
			"Invalid integration id or token", "invalid-channel", "error-invalid-room", "error-invalid-channel", "room_is_blocked", "room_is_archived",
			"room is read only", "room_is_readonly", "You_have_been_muted", "error-not-allowed", "overriding destination channel is disabled",
			"error-running-script", "Service Unavailable", // the integration is switched off
		}},
		{bridge.Temporary, []string{"unknown-error"}},
	} {
		for _, w := range known.words {
			if strings.Contains(words, w) {
				return known.kind, true
			}
		}
	}
	return bridge.Temporary, false
}
