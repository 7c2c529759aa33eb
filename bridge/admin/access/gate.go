package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

// Refuse answers a refused request.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, message string)

// Guard passes a request to next if its sender may view, for reading, or operate, for
// changing. The request's context then has the Person.
func (g *Gate) Guard(refuse Refuse, next http.Handler) http.Handler {
	return g.guard(needed, refuse, next)
}

// Look is Guard for a form that only shows something.
func (g *Gate) Look(refuse Refuse, next http.Handler) http.Handler {
	return g.guard(func(*http.Request) Role { return View }, refuse, next)
}

func (g *Gate) guard(needed func(*http.Request) Role, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, no := g.rules.Load().judge(r, needed(r))
		if no == nil {
			next.ServeHTTP(w, r.WithContext(With(r.Context(), p)))
			return
		}
		switch no.status {
		case http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", "Bearer")
		case http.StatusTooManyRequests:
			w.Header().Set("Retry-After", retryAfter)
		}
		refuse(w, r, no.status, no.message)
	})
}

// retryAfter is how long to wait after too many wrong tokens, in seconds.
const retryAfter = "60"

// refusal is why a request is refused, in words for its sender.
type refusal struct {
	status  int
	message string
}

// judge finds out who sends a request, and whether they may.
func (u *rules) judge(r *http.Request, role Role) (Person, *refusal) {
	if !u.ownPage(r) {
		u.refused(r, otherSite, "another site's page sent the request", "")
		return Person{}, &refusal{http.StatusForbidden, "a page of another site sent this request; open the bridge's page instead"}
	}
	p, no := u.identify(r)
	if no == nil && !p.May(role) {
		u.refused(r, noRights, "may view only", p.Name)
		no = &refusal{http.StatusForbidden, p.Name + " may view only; ask somebody with the role operate"}
	}
	return p, no
}

// Still reports whether the person who started a long request may still view, and
// returns the request with the current rights: meanwhile sessions end and roles change.
func (g *Gate) Still(r *http.Request) (*http.Request, bool) {
	p, no := g.rules.Load().identify(r)
	return r.WithContext(With(r.Context(), p)), no == nil && p.May(View)
}

func needed(r *http.Request) Role {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return View
	}
	return Operate
}

// ownPage reports whether a request comes from a page of this site, from the user, or
// from a program that is not a browser. Browsers always say where a request comes from,
// so no other protection against forged requests is needed
// (https://go.dev/pkg/net/http/#CrossOriginProtection).
func (u *rules) ownPage(r *http.Request) bool {
	if u.origins.Check(r) != nil {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	// A link on another site may lead here, but no other site may load, frame or stream
	// a page.
	return needed(r) == View && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// identify finds out who sends a request, or why nobody is known.
func (u *rules) identify(r *http.Request) (Person, *refusal) {
	if u.open() {
		if !local(r.Host) {
			return Person{}, &refusal{http.StatusForbidden, "use the address 127.0.0.1 or localhost, or set admin.token"}
		}
		return Person{Name: "this machine", Role: Operate}, nil
	}
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return u.bearer(r, given)
	}
	if p, ok := u.session(r); ok {
		return p, nil
	}
	if p, ok := u.fromProxy(r); ok {
		if p.Role == "" {
			u.refused(r, noRights, "has no rights in admin.proxy", p.Name)
			return p, &refusal{http.StatusForbidden, p.Name + " has no rights here; add the name to admin.proxy.view or admin.proxy.operate"}
		}
		return p, nil
	}
	return Person{}, &refusal{http.StatusUnauthorized, noToken}
}

const noToken = "the admin token is missing or wrong: set admin.token in the configuration that the command reads"

// bearer returns the owner of a token. Wrong tokens from the same address never block
// the right one: tokens are too long to guess.
func (u *rules) bearer(r *http.Request, given string) (Person, *refusal) {
	if p, ok := u.holder(given); ok {
		return p, nil
	}
	u.refused(r, wrongToken, "somebody used a wrong token as bearer", "")
	if u.visitors.guessed(u.Proxies.Address(r)) {
		return Person{}, &refusal{http.StatusTooManyRequests, "too many wrong tokens; wait a minute"}
	}
	return Person{}, &refusal{http.StatusUnauthorized, noToken}
}

// token is a token with the person it stands for.
type token struct {
	bridge.Secret
	Person
}

// tokens returns the tokens of the configuration.
func (u *rules) tokens() []token {
	return []token{{u.Token, Person{Name: "token", Role: Operate}}, {u.ViewToken, Person{Name: "view token", Role: View}}}
}

// holder returns the person a token stands for.
func (u *rules) holder(given string) (Person, bool) {
	for _, t := range u.tokens() {
		if same(given, t.Secret) {
			return t.Person, true
		}
	}
	return Person{}, false
}

// same compares in constant time, which reveals neither value nor its length.
func same(given string, secret bridge.Secret) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && !secret.Empty()
}

// fromProxy returns the person that a proxy names.
func (u *rules) fromProxy(r *http.Request) (p Person, ok bool) {
	if u.Proxy == nil || !u.Proxy.From.Trusts(peer.Connected(r.RemoteAddr)) {
		return p, false
	}
	names := r.Header.Values(u.Proxy.Header)
	if len(names) != 1 || named(names[0]) == "" {
		return p, false
	}
	name := bridge.CleanLine(names[0])
	return Person{Name: named(name), Role: u.Proxy.role(name)}, true
}

// maxName limits a person's name, in runes: the audit trail stores it with every
// change.
const maxName = 200

// named returns a name as it is shown and stored.
func named(text string) string {
	runes := []rune(bridge.CleanLine(text))
	return string(runes[:min(len(runes), maxName)])
}

// local reports whether a Host header names this machine's loopback.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}

// origin returns the scheme and host of a URL.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
