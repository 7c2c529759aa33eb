// Package access decides who may view the admin pages and use the API, and who may
// change something.
//
//	A bridge that only its own machine can reach allows everybody on that machine, as
//
// long as the request names this machine. A web page open in a browser there, or a DNS
// name that points to the machine, therefore cannot act for the user. Every other
// bridge asks for a token (a form starts a session, programs send it as a bearer
// token), redirects people to an OpenID Connect provider, or trusts a proxy that names
// the person.
package access

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Role is what a person may do.
type Role string

// The roles. Operate includes View; the zero value allows nothing.
const (
	View    Role = "view"    // see everything on the pages
	Operate Role = "operate" // and change it
)

// Person is the sender of a request.
type Person struct {
	Name    string
	Role    Role
	Session bool // has a session, so can log out
}

// May reports whether the person has a role.
func (p Person) May(r Role) bool { return p.Role == Operate || p.Role != "" && p.Role == r }

type personKey struct{}

// With returns a context of a person's request.
func With(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, personKey{}, p)
}

// From returns the person whose request the context belongs to, or the zero Person.
func From(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}

// Rights lists who has which role, as patterns of names or groups, such as
// "*@example.com". Case does not matter.
type Rights struct {
	Operate []string
	View    []string
}

// role returns the highest role of any of the names.
func (r Rights) role(names ...string) Role {
	for _, of := range []struct {
		role     Role
		patterns []string
	}{{Operate, r.Operate}, {View, r.View}} {
		for _, pattern := range of.patterns {
			for _, name := range names {
				if fits(pattern, name) {
					return of.role
				}
			}
		}
	}
	return ""
}

// fits reports whether a name matches a pattern. A star also matches slashes, which
// groups may have in their names.
func fits(pattern, name string) bool {
	flat := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "|") }
	ok, err := path.Match(flat(pattern), flat(name))
	return err == nil && ok && name != ""
}

// Proxy is a proxy that logs people in and names them in a header.
type Proxy struct {
	From   peer.Proxies // its addresses
	Header string       // the header that names the person
	Rights
}

// Sessions stores who is logged in.
type Sessions interface {
	Begin(context.Context, store.Session) error
	Session(ctx context.Context, id string) (store.Session, error)
	End(ctx context.Context, id string) error
}

// Settings says who may do what, and how they prove it.
type Settings struct {
	URL       string        // how browsers reach the pages, or ""
	Token     bridge.Secret // its owner may operate
	ViewToken bridge.Secret // its owner may view
	OIDC      *OIDC         // or nil
	Proxy     *Proxy        // or nil
	Proxies   peer.Proxies  // proxies trusted to name the sender's address
	Life      time.Duration // of a session; default 12 h
}

// open reports whether being on this machine is enough.
func (s Settings) open() bool {
	return s.Token.Empty() && s.ViewToken.Empty() && s.OIDC == nil && s.Proxy == nil
}

// Options configures a gate.
type Options struct {
	Sessions Sessions
	Log      *slog.Logger

	// Login shows the page for people who are not logged in.
	Login func(http.ResponseWriter, *http.Request, LoginView)
	// Noted records a login, a logout or a number of refusals in the audit trail; may
	// be nil.
	Noted func(ctx context.Context, who, action, target string, times int)
	// Refused counts a refused request by its reason; may be nil.
	Refused func(reason string)
}

// LoginView is what the login page shows.
type LoginView struct {
	Status  int
	Token   bool   // there is a token
	OIDC    bool   // there is a provider
	Next    string // where to go afterwards
	Problem string // why the last attempt failed, or ""
}

const defaultLife = 12 * time.Hour

// Gate checks who sends a request, and whether they may.
type Gate struct {
	Options
	visitors *visitors
	rules    atomic.Pointer[rules]
}

// rules are the checks of one set of settings. The same rules apply to a request from
// its beginning to its end, even if the settings change.
type rules struct {
	*Gate
	Settings
	origins  *http.CrossOriginProtection
	provider *provider // nil without OIDC
}

// New returns a gate.
func New(o Options, s Settings) *Gate {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gate{Options: o, visitors: newVisitors()}
	g.Use(s)
	return g
}

// Use changes the settings for requests that start from now on.
func (g *Gate) Use(s Settings) {
	if s.Life <= 0 {
		s.Life = defaultLife
	}
	u := &rules{Gate: g, Settings: s, origins: http.NewCrossOriginProtection()}
	if s.URL != "" {
		// A proxy may forward requests under another name. The configuration has
		// already refused an invalid URL.
		_ = u.origins.AddTrustedOrigin(origin(s.URL))
	}
	if s.OIDC != nil {
		u.provider = &provider{OIDC: *s.OIDC, redirect: strings.TrimRight(s.URL, "/") + callbackPath}
		if before := g.rules.Load(); before != nil && before.provider.same(u.provider) {
			u.provider = before.provider // keep what it has discovered
		}
	}
	g.rules.Store(u)
}

// same reports whether two providers have the same settings.
func (p *provider) same(other *provider) bool {
	return p != nil && p.redirect == other.redirect && reflect.DeepEqual(p.OIDC, other.OIDC)
}
