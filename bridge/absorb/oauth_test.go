package absorb_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const firstRefresh = "emulated-refresh-token-0"

// byOAuth are options of a client that was consented to.
func byOAuth(p *portal.Portal, store *shelf) absorb.ClientOptions {
	o := options(p)
	o.Username, o.Password = "", ""
	o.Tokens, o.TokenKey = store, "production"
	o.OAuth = &absorb.OAuth{TokenURL: "http://acme.invalid/oauth/token", ClientID: "bridge", ClientSecret: "cl13nt-s3cret", RefreshToken: firstRefresh}
	return o
}

// Every refresh ends the refresh token before it: the newest outlives the process,
// and access tokens of four hours follow each other.
func TestOAuthRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, store := portal.New(portal.Options{}), &shelf{}
		for range 3 { // processes
			c := client(t, byOAuth(p, store))
			for range 3 {
				if _, err := c.Get(t.Context(), someUser); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * time.Hour)
			}
		}
		if n := p.Requests("/oauth/token"); n != 9 {
			t.Errorf("%d refreshes in nine times four hours", n)
		}
		if p.Requests("/authenticate") != 0 {
			t.Error("it logs in with a password, too")
		}
	})
}

// A refresh token that could not be kept is kept before the next use.
func TestOAuthWithAStoreInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, store := portal.New(portal.Options{}), &shelf{fails: errors.New("disk full")}
		c := client(t, byOAuth(p, store))
		get := func(c *absorb.Client) {
			t.Helper()
			if _, err := c.Get(t.Context(), someUser); err != nil {
				t.Fatal(err)
			}
		}
		get(c)
		store.mu.Lock()
		store.fails = nil
		store.mu.Unlock()
		time.Sleep(time.Minute)
		p.ExpireToken()
		get(c)
		get(client(t, byOAuth(p, store)))
	})
}

// A refresh token that cannot be decrypted is neither replaced by the configured one,
// which was used up, nor lost. Access tokens are had again by a login.
func TestUnreadableTokens(t *testing.T) {
	p, store := portal.New(portal.Options{}), &shelf{odd: absorb.ErrUnreadable}
	c := client(t, byOAuth(p, store))
	_, err := c.Get(t.Context(), someUser)
	if !absorb.NeedsLogin(err) || !strings.Contains(err.Error(), "add that key, or run absorb-bridge login") || p.Requests("/oauth/token") != 0 || len(store.kept) != 0 {
		t.Errorf("%v; %d refreshes", err, p.Requests("/oauth/token"))
	}
	if _, err := c.LoggedOut(t.Context()); !absorb.NeedsLogin(err) {
		t.Errorf("nobody says that somebody must log in: %v", err)
	}
	store.odd = nil // somebody logged in, or the key is back
	if _, err := c.Get(t.Context(), someUser); err != nil {
		t.Error(err)
	}

	byPassword := options(p)
	byPassword.Tokens, byPassword.TokenKey = &shelf{odd: absorb.ErrUnreadable}, "production"
	if _, err := client(t, byPassword).Get(t.Context(), someUser); err != nil {
		t.Errorf("by password: %v", err)
	}
}

func TestOAuthRefused(t *testing.T) {
	p := portal.New(portal.Options{})
	o := byOAuth(p, &shelf{})
	o.OAuth.RefreshToken, o.OAuth.Source = "used-up-t0ken", "production"
	c := client(t, o)
	for range 3 {
		_, err := c.Get(t.Context(), someUser)
		if err == nil || !strings.Contains(err.Error(), "absorb-bridge login production") || strings.Contains(err.Error(), "used-up-t0ken") {
			t.Errorf("%v", err)
		}
	}
	if n := p.Requests("/oauth/token"); n != 1 {
		t.Errorf("asked %d times: a refused token must not be tried hotly", n)
	}
	// A new consent begins anew.
	o.OAuth.RefreshToken = firstRefresh
	if _, err := client(t, o).Get(t.Context(), someUser); err != nil {
		t.Error(err)
	}
}

// A proxy that repeats what it was sent does not make us tell it.
func TestOAuthKeepsItsSecrets(t *testing.T) {
	o := byOAuth(portal.New(portal.Options{}), &shelf{})
	o.HTTP = &http.Client{Transport: &answers{list: []func(*http.Request) (*http.Response, error){
		func(r *http.Request) (*http.Response, error) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			if r.Header.Get("x-api-key") != "" {
				t.Error("the portal is sent the API's key")
			}
			return says(400, "bad: "+r.Form.Encode())(r)
		},
	}}}
	_, err := client(t, o).Get(t.Context(), someUser)
	if err == nil {
		t.Fatal("no error")
	}
	for _, secret := range []string{"cl13nt-s3cret", firstRefresh} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %v", secret, err)
		}
	}
}
