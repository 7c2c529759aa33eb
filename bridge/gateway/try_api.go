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

// Running returns the version of the bridge that runs with a configuration, or why its
// admin address does not answer.
func Running(ctx context.Context, c *config.Config) (version string, err error) {
	_, about, err := findRunning(ctx, c)
	return about.Version, err
}

// ErrOneUse means that trying an API would use up a refresh token that the running
// bridge needs.
var ErrOneUse = errors.New("there is no access token yet, and getting one would use up the refresh token; start the bridge, then try again")

// ErrNoLogin means that somebody must log in to the API first.
var ErrNoLogin = errors.New("nobody has logged in yet")

// APIAddress returns the base URL of an Integration API.
func APIAddress(api config.API) string { return clientOptions("", api, nil).BaseURL }

// APIRefusal is why the bridge cannot use an Integration API: the API refused the
// request, or did not answer.
type APIRefusal struct {
	error

	Login       bool   // the login failed, rather than a request with its token
	OtherScheme string // the api.scheme that the API accepts for the same request, or ""
}

// Unwrap returns the client's error.
func (r *APIRefusal) Unwrap() error { return r.error }

// TryAPI calls the Integration API of a source. It uses the stored token if there is
// one, because a new login would invalidate the token of a running bridge. It saves
// nothing. The secrets are those of store_keys. If the API refuses a valid token,
// TryAPI repeats the request with the other scheme.
func TryAPI(ctx context.Context, source string, api config.API, kept store.Examination, secrets []bridge.Secret) error {
	keys, err := store.NewKeys(secrets)
	if err != nil {
		return err
	}
	o := clientOptions(source, api, nil)
	token, expires, _ := kept.Token(o.TokenKey, keys) // an unreadable token is no token
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

// otherScheme tries the scheme that is not configured, with the present token and
// without a login, which would invalidate that token.
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

// lastCall remembers the path of the last request.
type lastCall struct {
	next http.RoundTripper
	path string
}

// RoundTrip passes a request on.
func (l *lastCall) RoundTrip(r *http.Request) (*http.Response, error) {
	l.path = r.URL.Path[strings.LastIndex(r.URL.Path, "/"):]
	return l.next.RoundTrip(r)
}

// borrowed keeps a token in memory for one caller, because the store must not change.
type borrowed struct {
	token   bridge.Secret
	expires time.Time
}

// Token returns the token.
func (b *borrowed) Token(context.Context, string) (string, time.Time, error) {
	return b.token.Reveal(), b.expires, nil
}

// SaveToken keeps a token until the trial ends.
func (b *borrowed) SaveToken(_ context.Context, _, token string, expires time.Time) error {
	b.token, b.expires = bridge.Secret(token), expires
	return nil
}

// Lock does nothing, because there is only one caller.
func (*borrowed) Lock(context.Context, string) (func(), error) { return func() {}, nil }
