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
// admin consented once, in a browser, which gave a refresh token. The portal gives a
// new one at every use and ends the one before, so the newest is kept in
// ClientOptions.Tokens.
type OAuth struct {
	TokenURL     string // such as https://acme.myabsorb.com/oauth/token
	ClientID     string
	ClientSecret bridge.Secret
	RefreshToken bridge.Secret // "" when it comes from a Consent
	Source       string        // which source errors name as the one to log in
}

// refreshLife is how long a refresh token is valid (Absorb: a year).
const refreshLife = 365 * 24 * time.Hour

// noLogin is the error of a client that has no refresh token that it can read. Unlike a refusal it ends
// as soon as somebody logs in.
type noLogin struct{ *APIError }

// Unwrap gives the error as the others are.
func (e noLogin) Unwrap() error { return e.APIError }

// NeedsLogin tells whether an error says that nobody has logged in yet.
func NeedsLogin(err error) bool {
	_, ok := errors.AsType[noLogin](err)
	return ok
}

// grant is what a login gives.
type grant struct {
	token bridge.Secret
	life  time.Duration
}

// refresher trades refresh tokens. It is used by one goroutine at a time.
type refresher struct {
	client *Client
	newest bridge.Secret // "" before the first use, and after a refusal
	saved  bool          // whether the store has newest
}

// RefreshKey is where the newest refresh token is kept. It depends on the configured
// one, so that a new one starts over. Without one it depends on whom a login is for.
func (o ClientOptions) RefreshKey() string {
	of := o.OAuth.RefreshToken.Reveal()
	if of == "" {
		of = o.OAuth.TokenURL + " " + o.OAuth.ClientID
	}
	sum := sha256.Sum256([]byte(of))
	return fmt.Sprintf("%s refresh %x", o.TokenKey, sum[:6])
}

// LoggedOut tells whether the client waits for somebody to log in.
func (c *Client) LoggedOut(ctx context.Context) (bool, error) {
	if c.OAuth == nil {
		return false, nil
	}
	r := &refresher{client: c}
	err := r.load(ctx)
	return r.newest.Empty(), err
}

// load finds the newest refresh token: the one that is kept, else the configured.
func (r *refresher) load(ctx context.Context) error {
	r.newest, r.saved = r.client.OAuth.RefreshToken, true
	if r.client.Tokens == nil {
		return nil
	}
	kept, _, err := r.client.Tokens.Token(ctx, r.client.RefreshKey())
	if errors.Is(err, ErrUnreadable) { // the configured one was used up when this one was given
		r.newest = ""
		return noLogin{&APIError{Message: "the refresh token in the store is encrypted by a key that is not in store_keys: add that key, or run absorb-bridge login " + r.client.OAuth.Source}}
	}
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
	r.saved = r.client.Tokens.SaveToken(ctx, r.client.RefreshKey(), r.newest.Reveal(), time.Now().Add(refreshLife)) == nil
}

// refresh trades the newest refresh token for an access token and the next one.
func (r *refresher) refresh(ctx context.Context) (grant, error) {
	if r.saved || r.newest.Empty() { // another process may have a newer one
		if err := r.load(ctx); err != nil {
			return grant{}, err
		}
	}
	again := "run absorb-bridge login " + r.client.OAuth.Source
	if r.newest.Empty() {
		return grant{}, noLogin{&APIError{Message: "nobody has logged in yet: " + again}}
	}
	got, err := r.client.trade(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.newest.Reveal()}}, r.newest)
	if err != nil {
		if e, ok := errors.AsType[*APIError](err); ok && !e.Temporary {
			r.newest = "" // the store may have another one by the next try
			e.Message = "the refresh token was refused: " + again + ", and check client_id and client_secret (" + e.Message + ")"
		}
		return grant{}, err
	}
	if !got.Refresh.Empty() {
		r.newest, r.saved = got.Refresh, false
		r.save(context.WithoutCancel(ctx))
	}
	return grant{got.Access, time.Until(got.Expires)}, nil
}

// Login is the tokens that a portal gives.
type Login struct {
	Access  bridge.Secret
	Expires time.Time     // of Access
	Refresh bridge.Secret // "" when the portal gave none
}

// trade asks the portal for tokens. The secrets are those of the form.
func (c *Client) trade(ctx context.Context, form url.Values, secrets ...bridge.Secret) (Login, error) {
	form.Set("client_id", c.OAuth.ClientID)
	form.Set("client_secret", c.OAuth.ClientSecret.Reveal())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.OAuth.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return Login{}, &APIError{Message: "no token can be asked for: check api.oauth.token_url"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"` // seconds
	}
	began := time.Now()
	err = c.do(req, func(body []byte) error {
		if json.Unmarshal(body, &answer) != nil {
			answer.Access = ""
		}
		return nil
	}, secrets...)
	switch {
	case err != nil:
		return Login{}, err
	case answer.Access == "":
		return Login{}, &APIError{Status: http.StatusOK, Message: "api.oauth.token_url answers without an access token"}
	}
	life := time.Duration(answer.Expires) * time.Second
	if life <= 0 {
		life = tokenLife
	}
	return Login{Access: bridge.Secret(answer.Access), Expires: began.Add(life), Refresh: bridge.Secret(answer.Refresh)}, nil
}
