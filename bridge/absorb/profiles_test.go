package absorb_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// TestEveryProfileIsUnderstood verifies and parses all events in every way in
// which the emulated portal can write them.
func TestEveryProfileIsUnderstood(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 2, 31, 120_000_000, time.UTC)
	p := portal.New(portal.Options{Now: func() time.Time { return now }})
	key, err := absorb.NewKey("s3cret", "text")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := absorb.NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range portal.Profiles() {
		for _, e := range absorb.Events() {
			w := p.Webhook(e.Name, profile)
			req, err := w.Request(t.Context(), "http://127.0.0.1/", "s3cret")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := absorb.Verify(req.Header.Values(absorb.SignatureHeader), w.Body, []absorb.Key{key}, ""); err != nil {
				t.Errorf("%s, %s: %v", profile.Name, e.Name, err)
			}
			test, err := w.TestRequest(t.Context(), "http://127.0.0.1/")
			if err != nil {
				t.Fatal(err)
			}
			refused(t, test.Header, w.Body, key)
			events, err := parser.Parse(w.Body)
			if err != nil || len(events) != 1 {
				t.Fatalf("%s, %s: %d events, %v", profile.Name, e.Name, len(events), err)
			}
			whole(t, profile, e, events[0], now)
		}
	}
}

func refused(t *testing.T, h http.Header, body []byte, key absorb.Key) {
	t.Helper()
	if _, err := absorb.Verify(h.Values(absorb.SignatureHeader), body, []absorb.Key{key}, ""); err == nil {
		t.Error("a test request verifies")
	}
}

func whole(t *testing.T, profile portal.Profile, want absorb.EventType, e bridge.Event, now time.Time) {
	t.Helper()
	if e.Type != want.Name || e.ClientID == "" || e.CorrelationID == "" || !e.OccurredAt.Equal(now) || (e.AdminID != "") != want.ByAdmin {
		t.Errorf("%s: understood as %+v", profile.Name, e)
	}
	if !profile.Lean && e.UserID == "" && len(e.Entities) == 0 {
		t.Errorf("%s, %s: concerns nobody and nothing", profile.Name, e.Type)
	}
	if profile.Lean && len(e.Entities) != 0 {
		t.Errorf("%s, %s: lean, but with %v", profile.Name, e.Type, e.Entities)
	}
}
