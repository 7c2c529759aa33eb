package absorb

import (
	"context"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// canLogin tells whether there is a way to another token.
func (c *Client) canLogin() bool { return c.Username != "" || c.OAuth != nil }

// settle decides what a 401 means. It gives another token to ask with, or an error:
//
//   - The token is new. Some of Absorb's nodes do not know it yet, and another login
//     would only start that again, so the same request is made again later.
//   - The token is accepted for another resource. If this one has been refused for as
//     long as a new or an ended token takes to spread, it is forbidden.
//   - The token is accepted for nothing. It is replaced.
//
// One request at a time is settled, so that many that are refused together cause one
// login.
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

// later is a refusal that may pass by itself.
func later(refusal *APIError) error {
	return &APIError{Status: http.StatusUnauthorized, Message: refusal.Message, Temporary: true}
}

// works tells whether the API accepts a token for something else than a path, after
// the path was refused. The error is one that leaves it open.
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
