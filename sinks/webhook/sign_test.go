package webhook

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// TestSignature has the specification's own library verify what an endpoint gets,
// with the new secret and with the old one.
func TestSignature(t *testing.T) {
	url, got := endpoint(t)
	for _, format := range []string{formatEvent, formatCloudEvents} {
		sink := build(t, map[string]any{"url": url, "allow_private": true, "secrets": []any{secret, oldSecret}, "format": format})
		for _, c := range sinktest.All() {
			send(t, sink, c.Message)
			r := got()[0]
			for _, key := range []string{secret, oldSecret} {
				verifier, err := standardwebhooks.NewWebhook(key)
				if err != nil {
					t.Fatal(err)
				}
				if err := verifier.Verify(r.body, r.header); err != nil {
					t.Errorf("%s as %s: %v", c.Name, format, err)
				}
				if verifier.Verify(append(r.body, ' '), r.header) == nil {
					t.Errorf("%s as %s: a changed body verifies", c.Name, format)
				}
			}
			dumpCapture(t, format+"-"+c.Name, r)
		}
	}
}

// dumpCapture writes a request for validators outside of Go, if the environment
// names a folder for it.
func dumpCapture(t *testing.T, name string, r request) {
	t.Helper()
	headers := map[string]string{}
	for key := range r.header {
		headers[key] = r.header.Get(key)
	}
	body, err := json.Marshal(map[string]any{
		"headers": headers, "body": string(r.body), "secret": secret, "now": json.Number(r.header.Get("Webhook-Timestamp")),
	})
	if err != nil {
		t.Fatal(err)
	}
	sinktest.Dump(t, "capture", name, bridge.Payload{Body: body})
}

// TestAttemptsShareTheID: the id tells an endpoint that it knows the message, the
// time and the signature are the attempt's own.
func TestAttemptsShareTheID(t *testing.T) {
	url, got := endpoint(t)
	sink := build(t, map[string]any{"url": url, "allow_private": true, "secrets": secret})
	m := sinktest.Ordinary()[0].Message
	send(t, sink, m)
	send(t, sink, m)
	for _, r := range got() {
		if r.header.Get("Webhook-Id") != m.ID {
			t.Errorf("id %q, want %q", r.header.Get("Webhook-Id"), m.ID)
		}
	}
	first, later := http.Header{}, http.Header{}
	sign(first, [][]byte{[]byte("k")}, m.ID, time.Unix(1, 0), nil)
	sign(later, [][]byte{[]byte("k")}, m.ID, time.Unix(2, 0), nil)
	if first.Get("Webhook-Signature") == later.Get("Webhook-Signature") {
		t.Error("a later attempt has the signature of an earlier one")
	}
}

// TestKnownSignature is the example of the specification.
func TestKnownSignature(t *testing.T) {
	key, err := signingKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	sign(header, [][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := strings.Join(header["Webhook-Signature"], " "); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
}

// TestDocumentedEvent compares what is sent with what the sink's page shows.
func TestDocumentedEvent(t *testing.T) {
	page := sinktest.Readme(t, New, map[string]string{"WEBHOOK_SECRET": secret, "OLD_WEBHOOK_SECRET": oldSecret})
	_, block, _ := strings.Cut(page, "```json\n")
	block, _, _ = strings.Cut(block, "```")
	m := bridge.Message{
		ID: "0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d", Level: bridge.LevelSuccess, Title: "Mira Halvorsen earned the certificate of Working at Height",
		URL:    "https://acme.myabsorb.com/#/online-courses/20000000-0000-4000-a000-000000000001",
		Fields: []bridge.Field{{Name: "Valid until", Value: "23 Nov 2028", Short: true}}, Time: time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC),
		Facts: bridge.Facts{
			"event": map[string]any{
				"id": "0192f0c4-7a0f-7b11-8d2c-1a2b3c4d5e6f", "type": "CertificateAwarded", "name": "Certificate awarded", "occurredAt": "2026-11-23T14:02:31Z",
				"receivedAt": "2026-11-23T14:02:32Z", "userId": "10000000-0000-4000-a000-000000000001", "courseId": "20000000-0000-4000-a000-000000000001",
				"body": map[string]any{"eventName": "Certificate Awarded", "userId": "10000000-0000-4000-a000-000000000001"},
			},
			"source": "production",
			"user":   map[string]any{"firstName": "Mira", "lastName": "Halvorsen", "emailAddress": "mira@example.com"},
			"course": map[string]any{"name": "Working at Height"},
		},
	}
	p, err := build(t, map[string]any{"url": "https://example.com"}).Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal([]byte(block), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(p.Body, &got); err != nil {
		t.Fatal(err)
	}
	pretty, _ := json.MarshalIndent(got, "", "  ")
	wanted, _ := json.MarshalIndent(want, "", "  ")
	if string(pretty) != string(wanted) {
		t.Errorf("the page shows\n%s\nbut this is sent:\n%s", wanted, pretty)
	}
}
