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

// ConsentScope is what Absorb calls the access of an integration.
const ConsentScope = "admin.v1"

// ErrOtherConsent is that an answer belongs to another consent, or is forged.
var ErrOtherConsent = errors.New("this address belongs to another login: open the address that was printed last, and use where the browser ends up then")

// Consent is an admin's consent in progress: the authorization code flow of OAuth 2.0
// (RFC 6749, section 4.1) with PKCE (RFC 7636).
type Consent struct {
	client          *Client
	config          oauth2.Config
	state, verifier string
}

// AuthorizeURL is the portal's page on which an admin consents. It is beside the token
// URL.
func (o OAuth) AuthorizeURL() (string, error) {
	u, err := url.Parse(o.TokenURL)
	if err != nil {
		return "", err
	}
	folder, beside := strings.CutSuffix(u.Path, "/token")
	if !beside {
		return "", errors.New("api.oauth.token_url does not end with /token, so the address of the consent page is not known: give it with --authorize")
	}
	return u.ResolveReference(&url.URL{Path: folder + "/authorize"}).String(), nil
}

// NewConsent starts a consent of an admin. The portal sends the browser to the address
// redirect, which must be registered with it.
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

// Address is where the admin consents.
func (c *Consent) Address() string {
	return c.config.AuthCodeURL(c.state, oauth2.S256ChallengeOption(c.verifier))
}

// Code takes the code out of the query with which the browser was sent back.
func (c *Consent) Code(q url.Values) (string, error) {
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1 {
		return "", ErrOtherConsent
	}
	if q.Has("error") {
		words := strings.TrimSpace(q.Get("error") + " " + q.Get("error_description"))
		return "", fmt.Errorf("the portal did not give its consent: %s", bridge.CleanLine(fmt.Sprintf("%.300s", words)))
	}
	if q.Get("code") == "" {
		return "", errors.New("the portal sent the browser back without a code")
	}
	return q.Get("code"), nil
}

// Pasted takes the code out of what somebody pasted: the address to which the browser
// was sent, its query, or the code alone.
func (c *Consent) Pasted(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", errors.New("nothing was pasted: paste the whole address to which the browser was sent")
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
		return "", errors.New("the address that was pasted is broken: paste the whole address to which the browser was sent")
	}
	return c.Code(q)
}

// Trade trades the code for tokens. A code works once.
func (c *Consent) Trade(ctx context.Context, code string) (Login, error) {
	l, err := c.client.trade(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {c.verifier}, "redirect_uri": {c.config.RedirectURL},
	}, bridge.Secret(code), bridge.Secret(c.verifier))
	if e, ok := errors.AsType[*APIError](err); ok {
		return l, c.refused(e)
	}
	if err == nil && l.Refresh.Empty() {
		err = errors.New("the portal gave no refresh token: see whether its OAuth client may have one; some portals want a further --scope, such as offline_access")
	}
	return l, err
}

// refused says what to do when the portal gives no tokens for a code.
func (c *Consent) refused(e *APIError) error {
	switch e.Status {
	case 0:
		return fmt.Errorf("the portal does not answer at %s: %s", c.client.OAuth.TokenURL, e.Message)
	case http.StatusBadRequest:
		return fmt.Errorf("the portal refused the code (%s): it is wrong, too old or was used before, or %s is not registered as the redirect address", e.Message, c.config.RedirectURL)
	case http.StatusUnauthorized:
		return fmt.Errorf("the portal refused the client (%s): check api.oauth.client_id and client_secret", e.Message)
	}
	return fmt.Errorf("the portal answered %d at %s: %s", e.Status, c.client.OAuth.TokenURL, e.Message)
}

// Keep puts the tokens of a login into the store, where all who share it find them.
func (c *Client) Keep(ctx context.Context, l Login) error {
	unlock, err := c.Tokens.Lock(ctx, c.TokenKey) // a refresh under way ends first
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.Tokens.SaveToken(ctx, c.RefreshKey(), l.Refresh.Reveal(), time.Now().Add(refreshLife)); err != nil {
		return err
	}
	return c.Tokens.SaveToken(ctx, c.TokenKey, l.Access.Reveal(), l.Expires)
}
