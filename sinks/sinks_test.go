package sinks_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// TestAWebhookOfAnotherPlatform gives every sink type that takes a webhook's URL those
// of the others: it is told which type they want, and never shows the URL.
func TestAWebhookOfAnotherPlatform(t *testing.T) {
	urls := map[string]string{
		"slack":      "https://hooks.slack.com/services/T0/B0/hidden",
		"discord":    "https://discord.com/api/webhooks/123456789/hidden",
		"googlechat": "https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=hidden",
		"teams":      "https://example.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/x/triggers/manual/paths/invoke?api-version=1&sig=hidden",
		"":           "https://chat.example.com/hooks/hidden",
	}
	for name, typ := range sinks.Types() {
		if typ.Example["webhook_url"] == nil {
			continue
		}
		for owner, url := range urls {
			_, err := typ.New(kit.Setup{Name: "new", Settings: map[string]any{"webhook_url": url}, Client: http.DefaultClient})
			switch {
			case owner != "" && owner != name:
				if err == nil || !strings.Contains(err.Error(), "write type: "+owner) || strings.Contains(err.Error(), "hidden") {
					t.Errorf("%s, with a URL of %s: %v", name, owner, err)
				}
			case err != nil && (owner != "" || name != "discord"): // Discord's alone has a path of its own
				t.Errorf("%s, with a URL of %q: %v", name, owner, err)
			}
		}
	}
}
