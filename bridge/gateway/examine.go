package gateway

import (
	"context"
	"errors"
	"time"

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

// APIAddress is where an Integration API is.
func APIAddress(api config.API) string { return clientOptions(api, nil).BaseURL }

// TryAPI asks an Integration API who we are, with the token that the store keeps if
// there is one: a login would end the one of a running bridge. It saves nothing.
func TryAPI(ctx context.Context, api config.API, kept store.Examination) error {
	o := clientOptions(api, nil)
	token, expires := kept.Token(o.TokenKey)
	if o.OAuth != nil {
		if token.Empty() || !time.Now().Before(expires) {
			return ErrOneUse
		}
		o.OAuth = nil
	}
	o.Tokens = keptTokens{kept}
	client, err := absorb.NewClient(o)
	if err != nil {
		return err
	}
	return client.Probe(ctx)
}

// keptTokens gives the tokens of a store that must not be changed.
type keptTokens struct{ store.Examination }

// Token gives the kept one.
func (k keptTokens) Token(_ context.Context, key string) (string, time.Time, error) {
	token, expires := k.Examination.Token(key)
	return token.Reveal(), expires, nil
}

// SaveToken keeps nothing.
func (keptTokens) SaveToken(context.Context, string, string, time.Time) error { return nil }

// Lock is nobody's: there is one asker.
func (keptTokens) Lock(context.Context, string) (func(), error) { return func() {}, nil }
