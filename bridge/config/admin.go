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

// A token below these can be guessed, and guesses are not stopped: whoever has the right
// one must get in, whatever others try.
const (
	shortToken   = 16 // characters
	fewDifferent = 6  // different ones
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
			b.atValue("admin.url", "required with admin.oidc: the address of these pages, to which the provider sends people back")
		}
	}
	if r.Proxy != nil {
		a.Proxy = b.proxy("admin.proxy", r.Proxy)
	}
	if host, _, err := net.SplitHostPort(a.Listen); err == nil && a.open() && !loopback(host) {
		b.atValue("admin.listen", "others than this machine can reach %s, so admin.token must be set, or admin.oidc, or admin.proxy", a.Listen)
	}
	return a
}

// open tells whether the pages ask nobody who they are.
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
		b.atValue("admin.url", "want the address of these pages as people open it, without a path, such as https://bridge.example.com")
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
	}, "for OpenID Connect; the provider shows it when a client is made")
	b.rights(key, r.View, r.Operate)
	o := &OIDC{
		Issuer: r.Issuer, ClientID: r.ClientID, ClientSecret: r.ClientSecret, Scopes: r.Scopes,
		Claim: r.Claim, View: r.View, Operate: r.Operate,
		Trust: b.trust(key, kit.Trust{CA: r.CA, ClientCert: r.ClientCert, ClientKey: r.ClientKey}),
	}
	if r.Claim == "" {
		b.atValue(key+".claim", "required: which of the provider's claims do %s.view and %s.operate speak of? Write groups or roles if the provider sends them, or email, which counts if the provider calls the address verified", key, key)
	}
	if slices.Contains(chosenClaims(), r.Claim) {
		b.config.Warnings = append(b.config.Warnings, key+".claim: with many providers people can change their "+r.Claim+" themselves, and so their rights here; take groups, roles, sub or email")
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"profile", "email"}
	}
	return o
}

// chosenClaims are claims that a provider need not check.
func chosenClaims() []string {
	return []string{"name", "nickname", "given_name", "family_name", "preferred_username", "unique_name", "upn", "phone_number", "website", "profile"}
}

func (b *builder) proxy(key string, value any) *Proxy {
	var r rawProxy
	b.decode(key, value, &r)
	p := &Proxy{From: b.networks(key+".from", r.From), Header: http.CanonicalHeaderKey(r.Header), View: r.View, Operate: r.Operate}
	b.wanted(key, []setting{{"from", len(r.From) == 0}, {"header", r.Header == ""}}, "to trust a proxy: its address, and the header in which it names the person")
	b.rights(key, r.View, r.Operate)
	return p
}

// networks reads addresses and networks of proxies. One that holds every address
// would let anybody say where a request comes from.
func (b *builder) networks(key string, texts []string) peer.Proxies {
	var all peer.Proxies
	for i, text := range texts {
		network, err := network(text)
		switch {
		case err != nil:
			b.atValue(element(key, i), "want an address such as 10.0.0.5, or a network such as 10.0.0.0/24, have %q", text)
		case network.Bits() == 0:
			b.atValue(element(key, i), "%s is every address: name those of your proxies", text)
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

// rights checks who may do what.
func (b *builder) rights(key string, view, operate []string) {
	if len(view)+len(operate) == 0 {
		b.atValue(key+".operate", `required: who may change things? write ["*"] for everybody who can log in, or give %s.view`, key)
	}
	for i, pattern := range view {
		b.glob(element(key+".view", i), pattern)
	}
	for i, pattern := range operate {
		b.glob(element(key+".operate", i), pattern)
	}
}
