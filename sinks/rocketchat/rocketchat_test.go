package rocketchat

import (
	"net/http"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// fault is an error as Rocket.Chat writes it.
func fault(words string) string { return `{"success":false,"error":"` + words + `"}` }

func suite() sinktest.Suite {
	return sinktest.HookSuite("rocketchat", "text", New, maxTotal, map[sinktest.Behaviour]http.HandlerFunc{
		sinktest.Accept: sinktest.Says(200, `{"success":true}`),
		sinktest.Reject: sinktest.Says(400, fault("Message size exceeds Message_MaxAllowedSize [error-message-size-exceeded]")),
		sinktest.Break:  sinktest.Says(401, fault("Invalid integration id or token provided.")),
		sinktest.Limit: sinktest.Says(429, fault(
			"Error, too many requests. Please slow down. You must wait 7 seconds before trying this endpoint again. [error-too-many-requests]")),
	}, sinktest.Own{Taken: `{"success":true}`, Refused: fault("something new")})
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

func TestAnswers(t *testing.T) {
	const slowDown = "You must wait 46 seconds before trying this endpoint again. [error-too-many-requests]"
	sinktest.Classifies(t, func(base string) bridge.Sink { return sinktest.Hook(t, New, base+"/hooks/x/y") }, sinktest.Answers{
		{200, "", `{"success":false,"error":"unknown-error"}`, bridge.Temporary, 0, "unknown-error"},
		{200, "", "<html><head><title>Sign in</title></head></html>", bridge.Temporary, 0, "Sign in"},
		{400, "", fault("unknown-error"), bridge.Temporary, 0, "unknown-error"},
		{400, "", fault("invalid-channel"), bridge.DestinationBroken, 0, "invalid-channel"},
		{400, "", fault("Invalid integration id or token provided."), bridge.DestinationBroken, 0, "Invalid integration"},
		{404, "", fault("Invalid integration id or token provided."), bridge.DestinationBroken, 0, "Invalid integration"},
		{400, "", fault("overriding destination channel is disabled for this integration"), bridge.DestinationBroken, 0, "overriding"},
		{400, "", fault("error-running-script"), bridge.DestinationBroken, 0, "script"},
		{503, "", fault("Service Unavailable"), bridge.DestinationBroken, 0, "Unavailable"},
		{503, "", "<html><title>503</title>", bridge.Temporary, 0, "503"},
		{400, "", fault("error-message-size-exceeded"), bridge.MessageRejected, 0, "size"},
		{400, "", fault("something else"), bridge.MessageRejected, 0, "something else"},
		{400, "", fault(slowDown), bridge.Limited, 46 * time.Second, "wait 46"},
		{429, "", fault(slowDown), bridge.Limited, 46 * time.Second, "wait 46"},
		{429, "", "", bridge.Limited, 0, "Too Many"},
	})
}

func TestSettingsAreChecked(t *testing.T) { sinktest.HookSettings(t, New) }

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Hook(t, New, exampleURL)) }
