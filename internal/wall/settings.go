package wall

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/discord"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/gotify"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/matrix"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/ntfy"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/pushover"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/slack"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/telegram"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/zulip"
)

// Bots gives the settings of one sink for each platform that has bots, named after it.
func (w *Wall) Bots(baseURL string) map[string]map[string]any {
	base := strings.TrimSuffix(baseURL, "/")
	return map[string]map[string]any{
		Slack:   {"type": Slack, "token": slack.BotToken, "channel": "#academy", "api_url": base + "/api/"},
		Discord: {"type": Discord, "token": discord.BotToken, "channel_id": discord.BotChannel, "api_url": base + "/api/v10"},
	}
}

// Others gives the settings of one sink for each of the other platforms, named after it.
func (w *Wall) Others(baseURL string) map[string]map[string]any {
	base := strings.TrimSuffix(baseURL, "/")
	return map[string]map[string]any{
		Ntfy:     {"type": Ntfy, "server": base + "/ntfy", "topic": ntfy.Topic, "token": ntfy.Token},
		Matrix:   {"type": Matrix, "server": base + "/matrix", "token": matrix.Token, "room": "#academy:wall.example"},
		Pushover: {"type": Pushover, "token": pushover.Token, "user": pushover.User, "api_url": base + "/pushover"},
		Zulip:    {"type": Zulip, "server": base + "/zulip", "email": zulip.Email, "key": zulip.Key, "channel": "academy"},
		Telegram: {"type": Telegram, "token": telegram.Token, "chat": "@academy", "api_url": base + "/telegram"},
		Gotify:   {"type": Gotify, "server": base + "/gotify", "token": gotify.Token},
	}
}

// Forum gives the settings of a webhook of Discord whose channel is a forum.
func (w *Wall) Forum(baseURL string) map[string]any {
	return map[string]any{
		"type": Discord, "forum": true,
		"webhook_url": strings.TrimSuffix(baseURL, "/") + "/api/v10/webhooks/" + discord.ForumHook + "/" + strings.Repeat("wall-demo-token_", 4),
	}
}

// Sinks gives the settings, as in the bridge's configuration, of one sink for
// each platform, named after it. baseURL is where Handler is served, such as
// "http://127.0.0.1:8085"; smtpAddr is ServeSMTP's host and port. The addresses
// and keys are made up; they have the form of real ones.
func (w *Wall) Sinks(baseURL, smtpAddr string) map[string]map[string]any {
	base := strings.TrimSuffix(baseURL, "/")
	hook := func(platform, path string) map[string]any {
		return map[string]any{"type": platform, "webhook_url": base + path}
	}
	return map[string]map[string]any{
		Slack:      hook(Slack, "/services/T0WALLDEM/B0WALLDEM01/f2Kq8ZpXw1LdVt6YbN3rJm7c"),
		Discord:    hook(Discord, "/api/v10/webhooks/1310000000000000001/"+strings.Repeat("wall-demo-token_", 4)),
		GoogleChat: hook(GoogleChat, "/v1/spaces/AAAAwalldemo/messages?key=wall-demo-api-key-0001&token=wall-demo-chat-token-0001"),
		Teams:      hook(Teams, "/workflows/3f2a9d5c71e84b06a1c7d2e58f904b13/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=wall-demo-signature-0001"),
		Mattermost: hook(Mattermost, "/hooks/wa11dem0wa11dem0wa11dem0wa"),
		RocketChat: hook(RocketChat, "/hooks/6561727468206973207374/wallDemoTokenOfRocketChat0001"),
		Webhook:    {"type": Webhook, "url": base + "/webhook/crm", "secrets": []any{WebhookSecret}, "allow_private": true},
		Email: {
			"type": Email, "smtp": "smtp://" + smtpAddr, "ca": string(w.CertificateAuthority()),
			"username": MailUser, "password": MailPassword,
			"from": "Absorb <absorb@wall.example>", "to": []any{"people-team@wall.example"},
		},
	}
}
