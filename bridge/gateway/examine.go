package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Running gives the version of the bridge that runs with a configuration, or tells why
// it cannot be asked by its admin address.
func Running(ctx context.Context, c *config.Config) (version string, err error) {
	_, about, err := findRunning(ctx, c)
	return about.Version, err
}

// ErrOneUse is that trying an API would use up a refresh token, which the running
// bridge needs.
var ErrOneUse = errors.New("there is no token yet, and to get one would use up the refresh token: start the bridge, then try again")

// ErrNoLogin is that an API needs somebody to log in first.
var ErrNoLogin = errors.New("nobody has logged in yet")

// APIAddress is where an Integration API is.
func APIAddress(api config.API) string { return clientOptions("", api, nil).BaseURL }

// APIRefusal is an answer of an Integration API, or none, that keeps the bridge from
// using it.
type APIRefusal struct {
	error

	Login       bool   // the login failed, not a call with its token
	OtherScheme string // the api.scheme with which the same call is accepted, or ""
}

// Unwrap gives the client's error.
func (r *APIRefusal) Unwrap() error { return r.error }

// TryAPI asks the Integration API of a source who we are, with the token that the store keeps if
// there is one: a login would end the one of a running bridge. It saves nothing. The
// secrets are those of the store's keys. When the call is refused with a valid token, it asks once more in the other scheme.
func TryAPI(ctx context.Context, source string, api config.API, kept store.Examination, secrets []bridge.Secret) error {
	keys, err := store.NewKeys(secrets)
	if err != nil {
		return err
	}
	o := clientOptions(source, api, nil)
	token, expires, _ := kept.Token(o.TokenKey, keys) // one that cannot be read is as good as none
	if o.OAuth != nil {
		refresh, _, err := kept.Token(o.RefreshKey(), keys)
		if err != nil {
			return err
		}
		if refresh.Empty() && o.OAuth.RefreshToken.Empty() {
			return ErrNoLogin
		}
		if token.Empty() || !time.Now().Before(expires) {
			return ErrOneUse
		}
		o.OAuth = nil
	}
	tokens, last := &borrowed{token: token, expires: expires}, &lastCall{next: o.HTTP.Transport}
	o.Tokens, o.HTTP.Transport = tokens, last
	if err = probe(ctx, o); err == nil {
		return nil
	}
	refusal := &APIRefusal{error: err, Login: last.path == "/authenticate"}
	if e, ok := errors.AsType[*absorb.APIError](err); ok && e.Status == http.StatusUnauthorized && !refusal.Login {
		refusal.OtherScheme = otherScheme(ctx, o, tokens)
	}
	return refusal
}

// otherScheme tries the scheme that is not configured, with the token at hand and
// without a login, which would end it.
func otherScheme(ctx context.Context, o absorb.ClientOptions, tokens *borrowed) string {
	scheme := "none"
	if o.Scheme == scheme {
		scheme = "Bearer"
	}
	if tokens.token.Empty() {
		return ""
	}
	o.Scheme, o.Username = scheme, ""
	if probe(ctx, o) != nil {
		return ""
	}
	return scheme
}

func probe(ctx context.Context, o absorb.ClientOptions) error {
	client, err := absorb.NewClient(o)
	if err != nil {
		return err
	}
	return client.Probe(ctx)
}

// lastCall remembers which path was asked for last.
type lastCall struct {
	next http.RoundTripper
	path string
}

// RoundTrip passes a request on.
func (l *lastCall) RoundTrip(r *http.Request) (*http.Response, error) {
	l.path = r.URL.Path[strings.LastIndex(r.URL.Path, "/"):]
	return l.next.RoundTrip(r)
}

// borrowed keeps a token in memory, for one asker: the store must not be changed.
type borrowed struct {
	token   bridge.Secret
	expires time.Time
}

// Token gives the token at hand.
func (b *borrowed) Token(context.Context, string) (string, time.Time, error) {
	return b.token.Reveal(), b.expires, nil
}

// SaveToken keeps a token until the trial ends.
func (b *borrowed) SaveToken(_ context.Context, _, token string, expires time.Time) error {
	b.token, b.expires = bridge.Secret(token), expires
	return nil
}

// Lock is nobody's: there is one asker.
func (*borrowed) Lock(context.Context, string) (func(), error) { return func() {}, nil }
