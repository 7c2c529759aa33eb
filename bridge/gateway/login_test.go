package gateway

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
)

// TestTokensAreKeptApart: a token is for one user of one portal, whatever the others of
// the region are called.
func TestTokensAreKeptApart(t *testing.T) {
	oauth := func(tokenURL, client, refresh string) config.API {
		return config.API{Region: "us", Key: "k", OAuth: &config.OAuth{TokenURL: tokenURL, ClientID: client, RefreshToken: bridge.Secret(refresh)}}
	}
	seen := map[string]config.API{}
	for _, api := range []config.API{
		{Region: "us", Key: "k", Username: "absorb-bridge"}, {Region: "us", Key: "other", Username: "absorb-bridge"},
		{Region: "eu", Key: "k", Username: "absorb-bridge"}, {Region: "us", Key: "k", Username: "other"},
		oauth("https://a/oauth/token", "absorb-bridge", ""), oauth("https://b/oauth/token", "absorb-bridge", ""),
		oauth("https://a/oauth/token", "other", ""), oauth("https://a/oauth/token", "absorb-bridge", "given"),
	} {
		key := clientOptions("s", api, nil).TokenKey
		if other, taken := seen[key]; taken {
			t.Errorf("%+v has the token of %+v", api, other)
		}
		seen[key] = api
		if api.Cache = 1; clientOptions("another", api, nil).TokenKey != key {
			t.Errorf("the token of %+v depends on more than the user", api)
		}
		if strings.Contains(key, "given") {
			t.Errorf("a secret is in %q", key)
		}
	}
}

// TestReminder: a bridge that starts says which source waits for a login.
func TestReminder(t *testing.T) {
	const text = `
listen: 127.0.0.1:0
store: %q
sources:
  waits: { path: /a, secrets: [ s ], api: { region: us, key: k, oauth: { token_url: "https://a.invalid/oauth/token", client_id: c, client_secret: s } } }
  configured: { path: /b, secrets: [ s ], api: { region: us, key: k, oauth: { token_url: "https://b.invalid/oauth/token", client_id: c, client_secret: s, refresh_token: r } } }
  password: { path: /c, secrets: [ s ], api: { region: us, key: k, username: u, password: p } }
  lean: { path: /d, secrets: [ s ] }
sinks: { screen: { type: console } }
routes: [ { name: r, events: [ "*" ], to: [ screen ] } ]
`
	c, err := config.Parse("bridge.yaml", fmt.Appendf(nil, text, filepath.Join(t.TempDir(), "bridge.db")), nil)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	g, err := New(t.Context(), c, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.close() }()
	if n := strings.Count(log.String(), "nobody has logged in"); n != 1 || !strings.Contains(log.String(), "source=waits") {
		t.Errorf("%d reminders in\n%s", n, &log)
	}
}
