package doctor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// moody is an API that answers logins and calls as a test wants, and counts logins.
type moody struct {
	login  int // status of a login
	accept func(authorization string) int
	logins atomic.Int32
}

// ServeHTTP answers.
func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, text := m.login, `"fresh-token"`
	if r.URL.Path == "/authenticate" {
		m.logins.Add(1)
	} else {
		status, text = m.accept(r.Header.Get("Authorization")), `{"id":"1"}`
	}
	if status != http.StatusOK {
		text = `{"message":"no"}`
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func always(status int) func(string) int { return func(string) int { return status } }

func bearer(want bool) func(string) int {
	return func(authorization string) int {
		if strings.HasPrefix(authorization, "Bearer ") == want {
			return http.StatusOK
		}
		return http.StatusUnauthorized
	}
}

// Each refusal names its cause and the remedy.
func TestWhyTheAPIRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		login  int
		accept func(string) int
		scheme string
		says   []string
		never  string
		atMost int32 // logins
	}{
		"bare tokens only":   {200, bearer(false), "Bearer", []string{"set sources.production.api.scheme: none", "accepts it with scheme: none"}, "Portal Settings", 2},
		"bearer tokens only": {200, bearer(true), "none", []string{"set sources.production.api.scheme: Bearer"}, "Portal Settings", 2},
		"a refused login":    {401, always(200), "Bearer", []string{"the login was refused", "to test username and password", "Rest API Private Key", "compare its ending"}, "scheme", 1},
		"refused calls":      {200, always(401), "Bearer", []string{"with either scheme", "x-api-key", "Rest API Private Key"}, "username", 2},
		"a disabled portal":  {200, always(403), "Bearer", []string{"that the portal is not disabled", "the right to view"}, "scheme", 1},
		"a forbidden login":  {403, always(200), "Bearer", []string{"that the portal is not disabled"}, "scheme", 1},
		"another server":     {404, always(404), "Bearer", []string{"no Integration API answers there", "compare its ending"}, "scheme", 1},
		"an API in trouble":  {503, always(200), "Bearer", []string{"try again later"}, "compare", 1000},
	} {
		t.Run(name, func(t *testing.T) {
			api := &moody{login: c.login, accept: c.accept}
			server := httptest.NewServer(api)
			t.Cleanup(server.Close)
			p := newPatient(t, console, fmt.Sprintf(`, api: { url: "%s", key: k, username: u, password: "${SECRET}", budget: 1s, scheme: %s }`, server.URL, c.scheme), "")
			for _, f := range Run(t.Context(), p.Options) {
				if f.Check != "api of production" {
					continue
				}
				text := f.Found + " → " + f.Remedy
				if f.Status != Fail {
					t.Errorf("%s: %s", f.Status, text)
				}
				for _, want := range c.says {
					if !strings.Contains(text, want) {
						t.Errorf("lacks %q: %s", want, text)
					}
				}
				if strings.Contains(text, c.never) {
					t.Errorf("%q misleads: %s", c.never, text)
				}
			}
			if n := api.logins.Load(); n < 1 || n > c.atMost {
				t.Errorf("%d logins", n)
			}
		})
	}
}
