package slack

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBotProbe asks whose token it is, and nothing else.
func TestBotProbe(t *testing.T) {
	word := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/api/auth.test" || r.Header.Get("Authorization") != "Bearer "+token:
			t.Errorf("asked for %s", r.URL)
		case word == "":
			_, _ = io.WriteString(w, `{"ok":true,"team":"Acme"}`)
		default:
			_, _ = io.WriteString(w, `{"ok":false,"error":"`+word+`"}`)
		}
	}))
	t.Cleanup(server.Close)
	b := bot(t, map[string]any{"api_url": server.URL + "/api", "channel": "#academy"})
	if found, err := b.Probe(t.Context()); err != nil || found != "Slack knows the token" {
		t.Errorf("%q, %v", found, err)
	}
	word = "invalid_auth"
	if _, err := b.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "auth.test: invalid_auth") || strings.Contains(err.Error(), token) {
		t.Error(err)
	}
}
