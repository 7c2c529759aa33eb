package wall

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/discord"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/slack"
)

// Bots returns the settings of one sink for each platform that has bots, named after it.
func (w *Wall) Bots(baseURL string) map[string]map[string]any {
	base := strings.TrimSuffix(baseURL, "/")
	return map[string]map[string]any{
		Slack:   {"type": Slack, "token": slack.BotToken, "channel": "#academy", "api_url": base + "/api/"},
		Discord: {"type": Discord, "token": discord.BotToken, "channel_id": discord.BotChannel, "api_url": base + "/api/v10"},
	}
}

// Others returns the settings of one sink for each platform to which the demo does not
// send, named after it.
func (w *Wall) Others(baseURL string) map[string]map[string]any {
	return sinks(baseURL, false)
}

// sinks returns the settings of one sink for each HTTP platform, either those of the demo
// or the others.
func sinks(baseURL string, demo bool) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, e := range emulators() {
		if e.demo == demo && e.sink != nil {
			all[e.name] = e.sink(strings.TrimSuffix(baseURL, "/"))
			all[e.name]["type"] = e.name
		}
	}
	return all
}

// Forum returns the settings of a Discord webhook whose channel is a forum.
func (w *Wall) Forum(baseURL string) map[string]any {
	return map[string]any{
		"type": Discord, "forum": true,
		"webhook_url": strings.TrimSuffix(baseURL, "/") + "/api/v10/webhooks/" + discord.ForumHook + "/" + strings.Repeat("wall-demo-token_", 4),
	}
}

// Sinks returns the settings, as in the bridge's configuration, of one sink for each
// platform to which the demo sends, named after it. baseURL is where Handler is served,
// such as "http://127.0.0.1:8085"; smtpAddr is the host and port of ServeSMTP. The
// addresses and keys are fictional, in the form of real ones.
func (w *Wall) Sinks(baseURL, smtpAddr string) map[string]map[string]any {
	all := sinks(baseURL, true)
	all[Email] = map[string]any{
		"type": Email, "smtp": "smtp://" + smtpAddr, "ca": string(w.CertificateAuthority()),
		"username": MailUser, "password": MailPassword,
		"from": "Absorb <absorb@wall.example>", "to": []any{"people-team@wall.example"},
	}
	return all
}
