package access_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
)

// Whoever guesses is asked to wait; a right token is let in whatever others of its
// address have tried. Little of it is written down.
func TestGuessing(t *testing.T) {
	d := open(t, access.Settings{Token: token, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	form := func(from, token string) int {
		status, _, _ := ask(t, browser(t), "POST", d.URL+"/login", "token="+token, "X-Forwarded-For", "1.2.3.4, "+from)
		return status
	}
	bearer := func(from, token string) int {
		status, _, h := ask(t, browser(t), "GET", d.URL, "", "Authorization", "Bearer "+token, "X-Forwarded-For", from)
		if (status == 429) != (h.Get("Retry-After") != "") {
			t.Errorf("%d, Retry-After %q", status, h.Get("Retry-After"))
		}
		return status
	}
	for i := range 10 {
		if status := form("2001:db8::1", "guess"); status != 401 {
			t.Fatalf("guess %d: %d", i, status)
		}
	}
	for name, got := range map[string][2]int{
		"an eleventh guess":                 {form("2001:db8::1", "guess"), 429},
		"another address of its network":    {bearer("2001:db8::2", "guess"), 429},
		"another network":                   {bearer("2001:db8:0:1::1", "guess"), 401},
		"the right one as bearer":           {bearer("2001:db8::1", token), 200},
		"the right one by the form":         {form("2001:db8::1", token), 303},
		"the right one of another address":  {form("203.0.113.8", token), 303},
		"the right one before its own path": {bearer("", token), 200},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", name, got[0], got[1])
		}
	}
	if n := len(d.refused); n != 13 || d.refused[0] != "wrong_token" {
		t.Errorf("%d were counted: %v", n, d.refused)
	}
	refused := 0
	for _, line := range d.noted {
		if strings.HasPrefix(line, "somebody refused ×1 ") {
			refused++
		}
	}
	if refused != 4 || !strings.Contains(d.noted[0], "wrong token, from 2001:db8::1") {
		t.Errorf("noted:\n%s", strings.Join(d.noted, "\n"))
	}
}

// A flood from everywhere fills neither the memory nor the audit trail, and lets the
// right token in.
func TestAFloodOfGuesses(t *testing.T) {
	d := open(t, access.Settings{Token: token, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}})
	serve := d.gate.Guard(func(w http.ResponseWriter, _ *http.Request, status int, _ string) { w.WriteHeader(status) },
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	request := func(i int, token string) int {
		return serveOne(t, serve, fmt.Sprintf("2001:db8:%x:%x::1", i/0x10000, i%0x10000), token)
	}
	for i := range 5_000 {
		if status := request(i, "guess"); status != 401 {
			t.Fatalf("guess %d: %d", i, status)
		}
	}
	if status := request(4_999, token); status != 200 {
		t.Errorf("the right token: %d", status)
	}
	if n := len(d.noted); n < 10 || n > 80 {
		t.Errorf("%d notes", n)
	}
	if n := d.gate.Visitors(); n > 4096 {
		t.Errorf("%d networks are known", n)
	}
}

func TestSessionsEndWithWhatTheyWereBegunWith(t *testing.T) {
	i := newIssuer(t)
	oidc := func(change func(*access.OIDC)) access.Settings {
		s := i.options("groups")
		s.Token, s.ViewToken = token, viewToken
		change(s.OIDC)
		return s
	}
	same := oidc(func(*access.OIDC) {})
	d := open(t, same)
	same.URL = d.URL
	for _, c := range []struct {
		name   string
		login  string // a token, or "" for the provider
		change access.Settings
		want   string // "" for a session that ends
	}{
		{"nothing changes", token, same, "token may operate"},
		{"another setting", token, access.Settings{Token: token, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "token may operate"},
		{"another token", token, access.Settings{Token: "another-token-of-operators", ViewToken: viewToken}, ""},
		{"the token is removed", token, access.Settings{ViewToken: viewToken}, ""},
		{"the view token is removed", viewToken, access.Settings{Token: token}, ""},
		{"the token may view by now", token, access.Settings{Token: "another-token-of-operators", ViewToken: token}, "token may view"},
		{"the view token changes, not this one", token, access.Settings{Token: token, ViewToken: "another-token-of-viewers"}, "token may operate"},
		{"the provider as it was", "", same, "Mira may operate"},
		{"the provider is switched off", "", access.Settings{Token: token}, ""},
		{"another provider", "", oidc(func(o *access.OIDC) { o.Issuer = "https://login.example.com" }), ""},
		{"another client", "", oidc(func(o *access.OIDC) { o.ClientID = "another" }), ""},
		{"another claim", "", oidc(func(o *access.OIDC) { o.Claim = "roles" }), ""},
		{"rights that name others", "", oidc(func(o *access.OIDC) { o.Rights = access.Rights{Operate: []string{"bosses"}} }), ""},
		{"rights to view alone", "", oidc(func(o *access.OIDC) { o.Rights = access.Rights{View: []string{"/lms/admins"}} }), "Mira may view"},
		{"rights by another group", "", oidc(func(o *access.OIDC) { o.Rights = access.Rights{View: []string{"/other"}} }), "Mira may view"},
	} {
		b, settings := browser(t), c.change
		settings.URL = d.URL
		d.gate.Use(same)
		i.claims = map[string]any{"name": "Mira", "groups": []string{"/other", "/lms/admins"}}
		if c.login == "" {
			ask(t, b, "GET", i.begin(t, b, d), "")
		} else {
			ask(t, b, "POST", d.URL+"/login", "token="+c.login)
		}
		if status, body, _ := ask(t, b, "GET", d.URL, ""); status != 200 {
			t.Fatalf("%s: %d %s", c.name, status, body)
		}
		d.gate.Use(settings)
		want := c.want
		for _, now := range []access.Settings{settings, same} { // what has ended does not come back
			d.gate.Use(now)
			status, body, _ := ask(t, b, "GET", d.URL, "")
			if want == "" && status != 401 || want != "" && body != want {
				t.Errorf("%s: %d %s", c.name, status, body)
			}
			if want != "" {
				break
			}
		}
	}
}

func TestAllSessionsEnd(t *testing.T) {
	d := open(t, access.Settings{Token: token, ViewToken: viewToken})
	one, other := browser(t), browser(t)
	ask(t, one, "POST", d.URL+"/login", "token="+token)
	ask(t, other, "POST", d.URL+"/login", "token="+viewToken)
	if n, err := d.store.CountSessions(t.Context()); n != 2 || err != nil {
		t.Errorf("%d are logged in, %v", n, err)
	}
	if n, err := d.store.EndAll(t.Context()); n != 2 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	for _, b := range []*http.Client{one, other} {
		if status, _, _ := ask(t, b, "GET", d.URL, ""); status != 401 {
			t.Errorf("%d", status)
		}
	}
}

// serveOne has a handler serve a request with a bearer, of an address behind a proxy.
func serveOne(t *testing.T, h http.Handler, from, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.RemoteAddr = "192.0.2.1:1234"
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
