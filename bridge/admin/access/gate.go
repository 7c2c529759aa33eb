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
)

// Refuse answers a request that is not let in.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, message string)

// Guard lets requests through to next whose person may do what they ask: view, to
// read, and operate, to change. The person is in the request's context then.
func (g *Gate) Guard(refuse Refuse, next http.Handler) http.Handler {
	return g.guard(needed, refuse, next)
}

// Look is Guard for what only shows something, although a form asks for it.
func (g *Gate) Look(refuse Refuse, next http.Handler) http.Handler {
	return g.guard(func(*http.Request) Role { return View }, refuse, next)
}

func (g *Gate) guard(needed func(*http.Request) Role, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.ownPage(r) {
			refuse(w, r, http.StatusForbidden, "a page of another site sent this request; open the bridge's own page")
			return
		}
		p, status, message := g.identify(r)
		if status == 0 && !p.May(needed(r)) {
			status, message = http.StatusForbidden, p.Name+" may look and change nothing; somebody with the role operate may"
		}
		if status != 0 {
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			refuse(w, r, status, message)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), p)))
	})
}

func needed(r *http.Request) Role {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return View
	}
	return Operate
}

// ownPage tells whether a browser sent the request for a page of ours, for its
// user, or for no page at all; other programs do not say, and are believed. That is
// all the protection against forged requests that is needed: browsers tell of where
// a request came from (https://go.dev/pkg/net/http/#CrossOriginProtection).
func (g *Gate) ownPage(r *http.Request) bool {
	if g.origins.Check(r) != nil {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	// A link somewhere else may lead here, but nobody may load, frame or stream us.
	return needed(r) == View && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// identify finds out who asks. A status that is not 0 says that it is nobody.
func (g *Gate) identify(r *http.Request) (p Person, status int, message string) {
	if g.open() {
		if !local(r.Host) {
			return p, http.StatusForbidden, "ask by 127.0.0.1 or localhost, or set admin.token"
		}
		return Person{Name: "this machine", Role: Operate}, 0, ""
	}
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.bearer(r, given)
	}
	if p, ok := g.session(r); ok {
		return p, 0, ""
	}
	if p, ok := g.fromProxy(r); ok {
		if p.Role == "" {
			return p, http.StatusForbidden, p.Name + " has no rights here; admin.proxy.view and admin.proxy.operate say who has"
		}
		return p, 0, ""
	}
	return p, http.StatusUnauthorized, "the admin token is missing or wrong: set admin.token in the configuration that the command reads"
}

func (g *Gate) bearer(r *http.Request, given string) (p Person, status int, message string) {
	from := g.address(r)
	if !g.throttle.may(from) {
		return p, http.StatusTooManyRequests, "too many wrong tokens; wait a minute"
	}
	if p, ok := g.token(given); ok {
		return p, 0, ""
	}
	g.throttle.failed(from)
	return p, http.StatusUnauthorized, "the admin token is missing or wrong: set admin.token in the configuration that the command reads"
}

// token gives whoever has a token.
func (g *Gate) token(given string) (Person, bool) {
	switch {
	case same(given, g.Token):
		return Person{Name: "token", Role: Operate}, true
	case same(given, g.ViewToken):
		return Person{Name: "view token", Role: View}, true
	}
	return Person{}, false
}

// same compares in a time that tells nothing of either, its length included.
func same(given string, secret bridge.Secret) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && !secret.Empty()
}

// fromProxy gives the person that a proxy names.
func (g *Gate) fromProxy(r *http.Request) (p Person, ok bool) {
	if g.Proxy == nil || !g.behindProxy(r) {
		return p, false
	}
	names := r.Header.Values(g.Proxy.Header)
	if len(names) != 1 || bridge.CleanLine(names[0]) == "" {
		return p, false
	}
	name := bridge.CleanLine(names[0])
	return Person{Name: name, Role: g.Proxy.role(name)}, true
}

func (g *Gate) behindProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || g.Proxy == nil {
		return false
	}
	for _, prefix := range g.Proxy.From {
		if prefix.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// address is where a request comes from: the peer, or whom our proxy had it from.
func (g *Gate) address(r *http.Request) string {
	if g.behindProxy(r) {
		all := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(all[len(all)-1])); err == nil {
			return a.String()
		}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// local tells whether a Host header names this machine's loopback.
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

// origin is the scheme and host of a URL.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
