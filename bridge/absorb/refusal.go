package absorb

import (
	"context"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// canLogin reports whether there is a way to another token.
func (c *Client) canLogin() bool { return c.Username != "" || c.OAuth != nil }

// settle decides what a 401 means. It returns another token to use, or an error:
//
//   - The token is new. Some of Absorb's nodes may not know it yet, and another login
//     would only cause the same again, so the same request is repeated later.
//   - The API accepts the token for another resource. If it has refused this one for as
//     long as a new or an invalid token takes to spread, the resource is forbidden.
//   - The API accepts the token for nothing. The client replaces it.
//
// Only one request at a time is settled, so that many refusals at once cause one login.
func (c *Client) settle(ctx context.Context, path string, token bridge.Secret, refusal *APIError) (bridge.Secret, error) {
	at := time.Now()
	first := c.rights.refuse(token, path, at)
	if young, _, err := c.tokens.look(ctx, token); err != nil || young {
		return "", later(refusal)
	}
	select {
	case c.settling <- struct{}{}:
		defer func() { <-c.settling }()
	case <-ctx.Done():
		return "", later(refusal)
	}
	if _, other, err := c.tokens.look(ctx, token); err != nil || !other.Empty() {
		return other, err
	}
	if err := c.rights.forbidden(path); err != nil {
		return "", err
	}
	works, err := c.works(ctx, path, token, at)
	switch {
	case err != nil:
		return "", err
	case works && at.Sub(first) < spreadTime:
		return "", later(refusal)
	case works:
		return "", c.rights.forbid(path, refusal.Message)
	case !c.canLogin():
		return "", refusal
	}
	_, accepted := c.rights.control(token)
	return c.tokens.replace(ctx, token, !accepted.IsZero(), refusal.Message)
}

// later returns a refusal that may end on its own.
func later(refusal *APIError) error {
	return &APIError{Status: http.StatusUnauthorized, Message: refusal.Message, Temporary: true}
}

// works reports whether the API accepts a token for something other than a path, after
// it refused the path. An error leaves the question open.
func (c *Client) works(ctx context.Context, path string, token bridge.Secret, refused time.Time) (bool, error) {
	control, accepted := c.rights.control(token)
	if !accepted.IsZero() && !accepted.Before(refused) {
		return true, nil
	}
	if control == path {
		return false, nil
	}
	err := c.request(ctx, control, token, func(body []byte) error {
		_, err := decodeAnswer(body)
		return err
	})
	if isTemporary(err) {
		return false, err
	}
	return err == nil, nil
}
