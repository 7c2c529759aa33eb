package absorb_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const landing = "http://127.0.0.1:8400/callback"

// loggedOut are options of a client that nobody has logged in for.
func loggedOut(store *shelf) (*portal.Portal, absorb.ClientOptions) {
	p := portal.New(portal.Options{ClientID: "bridge", ClientSecret: "cl13nt-s3cret"})
	o := byOAuth(p, store)
	o.OAuth.RefreshToken, o.OAuth.Source = "", "production"
	return p, o
}

func begin(t *testing.T, o absorb.ClientOptions) *absorb.Consent {
	t.Helper()
	authorize, err := o.OAuth.AuthorizeURL()
	if err != nil {
		t.Fatal(err)
	}
	c, err := absorb.NewConsent(o, authorize, landing, []string{absorb.ConsentScope})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// browse opens an address, and gives the one to which the browser is sent.
func browse(t *testing.T, o absorb.ClientOptions, address string) *url.URL {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := o.HTTP.Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		t.Fatalf("%d: %v", resp.StatusCode, err)
	}
	return to
}

// logIn consents, and gives the tokens.
func logIn(t *testing.T, o absorb.ClientOptions) absorb.Login {
	t.Helper()
	consent := begin(t, o)
	code, err := consent.Pasted(browse(t, o, consent.Address()).String())
	if err != nil {
		t.Fatal(err)
	}
	l, err := consent.Trade(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Clients in several processes wait for a login, and all of them use it at once.
func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		p, o := loggedOut(store)
		all := []*absorb.Client{client(t, o), client(t, o)}
		for _, c := range all {
			_, err := c.Get(t.Context(), someUser)
			if !absorb.NeedsLogin(err) || !strings.Contains(err.Error(), "absorb-bridge login production") || absorb.Answered(err) {
				t.Errorf("before the login: %v", err)
			}
			if out, err := c.LoggedOut(t.Context()); !out || err != nil {
				t.Errorf("logged out: %v, %v", out, err)
			}
		}
		if n := p.Requests("/oauth/token"); n != 0 {
			t.Errorf("the portal was asked for %d tokens without anything to trade", n)
		}
		if err := all[0].Keep(t.Context(), logIn(t, o)); err != nil {
			t.Fatal(err)
		}
		for range 3 { // the tokens of the login, then those of refreshs
			for _, c := range all {
				if _, err := c.Get(t.Context(), someUser); err != nil {
					t.Error(err)
				}
				if out, err := c.LoggedOut(t.Context()); out || err != nil {
					t.Errorf("logged out: %v, %v", out, err)
				}
			}
			time.Sleep(4 * time.Hour)
		}
		if n := p.Requests("/oauth/token"); n != 3 {
			t.Errorf("the portal was asked for %d tokens, want 3", n)
		}
	})
}

// Somebody logs in again after the tokens of before were refused: neither the pause
// after a refusal nor the token in memory keeps a client from the new ones.
func TestLoginAfterARefusal(t *testing.T) {
	for name, expires := range map[string]time.Duration{"its access token": time.Hour, "its refresh token alone": -time.Minute} {
		store := &shelf{}
		_, o := loggedOut(store)
		c := client(t, o)
		if expires > 0 { // the pause would hold a refresh back
			if err := c.Keep(t.Context(), absorb.Login{Access: "old", Expires: time.Now().Add(-time.Minute), Refresh: "us3d-up"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Get(t.Context(), someUser); err == nil || strings.Contains(err.Error(), "us3d-up") {
			t.Errorf("%s: before the login: %v", name, err)
		}
		l := logIn(t, o)
		l.Expires = time.Now().Add(expires)
		if err := c.Keep(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Get(t.Context(), someUser); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A token is for one client of one portal.
func TestLoginsAreKeptApart(t *testing.T) {
	_, o := loggedOut(&shelf{})
	seen := map[string]bool{o.RefreshKey(): true}
	for _, other := range []absorb.OAuth{
		{TokenURL: "http://other.invalid/oauth/token", ClientID: "bridge"}, {TokenURL: o.OAuth.TokenURL, ClientID: "other"},
		{TokenURL: o.OAuth.TokenURL, ClientID: "bridge", RefreshToken: "configured"},
	} {
		o.OAuth = &other
		if seen[o.RefreshKey()] {
			t.Errorf("%+v has the key of another", other)
		}
		seen[o.RefreshKey()] = true
	}
}

func TestWhatIsPasted(t *testing.T) {
	_, o := loggedOut(nil)
	c := begin(t, o)
	sent, err := url.Parse(c.Address())
	if err != nil {
		t.Fatal(err)
	}
	asked := sent.Query()
	if sent.Host != "acme.invalid" || sent.Path != "/oauth/authorize" || asked.Get("scope") != "admin.v1" || asked.Get("code_challenge_method") != "S256" || asked.Get("redirect_uri") != landing {
		t.Errorf("the address is %s", sent)
	}
	state := asked.Get("state")
	for text, want := range map[string]string{
		landing + "?code=c-1&state=" + state: "c-1", "  code=c%2B1&state=" + state + " \n": "c+1", landing + "?state=" + state + "&code=c-1#_": "c-1", "c-1==": "c-1==",
	} {
		if code, err := c.Pasted(text); code != want || err != nil {
			t.Errorf("%q: %q, %v", text, code, err)
		}
	}
	for text, want := range map[string]string{
		"": "nothing was pasted", landing: "another login", landing + "?code=c-1": "another login", landing + "?code=c-1&state=x": "another login",
		landing + "?state=" + state: "without a code", landing + "?%zz=1": "not valid",
		landing + "?error=access_denied&error_description=Not%0Atoday&state=" + state: "consent: access_denied Not today",
	} {
		if code, err := c.Pasted(text); code != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want %q", text, code, err, want)
		}
	}
	if _, err := c.Code(url.Values{"code": {"c-1"}, "state": {begin(t, o).Address()}}); !errors.Is(err, absorb.ErrOtherConsent) {
		t.Error(err)
	}
	o.OAuth.TokenURL = "https://acme.invalid/give"
	if _, err := o.OAuth.AuthorizeURL(); err == nil || !strings.Contains(err.Error(), "--authorize") {
		t.Error(err)
	}
}

// What goes wrong is said with the remedy, and without a secret.
func TestTradeRefused(t *testing.T) {
	echo := func(status int) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			for _, key := range []string{"code", "code_verifier", "client_secret"} {
				if r.Form.Get(key) == "" {
					t.Errorf("no %s is sent", key)
				}
			}
			return says(status, `{"error":"odd","error_description":"`+strings.ReplaceAll(r.Form.Encode(), `"`, "")+`"}`)(r)
		}
	}
	for want, answer := range map[string]func(*http.Request) (*http.Response, error){
		"is not registered as the redirect address":    echo(400),
		"check api.oauth.client_id and client_secret":  echo(401),
		"answered 404 at http://acme.invalid":          echo(404),
		"without an access token":                      says(200, "<html>"),
		"returned no refresh token":                    says(200, `{"access_token":"acc3ss"}`),
		"does not answer at http://acme.invalid/oauth": func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") },
	} {
		_, o := loggedOut(nil)
		o.HTTP = &http.Client{Transport: &answers{list: []func(*http.Request) (*http.Response, error){answer}}}
		_, err := begin(t, o).Trade(t.Context(), "c0d3-of-nobody")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
			continue
		}
		for _, secret := range []string{"cl13nt-s3cret", "c0d3-of-nobody", "acc3ss"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q is in %v", secret, err)
			}
		}
	}
}
