package access

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// OIDC is an OpenID Connect provider, with the rights that its claims give.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret bridge.Secret
	Scopes       []string // in addition to openid
	Claim        string   // the claim that gives rights, such as groups
	Rights
	HTTP *http.Client // nil for the standard client
}

// askTimeout limits a request to the provider.
const askTimeout = 15 * time.Second

// provider discovers a provider's addresses at the first login, so that a bridge can
// start without it.
type provider struct {
	OIDC
	redirect string

	mu     sync.Mutex // guards the fields below
	found  *oidc.Provider
	failed time.Time // when the last request failed
	err    error     // why it failed
}

func (p *provider) client(ctx context.Context) context.Context {
	if p.HTTP != nil {
		return oidc.ClientContext(ctx, p.HTTP)
	}
	return oidc.ClientContext(ctx, &http.Client{Timeout: askTimeout})
}

// discover reads the provider's addresses and keys, once. Callers that wait meanwhile
// get the same result, even if it is an error.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	came := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		if p.failed.After(came) {
			return nil, nil, p.err
		}
		found, err := oidc.NewProvider(p.client(context.WithoutCancel(ctx)), p.Issuer)
		if err != nil {
			p.failed, p.err = time.Now(), fmt.Errorf("call the provider of admin.oidc: %w", err)
			return nil, nil, p.err
		}
		p.found = found
	}
	return p.found, &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Endpoint: p.found.Endpoint(),
		RedirectURL: p.redirect, Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...),
	}, nil
}

// hasProvider reports whether there is a provider and the sender may use it now. If
// not, it has answered the request.
func (u *rules) hasProvider(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case u.provider == nil:
		u.show(w, r, http.StatusNotFound, "There is no login with OpenID Connect, because admin.oidc is not set.")
		return false
	case !u.visitors.mayLogin(u.Proxies.Address(r)):
		u.refused(r, tooManyAsk, "too many logins were started", "")
		w.Header().Set("Retry-After", retryAfter)
		u.show(w, r, http.StatusTooManyRequests, "There were too many logins from your address. Wait a minute, then try again.")
		return false
	}
	return true
}

// toProvider redirects the browser to the provider.
func (u *rules) toProvider(w http.ResponseWriter, r *http.Request) {
	if !u.hasProvider(w, r) {
		return
	}
	_, config, err := u.provider.discover(r.Context())
	if err != nil {
		u.Log.Error("cannot start a login with OpenID Connect", "err", err)
		u.show(w, r, http.StatusBadGateway, "The login provider does not answer. Try again soon; the log has the reason.")
		return
	}
	f := newFlow(next(r.FormValue("next")))
	http.SetCookie(w, u.flowCookie(r, f.signed(u.provider.ClientSecret), int(flowLife.Seconds())))
	http.Redirect(w, r, config.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), http.StatusSeeOther)
}

// fromProvider starts a session for a person whom the provider has logged in.
func (u *rules) fromProvider(w http.ResponseWriter, r *http.Request) {
	if !u.hasProvider(w, r) {
		return
	}
	f, err := u.readFlow(r)
	http.SetCookie(w, u.flowCookie(r, "", -1))
	if err != nil {
		u.refused(r, badIdentity, "a login with OpenID Connect did not start here", "")
		u.show(w, r, http.StatusBadRequest, "This login did not start here, or took too long. Log in again.")
		return
	}
	someone, err := u.provider.person(r.Context(), f, r.FormValue("code"))
	if err != nil {
		u.refused(r, badIdentity, "the provider did not confirm an identity", "", "err", err, "provider_says", bridge.CleanLine(fmt.Sprintf("%.200s", r.FormValue("error"))))
		u.show(w, r, http.StatusUnauthorized, "The login provider did not confirm who you are. Log in again; the log has the reason.")
		return
	}
	p := Person{Name: someone.name, Role: u.provider.role(someone.values...)}
	if p.Role == "" {
		why := ""
		if someone.unverified {
			why = " The provider does not confirm that the mail address is verified."
		}
		u.refused(r, noRights, "has no rights in admin.oidc."+why, p.Name)
		u.show(w, r, http.StatusForbidden, p.Name+" has no rights here. Add the name or a group to admin.oidc.view or admin.oidc.operate in bridge.yaml."+why)
		return
	}
	u.begin(w, r, p, next(f.Next), func(string) grounds { return u.provider.grounds(someone.values) })
}

// identity is what a provider says about a person.
type identity struct {
	name       string
	values     []string // of the claim that gives rights
	unverified bool     // the claim is an address that the provider does not call verified
}

// person exchanges a code for the person's identity.
func (p *provider) person(ctx context.Context, f flow, code string) (identity, error) {
	ctx, cancel := context.WithTimeout(p.client(ctx), askTimeout)
	defer cancel()
	found, config, err := p.discover(ctx)
	if err != nil {
		return identity{}, err
	}
	answer, err := config.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return identity{}, fmt.Errorf("exchange the code: %w", exchangeWords(err))
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return identity{}, fmt.Errorf("verify the identity: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1 {
		return identity{}, errors.New("verify the identity: the nonce belongs to another login")
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return identity{}, fmt.Errorf("read the identity: %w", err)
	}
	return p.of(claims, token.Subject), nil
}

// of reads claims. It ignores an address that the provider does not call verified,
// because with many providers people choose it themselves.
func (p *provider) of(claims map[string]any, subject string) identity {
	i := identity{name: subject}
	if _, given := claims["email"]; given && !verified(claims) {
		delete(claims, "email")
		i.unverified = p.Claim == "email"
	}
	for _, key := range []string{"name", "preferred_username", "email"} {
		if text, ok := claims[key].(string); ok {
			i.name = cmp.Or(named(text), i.name)
		}
	}
	switch v := claims[p.Claim].(type) {
	case string:
		i.values = []string{v}
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				i.values = append(i.values, text)
			}
		}
	}
	return i
}

// verified reports whether a provider has verified a person's address. Entra ID uses a
// claim of its own, in several spellings.
func verified(claims map[string]any) bool {
	said, ok := claims["email_verified"]
	if !ok {
		said = claims["xms_edov"]
	}
	switch said {
	case true, "true", "True", "1", 1.0:
		return true
	}
	return false
}

// exchangeWords returns the error without the answer's body.
func exchangeWords(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider answered %s %s", e.Response.Status, bridge.CleanLine(e.ErrorCode))
	}
	return err
}
