package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
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

// TestStoreKeys encrypts the tokens of a store that has some, at a start and at a reload,
// and says which cannot be read.
func TestStoreKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	parse := func(keys string) *config.Config {
		t.Helper()
		const text = `
listen: 127.0.0.1:0
admin: { listen: "" }
store: %q
store_keys: [ %s ]
sources: { portal: { path: /a, secrets: [ s ], api: { region: us, key: k, oauth: { token_url: "https://a.invalid/oauth/token", client_id: c, client_secret: s } } } }
sinks: { screen: { type: console } }
routes: [ { name: r, events: [ "*" ], to: [ screen ] } ]
`
		c, err := config.Parse("bridge.yaml", fmt.Appendf(nil, text, path, keys), nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const one, two = "one-key-of-32-characters-or-more", "two-keys-of-32-characters-or-more"
	var log bytes.Buffer
	start := func(keys string) *Gateway {
		t.Helper()
		log.Reset()
		g, err := New(t.Context(), parse(keys), slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = g.close() })
		return g
	}
	login := func(g *Gateway) {
		t.Helper()
		if err := g.parts.keepLogin(t.Context(), "portal", admin.Login{Access: "access-Zq7vX2", Refresh: "refresh-Zq7vX2", Expires: time.Now().Add(time.Hour)}, g.store); err != nil {
			t.Fatal(err)
		}
	}
	stored := func() string {
		t.Helper()
		backup := filepath.Join(t.TempDir(), "backup.db")
		if _, err := store.Backup(t.Context(), path, backup); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(backup)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}

	g := start("")
	login(g)
	if !strings.Contains(stored(), "refresh-Zq7vX2") {
		t.Fatal("without a key there is no token to see: the test tests nothing")
	}
	g.ReloadFrom(func() (*config.Config, error) { return parse(one), nil })
	if err := g.Reload(); err != nil || strings.Contains(stored(), "Zq7vX2") {
		t.Fatalf("tokens can be read in the store after a reload with a key, or %v", err)
	}
	_ = g.close()

	g = start(two)
	if !strings.Contains(log.String(), "unreadable=2") || !strings.Contains(log.String(), "run absorb-bridge login portal") || strings.Contains(log.String(), "Zq7vX2") {
		t.Errorf("with another key: %s", &log)
	}
	c := parse(two)
	x, err := store.Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := TryAPI(t.Context(), "portal", *c.Sources[0].API, x, c.StoreKeys); !errors.Is(err, absorb.ErrUnreadable) {
		t.Errorf("doctor sees %v", err)
	}
	_ = g.close()

	g = start(two + ", " + one) // the key is back, behind the new one
	_ = g.close()
	start(two)
	if log.Len() > 0 {
		t.Errorf("the tokens were not encrypted by the new key: %s", &log)
	}
}
