package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// OIDC is an OpenID Connect provider, and what its claims say of people's rights.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret bridge.Secret
	Scopes       []string // besides openid
	Claim        string   // whose values the rights are about, such as groups
	Rights
	HTTP *http.Client // nil for the usual one
}

const (
	// flowCookie holds what a login in progress must come back with; flowLife is how
	// long it may take.
	flowCookie = "absorb-bridge-login"
	flowLife   = 10 * time.Minute

	// askTimeout bounds a question to the provider.
	askTimeout = 15 * time.Second
)

// provider is a provider once it was asked for its addresses: at the first login,
// so that a bridge can start without it.
type provider struct {
	OIDC
	redirect string

	mu    sync.Mutex // guards found
	found *oidc.Provider
}

// flow is a login in progress.
type flow struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"t"`
}

func (p *provider) client(ctx context.Context) context.Context {
	if p.HTTP != nil {
		return oidc.ClientContext(ctx, p.HTTP)
	}
	return oidc.ClientContext(ctx, &http.Client{Timeout: askTimeout})
}

// discover asks for the provider's addresses and keys, once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(p.client(context.WithoutCancel(ctx)), p.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("ask the provider of admin.oidc: %w", err)
		}
		p.found = found
	}
	return p.found, &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Endpoint: p.found.Endpoint(),
		RedirectURL: p.redirect, Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...),
	}, nil
}

// toProvider sends somebody to the provider.
func (g *Gate) toProvider(w http.ResponseWriter, r *http.Request) {
	_, config, err := g.provider.discover(r.Context())
	if err != nil {
		g.Log.Error("nobody can log in by OpenID Connect", "err", err)
		g.show(w, r, http.StatusBadGateway, "The login provider does not answer. Try again soon; the log says more.")
		return
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next(r.FormValue("next"))}
	text, err := json.Marshal(f)
	if err != nil {
		g.show(w, r, http.StatusInternalServerError, "The login cannot begin.")
		return
	}
	c := g.cookie(r, flowCookie, base64.RawURLEncoding.EncodeToString(text), LoginPath)
	c.MaxAge = int(flowLife.Seconds())
	http.SetCookie(w, c)
	http.Redirect(w, r, config.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), http.StatusSeeOther)
}

// fromProvider begins a session for whom the provider has logged in.
func (g *Gate) fromProvider(w http.ResponseWriter, r *http.Request) {
	f, err := readFlow(r)
	g.forget(w, r, flowCookie, LoginPath)
	if err != nil {
		g.show(w, r, http.StatusBadRequest, "This login was not begun here, or took too long. Log in again.")
		return
	}
	p, err := g.provider.person(r.Context(), f, r.FormValue("code"))
	if err != nil {
		g.Log.Warn("a login by OpenID Connect failed", "err", err, "provider_says", bridge.CleanLine(fmt.Sprintf("%.200s", r.FormValue("error"))))
		g.show(w, r, http.StatusUnauthorized, "The login provider did not confirm who you are. Log in again; the log says more.")
		return
	}
	if p.Role == "" {
		g.Log.Warn("somebody without rights has logged in by OpenID Connect", "claim", g.provider.Claim)
		g.show(w, r, http.StatusForbidden, p.Name+" has no rights here. admin.oidc.view and admin.oidc.operate in bridge.yaml say who has.")
		return
	}
	g.begin(w, r, p, next(f.Next))
}

func readFlow(r *http.Request) (f flow, err error) {
	c, err := r.Cookie(flowCookie)
	if err != nil {
		return f, err
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err == nil && (f.State == "" || subtle.ConstantTimeCompare([]byte(f.State), []byte(r.FormValue("state"))) != 1) {
		err = errors.New("the state is another's")
	}
	return f, err
}

// person asks the provider who somebody is.
func (p *provider) person(ctx context.Context, f flow, code string) (Person, error) {
	ctx, cancel := context.WithTimeout(p.client(ctx), askTimeout)
	defer cancel()
	found, config, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	answer, err := config.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Person{}, fmt.Errorf("exchange the code: %w", exchangeWords(err))
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("verify the identity: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1 {
		return Person{}, errors.New("verify the identity: the nonce is another's")
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return Person{}, fmt.Errorf("read the identity: %w", err)
	}
	return p.of(claims, token.Subject), nil
}

// of reads claims. An address that the provider has not verified counts for nothing.
func (p *provider) of(claims map[string]any, subject string) Person {
	if verified, said := claims["email_verified"]; said && verified != true && verified != "true" {
		delete(claims, "email")
	}
	name := subject
	for _, key := range []string{"name", "preferred_username", "email"} {
		if text, ok := claims[key].(string); ok && bridge.CleanLine(text) != "" {
			name = bridge.CleanLine(text)
		}
	}
	var values []string
	switch v := claims[p.Claim].(type) {
	case string:
		values = []string{v}
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				values = append(values, text)
			}
		}
	}
	return Person{Name: name, Role: p.role(values...)}
}

// exchangeWords are an error's, without the answer's body.
func exchangeWords(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider answered %s %s", e.Response.Status, bridge.CleanLine(e.ErrorCode))
	}
	return err
}
