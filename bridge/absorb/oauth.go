package absorb

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// OAuth is how a client gets its tokens by OAuth 2.0 (RFC 6749, section 6): an
// admin consented once, in a browser, and gave a refresh token. The portal gives a
// new one at every use and ends the one before, so the newest is kept in
// ClientOptions.Tokens.
type OAuth struct {
	TokenURL     string // such as https://acme.myabsorb.com/oauth/token
	ClientID     string
	ClientSecret bridge.Secret
	RefreshToken bridge.Secret
}

// refreshLife is how long a refresh token is valid (Absorb: a year).
const refreshLife = 365 * 24 * time.Hour

// grant is what a login gives.
type grant struct {
	token bridge.Secret
	life  time.Duration
}

// refresher trades refresh tokens. It is used by one goroutine at a time.
type refresher struct {
	client *Client
	newest bridge.Secret // "" before the first use
	saved  bool          // whether the store has newest
}

// key is where the newest refresh token is kept. It depends on the configured
// one, so that a new consent begins anew.
func (r *refresher) key() string {
	sum := sha256.Sum256([]byte(r.client.OAuth.RefreshToken.Reveal()))
	return fmt.Sprintf("%s refresh %x", r.client.TokenKey, sum[:6])
}

// load finds the newest refresh token: the one that is kept, else the configured.
func (r *refresher) load(ctx context.Context) error {
	r.newest, r.saved = r.client.OAuth.RefreshToken, true
	if r.client.Tokens == nil {
		return nil
	}
	kept, _, err := r.client.Tokens.Token(ctx, r.key())
	if err != nil {
		r.newest = ""
		return &APIError{Message: "the refresh token cannot be read from the store", Temporary: true}
	}
	if kept != "" {
		r.newest = bridge.Secret(kept)
	}
	return nil
}

// save keeps the newest refresh token. If that fails it is tried again before the
// next use: without it the access would end with the process.
func (r *refresher) save(ctx context.Context) {
	if r.saved || r.client.Tokens == nil {
		return
	}
	r.saved = r.client.Tokens.SaveToken(ctx, r.key(), r.newest.Reveal(), time.Now().Add(refreshLife)) == nil
}

// refresh trades the newest refresh token for an access token and the next one.
func (r *refresher) refresh(ctx context.Context) (grant, error) {
	if r.saved || r.newest.Empty() { // another process may have a newer one
		if err := r.load(ctx); err != nil {
			return grant{}, err
		}
	}
	o := r.client.OAuth
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {r.newest.Reveal()},
		"client_id": {o.ClientID}, "client_secret": {o.ClientSecret.Reveal()},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, &APIError{Message: "the token cannot be asked for: check api.oauth.token_url"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"` // seconds
	}
	err = r.client.do(req, func(body []byte) error {
		if json.Unmarshal(body, &answer) != nil {
			answer.Access = ""
		}
		return nil
	}, r.newest)
	if err != nil {
		if e, ok := errors.AsType[*APIError](err); ok && !e.Temporary {
			e.Message = "the refresh token was refused: consent once more and set api.oauth.refresh_token, and check client_id and client_secret (" + e.Message + ")"
		}
		return grant{}, err
	}
	if answer.Access == "" {
		return grant{}, &APIError{Status: http.StatusOK, Message: "the refresh was answered without an access token"}
	}
	if answer.Refresh != "" {
		r.newest, r.saved = bridge.Secret(answer.Refresh), false
		r.save(context.WithoutCancel(ctx))
	}
	life := time.Duration(answer.Expires) * time.Second
	if life <= 0 {
		life = tokenLife
	}
	return grant{bridge.Secret(answer.Access), life}, nil
}
