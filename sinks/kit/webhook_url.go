package kit

import (
	"net/url"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// WebhookURL reads the setting webhook_url of a sink type. A platform may have hosts
// of its own choice, so any will do, except those that are known to be another
// platform's: it would refuse the first message. An error says where the URL is copied
// from, and what it looks like.
func WebhookURL(secret bridge.Secret, sinkType, source, wanted string) (*url.URL, error) {
	if secret.Empty() {
		return nil, Setting("webhook_url", "required: %s", source)
	}
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, Setting("webhook_url", "want %s", wanted)
	}
	if other := typeOf(strings.ToLower(u.Hostname())); other != "" && other != sinkType {
		return nil, Setting("webhook_url", "this is the URL of a webhook of another platform: write type: %s, or give %s", other, wanted)
	}
	return u, nil
}

// typeOf is the sink type for a platform's well-known host, or "".
func typeOf(host string) string {
	switch host {
	case "hooks.slack.com", "hooks.slack-gov.com":
		return "slack"
	case "discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com":
		return "discord"
	case "chat.googleapis.com":
		return "googlechat"
	}
	for _, domain := range []string{".logic.azure.com", ".api.powerplatform.com", ".webhook.office.com"} {
		if strings.HasSuffix(host, domain) {
			return "teams"
		}
	}
	return ""
}
