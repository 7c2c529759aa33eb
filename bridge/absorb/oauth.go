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

// OAuth says how a client gets its tokens with OAuth 2.0 (RFC 6749, section 6). An
// admin consented once, in a browser, which gave a refresh token. Each use gives a new
// refresh token and invalidates the previous one, so ClientOptions.Tokens stores the
// newest.
type OAuth struct {
	TokenURL     string // such as https://acme.myabsorb.com/oauth/token
	ClientID     string
	ClientSecret bridge.Secret
	RefreshToken bridge.Secret // "" if it comes from a Consent
	Source       string        // the source that errors tell people to log in to
}

// refreshLife is how long a refresh token is valid: in Absorb, a year.
const refreshLife = 365 * 24 * time.Hour

// noLogin is the error of a client without a refresh token that it can read. Unlike a
// refusal it ends as soon as somebody logs in.
type noLogin struct{ *APIError }

// Unwrap returns the API error.
func (e noLogin) Unwrap() error { return e.APIError }

// NeedsLogin reports whether an error means that nobody has logged in yet.
func NeedsLogin(err error) bool {
	_, ok := errors.AsType[noLogin](err)
	return ok
}

// grant is the result of a login.
type grant struct {
	token bridge.Secret
	life  time.Duration
}

// refresher exchanges refresh tokens. Only one goroutine at a time may use it.
type refresher struct {
	client *Client
	newest bridge.Secret // "" before the first use, and after a refusal
	saved  bool          // whether the store has the newest
}

// RefreshKey returns the key under which the newest refresh token is stored. It depends
// on the configured token, so that a new one starts over. Without one it depends on
// whose login it is.
func (o ClientOptions) RefreshKey() string {
	of := o.OAuth.RefreshToken.Reveal()
	if of == "" {
		of = o.OAuth.TokenURL + " " + o.OAuth.ClientID
	}
	sum := sha256.Sum256([]byte(of))
	return fmt.Sprintf("%s refresh %x", o.TokenKey, sum[:6])
}

// LoggedOut reports whether the client waits for somebody to log in.
func (c *Client) LoggedOut(ctx context.Context) (bool, error) {
	if c.OAuth == nil {
		return false, nil
	}
	r := &refresher{client: c}
	err := r.load(ctx)
	return r.newest.Empty(), err
}

// load returns the newest refresh token: the stored one, or else the configured one.
func (r *refresher) load(ctx context.Context) error {
	r.newest, r.saved = r.client.OAuth.RefreshToken, true
	if r.client.Tokens == nil {
		return nil
	}
	kept, _, err := r.client.Tokens.Token(ctx, r.client.RefreshKey())
	if errors.Is(err, ErrUnreadable) { // the configured token was used up to get this one
		r.newest = ""
		return noLogin{&APIError{Message: "the refresh token in the store is encrypted by a key that is not in store_keys; add that key, or run absorb-bridge login " + r.client.OAuth.Source}}
	}
	if err != nil {
		r.newest = ""
		return &APIError{Message: "cannot read the refresh token from the store", Temporary: true}
	}
	if kept != "" {
		r.newest = bridge.Secret(kept)
	}
	return nil
}

// save stores the newest refresh token. If that fails, the next use tries again:
// without the token, the access would end with the process.
func (r *refresher) save(ctx context.Context) {
	if r.saved || r.client.Tokens == nil {
		return
	}
	r.saved = r.client.Tokens.SaveToken(ctx, r.client.RefreshKey(), r.newest.Reveal(), time.Now().Add(refreshLife)) == nil
}

// refresh exchanges the newest refresh token for an access token and the next refresh
// token.
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
			r.newest = "" // another process may have stored a new one by the next attempt
			e.Message = "the portal refused the refresh token; " + again + ", and check client_id and client_secret (" + e.Message + ")"
		}
		return grant{}, err
	}
	if !got.Refresh.Empty() {
		r.newest, r.saved = got.Refresh, false
		r.save(context.WithoutCancel(ctx))
	}
	return grant{got.Access, time.Until(got.Expires)}, nil
}

// Login is the tokens that a portal issued.
type Login struct {
	Access  bridge.Secret
	Expires time.Time     // of Access
	Refresh bridge.Secret // "" when the portal gave none
}

// trade requests tokens from the portal. The secrets are those in the form.
func (c *Client) trade(ctx context.Context, form url.Values, secrets ...bridge.Secret) (Login, error) {
	form.Set("client_id", c.OAuth.ClientID)
	form.Set("client_secret", c.OAuth.ClientSecret.Reveal())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.OAuth.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return Login{}, &APIError{Message: "api.oauth.token_url is not a valid address"}
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
		return Login{}, &APIError{Status: http.StatusOK, Message: "api.oauth.token_url answered without an access token"}
	}
	life := time.Duration(answer.Expires) * time.Second
	if life <= 0 {
		life = tokenLife
	}
	return Login{Access: bridge.Secret(answer.Access), Expires: began.Add(life), Refresh: bridge.Secret(answer.Refresh)}, nil
}
