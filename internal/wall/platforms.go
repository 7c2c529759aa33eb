package wall

import (
	"html/template"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/discord"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/draw"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/email"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/googlechat"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/gotify"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/matrix"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/mattermost"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/ntfy"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/pushover"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/rocketchat"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/slack"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/teams"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/telegram"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/webhook"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/zulip"
)

// The platforms, by the type of the sink that sends to them.
const (
	Slack      = slack.Name
	Discord    = discord.Name
	GoogleChat = googlechat.Name
	Teams      = teams.Name
	Email      = email.Name
	Mattermost = mattermost.Name
	RocketChat = rocketchat.Name
	Webhook    = webhook.Name
	Ntfy       = ntfy.Name
	Gotify     = gotify.Name
	Telegram   = telegram.Name
	Pushover   = pushover.Name
	Zulip      = zulip.Name
	Matrix     = matrix.Name
)

// emulator is all that a Wall knows about one platform.
type emulator struct {
	name  string
	title string                                          // the name for people
	demo  bool                                            // the demo sends to it
	start func(now func() time.Time) []*platform.Platform // its HTTP servers; nil for mail
	sink  func(base string) settings                      // the settings of a sink, without its type; nil for mail
	draw  func(payload []byte) (template.HTML, error)     // draws a message; nil for mail
}

type settings = map[string]any

// emulators lists every platform, in the order of the page's columns. To add one, add
// its entry here and its name above.
func emulators() []emulator {
	return append([]emulator{
		{Slack, "Slack", true, func(now func() time.Time) []*platform.Platform {
			return []*platform.Platform{slack.New(), slack.NewAPI(now)}
		}, hook("/services/T0WALLDEM/B0WALLDEM01/f2Kq8ZpXw1LdVt6YbN3rJm7c"), draw.Slack},
		{Discord, "Discord", true, func(now func() time.Time) []*platform.Platform {
			server := discord.NewServer(now)
			return []*platform.Platform{discord.NewWebhook(server), discord.NewBot(server)}
		}, hook("/api/v10/webhooks/1310000000000000001/" + strings.Repeat("wall-demo-token_", 4)), draw.Discord},
		{GoogleChat, "Google Chat", true, timed(googlechat.New), hook("/v1/spaces/AAAAwalldemo/messages?key=wall-demo-api-key-0001&token=wall-demo-chat-token-0001"), draw.GoogleChat},
		{Teams, "Teams", true, untimed(teams.New), hook("/workflows/3f2a9d5c71e84b06a1c7d2e58f904b13/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=wall-demo-signature-0001"), draw.Teams},
		{name: Email, title: "Email", demo: true},
		{Mattermost, "Mattermost", true, untimed(mattermost.New), hook("/hooks/wa11dem0wa11dem0wa11dem0wa"), draw.Mattermost},
		{RocketChat, "Rocket.Chat", true, untimed(rocketchat.New), hook("/hooks/6561727468206973207374/wallDemoTokenOfRocketChat0001"), draw.RocketChat},
		{Webhook, "Webhook", true, timed(webhook.New), func(base string) settings {
			return settings{"url": base + "/webhook/crm", "secrets": []any{WebhookSecret}, "allow_private": true}
		}, draw.JSON},
	}, otherEmulators()...)
}

// otherEmulators are those to which the demo does not send.
func otherEmulators() []emulator {
	return []emulator{
		{Ntfy, "ntfy", false, timed(ntfy.New), func(base string) settings {
			return settings{"server": base + "/ntfy", "topic": ntfy.Topic, "token": ntfy.Token}
		}, draw.Note},
		{Gotify, "Gotify", false, untimed(gotify.New), func(base string) settings {
			return settings{"server": base + "/gotify", "token": gotify.Token}
		}, draw.Note},
		{Telegram, "Telegram", false, timed(telegram.New), func(base string) settings {
			return settings{"token": telegram.Token, "chat": "@academy", "api_url": base + "/telegram"}
		}, draw.Note},
		{Pushover, "Pushover", false, untimed(pushover.New), func(base string) settings {
			return settings{"token": pushover.Token, "user": pushover.User, "api_url": base + "/pushover"}
		}, draw.Note},
		{Zulip, "Zulip", false, timed(zulip.New), func(base string) settings {
			return settings{"server": base + "/zulip", "email": zulip.Email, "key": zulip.Key, "channel": "academy"}
		}, draw.Note},
		{Matrix, "Matrix", false, untimed(matrix.New), func(base string) settings {
			return settings{"server": base + "/matrix", "token": matrix.Token, "room": "#academy:wall.example"}
		}, draw.Note},
	}
}

// timed starts one server that needs a clock.
func timed(start func(now func() time.Time) *platform.Platform) func(func() time.Time) []*platform.Platform {
	return func(now func() time.Time) []*platform.Platform { return []*platform.Platform{start(now)} }
}

// untimed starts one server that needs no clock.
func untimed(start func() *platform.Platform) func(func() time.Time) []*platform.Platform {
	return func(func() time.Time) []*platform.Platform { return []*platform.Platform{start()} }
}

// hook returns the settings of a sink whose only setting is a webhook's URL.
func hook(path string) func(base string) settings {
	return func(base string) settings { return settings{"webhook_url": base + path} }
}

// Platforms lists the platforms to which the demo sends, in the order of the page's
// columns.
func Platforms() []string { return names(func(e emulator) bool { return e.demo }) }

// everyPlatform lists all platforms. Those to which the demo does not send get a column
// with their first message.
func everyPlatform() []string { return names(func(emulator) bool { return true }) }

func names(include func(emulator) bool) (all []string) {
	for _, e := range emulators() {
		if include(e) {
			all = append(all, e.name)
		}
	}
	return all
}

// Title returns the platform's name for people.
func Title(name string) string {
	for _, e := range emulators() {
		if e.name == name {
			return e.title
		}
	}
	return name
}

// drawPayload draws a message of a platform. The payload of an unknown platform is
// drawn as text.
func drawPayload(name string, payload []byte) (template.HTML, error) {
	for _, e := range emulators() {
		if e.name == name && e.draw != nil {
			return e.draw(payload)
		}
	}
	return draw.Text(payload)
}
