package config

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// A token below these limits can be guessed. The bridge does not block guesses, because
// the owner of the right token must always get in.
const (
	shortToken   = 16 // characters
	fewDifferent = 6  // different characters
)

func (b *builder) admin(r rawAdmin) Admin {
	if r.Listen == "" {
		return Admin{}
	}
	a := Admin{
		Listen: b.address("admin.listen", r.Listen), URL: strings.TrimRight(r.URL, "/"),
		Token: r.Token, ViewToken: r.ViewToken, Session: b.duration("admin.session", r.Session),
	}
	b.adminURL(r.URL)
	for key, token := range map[string]bridge.Secret{"admin.token": r.Token, "admin.view_token": r.ViewToken} {
		if !token.Empty() {
			b.random(key, token.Reveal(), shortToken)
		}
	}
	if !r.Token.Empty() && r.Token == r.ViewToken {
		b.atValue("admin.view_token", "the same as admin.token, so everybody who may view may also operate")
	}
	if r.OIDC != nil {
		a.OIDC = b.oidc("admin.oidc", r.OIDC)
		if r.URL == "" {
			b.atValue("admin.url", "required with admin.oidc: the public address of the admin pages, to which the provider redirects")
		}
	}
	if r.Proxy != nil {
		a.Proxy = b.proxy("admin.proxy", r.Proxy)
	}
	if host, _, err := net.SplitHostPort(a.Listen); err == nil && a.open() && !loopback(host) {
		b.atValue("admin.listen", "other machines can reach %s; set admin.token, admin.oidc or admin.proxy, or listen on 127.0.0.1", a.Listen)
	}
	return a
}

// open reports whether the pages need no login.
func (a Admin) open() bool {
	return a.Token.Empty() && a.ViewToken.Empty() && a.OIDC == nil && a.Proxy == nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (b *builder) adminURL(text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if checkURL(text) != nil || err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		b.atValue("admin.url", "want the address of the admin pages in a browser, without a path, such as https://bridge.example.com")
	}
}

func (b *builder) oidc(key string, value any) *OIDC {
	var r rawOIDC
	b.decode(key, value, &r)
	if r.Issuer != "" {
		b.url(key+".issuer", r.Issuer)
	}
	b.wanted(key, []setting{
		{"issuer", r.Issuer == ""}, {"client_id", r.ClientID == ""}, {"client_secret", r.ClientSecret.Empty()},
	}, "for OpenID Connect; the provider shows it when you register a client")
	b.rights(key, r.View, r.Operate)
	o := &OIDC{
		Issuer: r.Issuer, ClientID: r.ClientID, ClientSecret: r.ClientSecret, Scopes: r.Scopes,
		Claim: r.Claim, View: r.View, Operate: r.Operate,
		Trust: b.trust(key, kit.Trust{CA: r.CA, ClientCert: r.ClientCert, ClientKey: r.ClientKey}),
	}
	if r.Claim == "" {
		b.atValue(key+".claim", "required: the claim that %s.view and %s.operate list values of. Write groups or roles if the provider sends them. email works too, if the provider verifies addresses", key, key)
	}
	if slices.Contains(chosenClaims(), r.Claim) {
		b.config.Warnings = append(b.config.Warnings, key+".claim: with many providers, people can change their own "+r.Claim+", and so their rights here; use groups, roles, sub or email")
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"profile", "email"}
	}
	return o
}

// chosenClaims are the claims that people can often change themselves.
func chosenClaims() []string {
	return []string{"name", "nickname", "given_name", "family_name", "preferred_username", "unique_name", "upn", "phone_number", "website", "profile"}
}

func (b *builder) proxy(key string, value any) *Proxy {
	var r rawProxy
	b.decode(key, value, &r)
	p := &Proxy{From: b.networks(key+".from", r.From), Header: http.CanonicalHeaderKey(r.Header), View: r.View, Operate: r.Operate}
	b.wanted(key, []setting{{"from", len(r.From) == 0}, {"header", r.Header == ""}}, "to trust a proxy: set its address, and the header with the person's name")
	b.rights(key, r.View, r.Operate)
	return p
}

// networks reads addresses and networks of proxies. It refuses a network of all
// addresses, which would let anybody forge the client's address.
func (b *builder) networks(key string, texts []string) peer.Proxies {
	var all peer.Proxies
	for i, text := range texts {
		network, err := network(text)
		switch {
		case err != nil:
			b.atValue(element(key, i), "want an address such as 10.0.0.5, or a network such as 10.0.0.0/24, have %q", text)
		case network.Bits() == 0:
			b.atValue(element(key, i), "%s contains every address; write the addresses of your proxies", text)
		}
		all = append(all, network)
	}
	return all
}

func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// rights checks the lists of people who may view and operate.
func (b *builder) rights(key string, view, operate []string) {
	if len(view)+len(operate) == 0 {
		b.atValue(key+".operate", `required: who may change things? Write ["*"] for everybody who can log in, or set %s.view`, key)
	}
	for i, pattern := range view {
		b.glob(element(key+".view", i), pattern)
	}
	for i, pattern := range operate {
		b.glob(element(key+".operate", i), pattern)
	}
}
