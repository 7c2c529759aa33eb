package absorb

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// ConsentScope is the scope of an integration's access to Absorb.
const ConsentScope = "admin.v1"

// ErrOtherConsent means that an answer belongs to another consent, or is forged.
var ErrOtherConsent = errors.New("this address belongs to another login; open the address that was printed last, and paste the address where the browser ends up")

// Consent is a running request for an admin's consent: the authorization code flow of
// OAuth 2.0 (RFC 6749, section 4.1) with PKCE (RFC 7636).
type Consent struct {
	client          *Client
	config          oauth2.Config
	state, verifier string
}

// AuthorizeURL returns the portal's consent page, which is beside the token URL.
func (o OAuth) AuthorizeURL() (string, error) {
	u, err := url.Parse(o.TokenURL)
	if err != nil {
		return "", err
	}
	folder, beside := strings.CutSuffix(u.Path, "/token")
	if !beside {
		return "", errors.New("api.oauth.token_url does not end with /token, so the bridge cannot derive the address of the consent page; set it with --authorize")
	}
	return u.ResolveReference(&url.URL{Path: folder + "/authorize"}).String(), nil
}

// NewConsent starts an admin's consent. The portal redirects the browser to the address
// redirect, which must be registered with the portal.
func NewConsent(o ClientOptions, authorize, redirect string, scopes []string) (*Consent, error) {
	client, err := NewClient(o)
	if err != nil {
		return nil, err
	}
	return &Consent{
		client: client, state: rand.Text(), verifier: oauth2.GenerateVerifier(),
		config: oauth2.Config{ClientID: o.OAuth.ClientID, RedirectURL: redirect, Scopes: scopes, Endpoint: oauth2.Endpoint{AuthURL: authorize}},
	}, nil
}

// Address returns the URL where the admin consents.
func (c *Consent) Address() string {
	return c.config.AuthCodeURL(c.state, oauth2.S256ChallengeOption(c.verifier))
}

// Code returns the code in the query of the portal's redirect.
func (c *Consent) Code(q url.Values) (string, error) {
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1 {
		return "", ErrOtherConsent
	}
	if q.Has("error") {
		words := strings.TrimSpace(q.Get("error") + " " + q.Get("error_description"))
		return "", fmt.Errorf("the portal refused the consent: %s", bridge.CleanLine(fmt.Sprintf("%.300s", words)))
	}
	if q.Get("code") == "" {
		return "", errors.New("the portal redirected the browser without a code; start the login again")
	}
	return q.Get("code"), nil
}

// Pasted returns the code in what somebody pasted: the redirect address, its query, or
// the code alone.
func (c *Consent) Pasted(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", errors.New("nothing was pasted; paste the whole address where the browser ended up")
	}
	if !strings.Contains(text, "://") && !strings.Contains(text, "code=") && !strings.Contains(text, "error=") {
		return text, nil
	}
	if _, query, ok := strings.Cut(text, "?"); ok {
		text = query
	}
	text, _, _ = strings.Cut(text, "#")
	q, err := url.ParseQuery(text)
	if err != nil {
		return "", errors.New("the pasted address is not valid; paste the whole address where the browser ended up")
	}
	return c.Code(q)
}

// Trade exchanges the code for tokens. A code works once.
func (c *Consent) Trade(ctx context.Context, code string) (Login, error) {
	l, err := c.client.trade(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {c.verifier}, "redirect_uri": {c.config.RedirectURL},
	}, bridge.Secret(code), bridge.Secret(c.verifier))
	if e, ok := errors.AsType[*APIError](err); ok {
		return l, c.refused(e)
	}
	if err == nil && l.Refresh.Empty() {
		err = errors.New("the portal returned no refresh token; check whether its OAuth client may have one. Some portals need another --scope, such as offline_access")
	}
	return l, err
}

// refused says what to do if the portal refuses to exchange a code.
func (c *Consent) refused(e *APIError) error {
	switch e.Status {
	case 0:
		return fmt.Errorf("the portal does not answer at %s: %s", c.client.OAuth.TokenURL, e.Message)
	case http.StatusBadRequest:
		return fmt.Errorf("the portal refused the code (%s): the code is wrong, expired or used, or %s is not registered as the redirect address; start the login again", e.Message, c.config.RedirectURL)
	case http.StatusUnauthorized:
		return fmt.Errorf("the portal refused the client (%s): check api.oauth.client_id and client_secret", e.Message)
	}
	return fmt.Errorf("the portal answered %d at %s: %s", e.Status, c.client.OAuth.TokenURL, e.Message)
}

// Keep stores the tokens of a login, where all clients that share it find them.
func (c *Client) Keep(ctx context.Context, l Login) error {
	unlock, err := c.Tokens.Lock(ctx, c.TokenKey) // waits for a running refresh
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.Tokens.SaveToken(ctx, c.RefreshKey(), l.Refresh.Reveal(), time.Now().Add(refreshLife)); err != nil {
		return err
	}
	return c.Tokens.SaveToken(ctx, c.TokenKey, l.Access.Reveal(), l.Expires)
}
