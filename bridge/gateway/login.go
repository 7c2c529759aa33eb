package gateway

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// clientOptions returns the options of the client of a source's Integration API.
func clientOptions(source string, api config.API, tokens absorb.TokenStore) absorb.ClientOptions {
	base := api.URL
	if base == "" {
		base, _ = absorb.BaseURL(api.Region)
	}
	o := absorb.ClientOptions{
		BaseURL: base, Key: api.Key, Username: api.Username, Password: api.Password, Scheme: api.Scheme,
		Rate: api.Rate, Burst: api.Burst, Budget: api.Budget,
		HTTP: trusting(kit.NewClient(transport(), attemptTimeout), api.Trust), Tokens: tokens, TokenKey: tokenKey(base, api.Username, api.Key),
	}
	if a := api.OAuth; a != nil {
		o.OAuth = &absorb.OAuth{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, RefreshToken: a.RefreshToken, Source: source}
		o.TokenKey = tokenKey(base, a.ClientID, bridge.Secret(a.TokenURL+" "+a.RefreshToken.Reveal()))
	}
	return o
}

// tokenKey returns the key under which the token of a portal's user is stored. All
// portals of a region share an address, and each may have a user of the same name.
func tokenKey(base, user string, portal bridge.Secret) string {
	sum := sha256.Sum256([]byte(portal.Reveal()))
	return fmt.Sprintf("%s %s %x", base, user, sum[:6])
}

// NewConsent starts an admin's consent to a source's use of its API. Without the
// address of the portal's consent page, it derives the address from
// api.oauth.token_url.
func NewConsent(source string, api config.API, authorize, redirect string, scopes []string) (*absorb.Consent, error) {
	o := clientOptions(source, api, nil)
	if authorize == "" {
		var err error
		if authorize, err = o.OAuth.AuthorizeURL(); err != nil {
			return nil, err
		}
	}
	return absorb.NewConsent(o, authorize, redirect, scopes)
}

// keepLogin stores the tokens of a login where the source's clients find them, or only
// checks whether it could.
func (p *Parts) keepLogin(ctx context.Context, source string, l admin.Login, s *store.Store) error {
	api := p.api(source)
	if api == nil || api.OAuth == nil {
		return &admin.Error{Status: http.StatusConflict, Message: "source " + source + " has no api.oauth in the configuration in use; add it, then reload"}
	}
	client, err := absorb.NewClient(clientOptions(source, *api, s))
	if err != nil || l.DryRun {
		return err
	}
	return client.Keep(ctx, absorb.Login{Access: bridge.Secret(l.Access), Expires: l.Expires, Refresh: bridge.Secret(l.Refresh)})
}

// useKeys encrypts the tokens in a store as a configuration says.
func useKeys(ctx context.Context, s *store.Store, c *config.Config, log *slog.Logger) error {
	keys, err := store.NewKeys(c.StoreKeys)
	if err != nil {
		return err
	}
	unreadable, err := s.UseKeys(ctx, keys)
	if unreadable > 0 {
		log.Warn("some tokens in the store are encrypted by a key that is not in store_keys: add that key, or run absorb-bridge login for the sources with OAuth", "unreadable", unreadable)
	}
	return err
}

// remind logs which sources need somebody to log in.
func (g *Gateway) remind(ctx context.Context, p *Parts) {
	for _, source := range p.sources {
		if source.API == nil {
			continue
		}
		c, err := p.client(source.Name, *source.API, g.store)
		if err != nil {
			continue // the client was just built
		}
		out, err := c.client.LoggedOut(ctx)
		switch {
		case absorb.NeedsLogin(err):
			g.log.Warn("cannot use the Integration API; until then messages contain ids instead of names", "source", source.Name, "err", err)
		case err == nil && out:
			g.log.Warn("nobody has logged in to the Integration API: run absorb-bridge login; until then messages contain ids instead of names", "source", source.Name)
		}
	}
}
