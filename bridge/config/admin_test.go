package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

func TestWhoMaySeeThePages(t *testing.T) {
	for _, c := range []struct{ admin, want string }{
		{`{ listen: "127.0.0.1:8081" }`, ""},
		{`{ listen: "[::1]:8081" }`, ""},
		{`{ listen: "localhost:8081" }`, ""},
		{`{ listen: ":8081" }`, "admin.listen: other machines can reach :8081"},
		{`{ listen: "0.0.0.0:8081" }`, "admin.listen: other machines"},
		{`{ listen: "10.0.0.7:8081", token: a-token-that-is-long }`, ""},
		{`{ listen: "10.0.0.7:8081", view_token: a-token-that-is-long }`, ""},
		{`{ listen: ":8081", oidc: { issuer: "https://login.example.com", client_id: c, client_secret: s, claim: email, operate: [ "*" ] } }`, "admin.url: required"},
		{`{ listen: ":8081", url: "https://a.example.com", oidc: { issuer: "https://login.example.com", client_id: c, client_secret: s, claim: email, operate: [ "*" ] } }`, ""},
		{`{ listen: ":8081", url: "https://a.example.com", oidc: { issuer: "https://login.example.com", client_id: c, client_secret: s, operate: [ "*" ] } }`, "admin.oidc.claim: required"},
		{`{ listen: ":8081", proxy: { from: [ 10.0.0.0/24, "fd00::1" ], header: x-user, view: [ "*" ] } }`, ""},
		{`{ listen: ":8081", url: "https://a.example.com/admin", token: a-token-that-is-long }`, "admin.url: want"},
		{`{ token: a-token-that-is-long, view_token: a-token-that-is-long }`, "admin.view_token: the same"},
		{`{ token: fifteen-letters }`, "admin.token: can be guessed: it has 15 characters"},
		{`{ view_token: fifteen-letters }`, "admin.view_token: can be guessed: it has 15 characters"},
		{`{ token: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa }`, "admin.token: can be guessed: it has only 1 different"},
		{`{ token: "a-token-that-is-long " }`, "admin.token: begins or ends with a blank"},
		{`{ token: "a-token-that\nis-long" }`, "admin.token: begins or ends with a blank, or contains a line break"},
		{`{ proxy: { from: [ 0.0.0.0/0 ], header: x-user, view: [ "*" ] } }`, "admin.proxy.from[0]: 0.0.0.0/0 contains every address"},
		{`{ proxy: { from: [ proxy.example.com ], header: x-user, view: [ "*" ] } }`, "admin.proxy.from[0]: want an address"},
	} {
		_, err := Parse("bridge.yaml", []byte("admin: "+c.admin+small), nil)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.admin, err)
		}
	}
}

func TestAdminSettings(t *testing.T) {
	text := `admin: { listen: ":8081", url: "https://a.example.com/", session: 1h, token: a-token-that-is-long,
  oidc: { issuer: "https://login.example.com", client_id: c, client_secret: s, claim: upn, view: [ "*" ] },
  proxy: { from: [ 10.0.0.0/24, "fd00::1" ], header: x-user, view: [ "*" ] } }` + small
	c := parseText(t, text, "BRIDGE_ADMIN__OIDC__CLIENT_SECRET=from-the-environment", "BRIDGE_ADMIN__PROXY__OPERATE=mira@example.com, ben@example.com")
	a := c.Admin
	if a.URL != "https://a.example.com" || a.Session != time.Hour || a.OIDC.Claim != "upn" || len(a.OIDC.Scopes) != 2 ||
		a.OIDC.ClientSecret.Reveal() != "from-the-environment" {
		t.Errorf("%+v", a)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::1/128")}
	if p := a.Proxy; p.Header != "X-User" || len(p.Operate) != 2 || p.From[0] != want[0] || p.From[1] != want[1] {
		t.Errorf("%+v", a.Proxy)
	}
	if w := strings.Join(c.Warnings, "\n"); !strings.Contains(w, "admin.oidc.claim: with many providers") {
		t.Errorf("warnings: %s", w)
	}
}

func TestTrustedProxies(t *testing.T) {
	c := parseText(t, "trusted_proxies: [ 10.0.0.0/24, \"::ffff:10.0.1.7\" ]"+small)
	want := peer.Proxies{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("10.0.1.7/32")}
	if !slices.Equal(c.Proxies, want) {
		t.Errorf("%v", c.Proxies)
	}
	for text, want := range map[string]string{"caddy": "trusted_proxies[0]: want an address", "::/0": "trusted_proxies[0]: ::/0 contains every address"} {
		if _, err := Parse("bridge.yaml", []byte("trusted_proxies: [ \""+text+"\" ]"+small), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSettingsTellTheirPlaceAndNoSecret(t *testing.T) {
	text := `listen: ":9000"
store: "postgres://bridge:literal-password@db/bridge?sslmode=disable"
sources:
  p:
    path: /absorb
    secrets: [ "${A_SECRET}", "${OTHER:-literal-default}", literal-secret ]
sinks:
  academy: { type: slack, webhook_url: "https://hooks.slack.com/services/${A_SECRET}/literal-part" }
  screen: { type: console }
routes: [ { name: r, events: [ "*" ], to: [ screen ] } ]
`
	c, err := Parse("bridge.yaml", []byte(text), []string{"A_SECRET=value-of-a", "BRIDGE_SINKS__SCREEN__STREAM=stderr", "BRIDGE_ADMIN__TOKEN=token-of-the-environment"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Setting{}
	for _, s := range c.Settings {
		got[s.Key] = s
		for _, secret := range []string{"literal", "value-of-a", "token-of"} {
			if strings.Contains(s.Value, secret) {
				t.Errorf("%s shows %q", s.Key, s.Value)
			}
		}
	}
	for _, want := range []Setting{
		{"listen", ":9000", "bridge.yaml", 1},
		{"sources.p.secrets[0]", "${A_SECRET}", "bridge.yaml", 6},
		{"sources.p.secrets[1]", "${OTHER:-••••••••}", "bridge.yaml", 6},
		{"sources.p.secrets[2]", "••••••••", "bridge.yaml", 6},
		{"sinks.academy.webhook_url", "${A_SECRET}••••••••", "bridge.yaml", 8},
		{"sinks.screen.stream", "stderr", "BRIDGE_SINKS__SCREEN__STREAM", 0},
		{"admin.token", "••••••••", "BRIDGE_ADMIN__TOKEN", 0},
		{"routes[0].to[0]", "screen", "bridge.yaml", 10},
		{"keep", "30d", "default", 0},
		{"log.level", "info", "default", 0},
	} {
		if got[want.Key] != want {
			t.Errorf("%+v, want %+v", got[want.Key], want)
		}
	}
}
