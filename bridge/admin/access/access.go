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
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
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
	From   []netip.Prefix // its addresses
	Header string         // in which it names the person
	Rights
}

// Sessions keeps who is logged in.
type Sessions interface {
	Begin(context.Context, store.Session) error
	Session(ctx context.Context, id string) (store.Session, error)
	End(ctx context.Context, id string) error
}

// Options says who is let in.
type Options struct {
	URL       string        // how browsers reach the pages, or ""
	Token     bridge.Secret // who has it may operate
	ViewToken bridge.Secret // who has it may view
	OIDC      *OIDC         // or nil
	Proxy     *Proxy        // or nil
	Life      time.Duration // of a session; default 12 h
	Sessions  Sessions
	Log       *slog.Logger

	// Login shows the page for people who are not logged in.
	Login func(http.ResponseWriter, *http.Request, LoginView)
	// Noted is told of logins, for the audit trail; or nil.
	Noted func(ctx context.Context, who, action string)
}

// LoginView is what the login page shows.
type LoginView struct {
	Status  int
	Token   bool   // there is a token to ask for
	OIDC    bool   // there is a provider to go to
	Next    string // where to go then
	Problem string // why the last try failed, or ""
}

// open tells whether nothing but being on this machine is asked for.
func (o Options) open() bool {
	return o.Token.Empty() && o.ViewToken.Empty() && o.OIDC == nil && o.Proxy == nil
}

const defaultLife = 12 * time.Hour

// Gate lets people in.
type Gate struct {
	Options
	origins  *http.CrossOriginProtection
	throttle *throttle
	provider *provider // nil without OIDC
}

// New makes a gate.
func New(o Options) *Gate {
	if o.Life <= 0 {
		o.Life = defaultLife
	}
	g := &Gate{Options: o, origins: http.NewCrossOriginProtection(), throttle: newThrottle()}
	if o.URL != "" {
		// A proxy may hand requests on under another name. What is no origin was
		// refused when the configuration was read.
		_ = g.origins.AddTrustedOrigin(origin(o.URL))
	}
	if o.OIDC != nil {
		g.provider = &provider{OIDC: *o.OIDC, redirect: strings.TrimRight(o.URL, "/") + callbackPath}
	}
	return g
}
