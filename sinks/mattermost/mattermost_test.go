package mattermost

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// fault is an error as Mattermost writes it.
func fault(id, message string) string {
	return `{"id":"` + id + `","message":"` + message + `","detailed_error":"","request_id":"4m5b8nkq3jrh9kcxqz1f6w7p5c","status_code":400}`
}

func suite() sinktest.Suite {
	return sinktest.HookSuite("mattermost", "attachments.fallback", New, maxTotal, map[sinktest.Behaviour]http.HandlerFunc{
		sinktest.Accept: sinktest.Says(200, "ok"),
		sinktest.Reject: sinktest.Says(400, fault("web.incoming_webhook.parse.app_error", "Unable to parse incoming data.")),
		sinktest.Break:  sinktest.Says(400, fault("web.incoming_webhook.invalid.app_error", "Invalid webhook.")),
	}, sinktest.Own{Taken: "ok", Refused: fault("api.context.some_new.app_error", "No.")})
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

func TestAnswers(t *testing.T) {
	sinktest.Classifies(t, func(base string) bridge.Sink { return sinktest.Hook(t, New, base+"/hooks/x/y") }, sinktest.Answers{
		{200, "", "<html><head><title>Sign in</title></head></html>", bridge.Temporary, 0, "Sign in"},
		{400, "", fault("web.incoming_webhook.invalid.app_error", "Invalid webhook."), bridge.DestinationBroken, 0, "Invalid webhook."},
		{404, "", fault("web.incoming_webhook.channel.app_error", "Couldn't find the channel."), bridge.DestinationBroken, 0, "the channel"},
		{403, "", fault("web.incoming_webhook.channel_locked.app_error", "locked"), bridge.DestinationBroken, 0, "locked"},
		{403, "", fault("web.incoming_webhook.permissions.app_error", "no"), bridge.DestinationBroken, 0, "permissions"},
		{501, "", fault("web.incoming_webhook.disabled.app_error", "disabled"), bridge.DestinationBroken, 0, "disabled"},
		{400, "", fault("web.incoming_webhook.general.app_error", "Failed to handle the payload"), bridge.DestinationBroken, 0, "payload"},
		{500, "", fault("web.incoming_webhook.general.app_error", "Failed to handle the payload"), bridge.Temporary, 0, "payload"},
		{400, "", fault("web.incoming_webhook.decode.app_error", "x"), bridge.MessageRejected, 0, "decode"},
		{400, "", fault("web.incoming_webhook.text.app_error", "No text specified."), bridge.MessageRejected, 0, "No text"},
		{400, "", fault("api.something.invalid.app_error", "x"), bridge.MessageRejected, 0, "something"},
		{429, "3", "limit exceeded", bridge.Limited, 3 * time.Second, "limit exceeded"},
		{429, "", fault("web.incoming_webhook.invalid.app_error", "x"), bridge.Limited, 0, "invalid"},
		{503, "", "<html><title>503</title>", bridge.Temporary, 0, "503"},
		{302, "", "", bridge.Temporary, 0, "redirects are not followed"},
	})
}

func TestSettingsAreChecked(t *testing.T) { sinktest.HookSettings(t, New) }

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Hook(t, New, exampleURL)) }

func TestNativeReplacesKeys(t *testing.T) {
	p, err := sinktest.Hook(t, New, exampleURL).Encode(bridge.Message{Title: "x", Native: map[string]map[string]any{"mattermost": {"text": "own", "props": map[string]any{"card": "y"}}}})
	if err != nil || !strings.Contains(string(p.Body), `"text":"own"`) || !strings.Contains(string(p.Body), `"card":"y"`) {
		t.Errorf("payload %s, %v", p.Body, err)
	}
}
