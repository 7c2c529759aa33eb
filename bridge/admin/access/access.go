// Package access says who may see the admin's pages and use its API, and who may
// change something.
//
// A bridge that only its own machine can reach lets everybody on it in, as long as
// the request names this machine: a page that a browser there has open, or a name
// that was pointed at it, cannot act for its user. Any other bridge asks for a token
// (a form begins a session, programs send it as bearer), sends people to an OpenID
// Connect provider, or trusts what one of its proxies says of them.
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

// Role is what somebody may do.
type Role string

// The roles. Somebody who may operate may also view; the zero value may nothing.
const (
	View    Role = "view"    // see everything that the pages show
	Operate Role = "operate" // and change it
)

// Person is who asks.
type Person struct {
	Name    string
	Role    Role
	Session bool // logged in, and so able to log out
}

// May tells whether the person has the rights of a role.
func (p Person) May(r Role) bool { return p.Role == Operate || p.Role != "" && p.Role == r }

type personKey struct{}

// With is a context of a request by a person.
func With(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, personKey{}, p)
}

// From gives the person whose request a context is of; nobody for one of none.
func From(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}

// Rights says who has which role: by patterns of names or groups, such as
// "*@example.com", upper and lower case letters being the same.
type Rights struct {
	Operate []string
	View    []string
}

// role gives the highest role that one of some names has.
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

// fits tells whether a name fits a pattern. A star also stands for slashes, which
// groups may have in their names.
func fits(pattern, name string) bool {
	flat := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "|") }
	ok, err := path.Match(flat(pattern), flat(name))
	return err == nil && ok && name != ""
}

// Proxy is a proxy that logs people in and says who they are.
type Proxy struct {
	From   peer.Proxies // its addresses
	Header string       // in which it names the person
	Rights
}

// Sessions keeps who is logged in.
type Sessions interface {
	Begin(context.Context, store.Session) error
	Session(ctx context.Context, id string) (store.Session, error)
	End(ctx context.Context, id string) error
}

// Settings says who is let in.
type Settings struct {
	URL       string        // how browsers reach the pages, or ""
	Token     bridge.Secret // who has it may operate
	ViewToken bridge.Secret // who has it may view
	OIDC      *OIDC         // or nil
	Proxy     *Proxy        // or nil
	Proxies   peer.Proxies  // that are trusted to say where a request came from
	Life      time.Duration // of a session; default 12 h
}

// open tells whether nothing but being on this machine is asked for.
func (s Settings) open() bool {
	return s.Token.Empty() && s.ViewToken.Empty() && s.OIDC == nil && s.Proxy == nil
}

// Options is what a gate is made of.
type Options struct {
	Sessions Sessions
	Log      *slog.Logger

	// Login shows the page for people who are not logged in.
	Login func(http.ResponseWriter, *http.Request, LoginView)
	// Noted keeps a login, a logout or a number of refusals in the audit trail; or nil.
	Noted func(ctx context.Context, who, action, target string, times int)
	// Refused counts a request that was refused, by its reason; or nil.
	Refused func(reason string)
}

// LoginView is what the login page shows.
type LoginView struct {
	Status  int
	Token   bool   // there is a token to ask for
	OIDC    bool   // there is a provider to go to
	Next    string // where to go then
	Problem string // why the last try failed, or ""
}

const defaultLife = 12 * time.Hour

// Gate lets people in.
type Gate struct {
	Options
	visitors *visitors
	rules    atomic.Pointer[rules]
}

// rules are a gate by the settings of one moment. A request is judged by the same
// ones from its beginning to its end.
type rules struct {
	*Gate
	Settings
	origins  *http.CrossOriginProtection
	provider *provider // nil without OIDC
}

// New makes a gate.
func New(o Options, s Settings) *Gate {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gate{Options: o, visitors: newVisitors()}
	g.Use(s)
	return g
}

// Use changes who is let in, for the requests that begin from now on.
func (g *Gate) Use(s Settings) {
	if s.Life <= 0 {
		s.Life = defaultLife
	}
	u := &rules{Gate: g, Settings: s, origins: http.NewCrossOriginProtection()}
	if s.URL != "" {
		// A proxy may hand requests on under another name. What is no origin was
		// refused when the configuration was read.
		_ = u.origins.AddTrustedOrigin(origin(s.URL))
	}
	if s.OIDC != nil {
		u.provider = &provider{OIDC: *s.OIDC, redirect: strings.TrimRight(s.URL, "/") + callbackPath}
		if before := g.rules.Load(); before != nil && before.provider.same(u.provider) {
			u.provider = before.provider // what it found out stays
		}
	}
	g.rules.Store(u)
}

// same tells whether two providers have the same settings.
func (p *provider) same(other *provider) bool {
	return p != nil && p.redirect == other.redirect && reflect.DeepEqual(p.OIDC, other.OIDC)
}
