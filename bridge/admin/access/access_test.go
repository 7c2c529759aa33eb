package access_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	token     = "token-of-those-who-operate"
	viewToken = "token-of-those-who-view"
)

// door is a server behind a gate, which answers with who was let in.
type door struct {
	*httptest.Server
	store   *store.Store
	gate    *access.Gate
	noted   []string
	refused []string
}

func open(t *testing.T, settings access.Settings) *door {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	d := &door{store: s}
	mux := http.NewServeMux()
	d.Server = httptest.NewServer(mux)
	t.Cleanup(func() { d.Close(); _ = s.Close() })
	if settings.OIDC != nil {
		settings.URL = d.URL
	}
	d.gate = access.New(access.Options{
		Sessions: s,
		Login: func(w http.ResponseWriter, _ *http.Request, v access.LoginView) {
			w.WriteHeader(v.Status)
			_, _ = io.WriteString(w, "login page, next "+v.Next+": "+v.Problem)
		},
		Noted: func(_ context.Context, who, action, target string, times int) {
			d.noted = append(d.noted, strings.TrimSpace(fmt.Sprintf("%s %s ×%d %s", who, action, times, target)))
		},
		Refused: func(reason string) { d.refused = append(d.refused, reason) },
	}, settings)
	d.gate.Routes(mux)
	refuse := func(w http.ResponseWriter, _ *http.Request, status int, message string) {
		http.Error(w, message, status)
	}
	mux.Handle("/", d.gate.Guard(refuse, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := access.From(r.Context())
		_, _ = io.WriteString(w, p.Name+" may "+string(p.Role))
	})))
	return d
}

// browser is a client that keeps cookies and does not follow.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask sends a request; headers are name and value in turn, and Host is one.
func ask(t *testing.T, c *http.Client, method, address, form string, headers ...string) (status int, body string, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header
}

// Without any setting only this machine is let in, by its own name, and for no page
// of another site.
func TestOnlyThisMachine(t *testing.T) {
	d := open(t, access.Settings{})
	_, port, _ := strings.Cut(strings.TrimPrefix(d.URL, "http://"), ":")
	for _, c := range []struct {
		name, method string
		headers      []string
		want         int
	}{
		{"a program", "POST", nil, 200},
		{"by localhost", "GET", []string{"Host", "localhost:" + port}, 200},
		{"by IPv6", "GET", []string{"Host", "[::1]:" + port}, 200},
		{"its own page", "POST", []string{"Sec-Fetch-Site", "same-origin", "Origin", d.URL}, 200},
		{"the address bar", "GET", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"a link elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"a rebound name", "GET", []string{"Host", "attacker.example:" + port}, 403},
		{"a rebound name that begins like ours", "GET", []string{"Host", "127.0.0.1.attacker.example"}, 403},
		{"an address of the network", "GET", []string{"Host", "192.168.0.7:" + port}, 403},
		{"a form elsewhere", "POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://attacker.example"}, 403},
		{"a form of a neighbour", "POST", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, 403},
		{"a form of an older browser", "POST", []string{"Origin", "https://attacker.example"}, 403},
		{"a sandboxed form", "POST", []string{"Origin", "null"}, 403},
		{"a top-level form elsewhere", "POST", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		{"a frame elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"a stream elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, 403},
		{"an image elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
	} {
		if status, body, _ := ask(t, browser(t), c.method, d.URL, "", c.headers...); status != c.want || status == 200 && body != "this machine may operate" {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestTokens(t *testing.T) {
	d := open(t, access.Settings{Token: token, ViewToken: viewToken})
	for _, c := range []struct {
		name, method, authorization string
		want                        int
		body                        string
	}{
		{"nothing", "GET", "", 401, ""},
		{"wrong", "GET", "Bearer " + token + "x", 401, ""},
		{"the beginning", "GET", "Bearer " + token[:5], 401, ""},
		{"empty", "GET", "Bearer ", 401, ""},
		{"another scheme", "GET", "Basic " + token, 401, ""},
		{"operate", "POST", "Bearer " + token, 200, "token may operate"},
		{"view", "GET", "Bearer " + viewToken, 200, "view token may view"},
		{"view, and change", "POST", "Bearer " + viewToken, 403, "view token may view only"},
		{"view, and delete", "DELETE", "Bearer " + viewToken, 403, ""},
	} {
		status, body, h := ask(t, browser(t), c.method, d.URL, "", "Authorization", c.authorization, "Host", "bridge.example.com")
		if status != c.want || !strings.Contains(body, c.body) || status == 401 && h.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestASession(t *testing.T) {
	d := open(t, access.Settings{Token: token, ViewToken: viewToken})
	c := browser(t)
	status, body, _ := ask(t, c, "POST", d.URL+"/login", url.Values{"token": {viewToken}, "next": {"/events?state=waiting"}}.Encode())
	if status != 303 {
		t.Fatalf("%d %s", status, body)
	}
	u, _ := url.Parse(d.URL)
	cookies := c.Jar.Cookies(u)
	if len(cookies) != 1 || len(cookies[0].Value) < 40 {
		t.Fatalf("cookies %v", cookies)
	}
	if status, body, _ := ask(t, c, "GET", d.URL, ""); status != 200 || body != "view token may view" {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := ask(t, c, "POST", d.URL, ""); status != 403 {
		t.Errorf("somebody who may view changes something: %d", status)
	}
	other := browser(t)
	other.Jar.SetCookies(u, []*http.Cookie{{Name: cookies[0].Name, Value: cookies[0].Value[1:] + "A"}})
	if status, _, _ := ask(t, other, "GET", d.URL, ""); status != 401 {
		t.Errorf("a session that was made up: %d", status)
	}
	stolen := browser(t)
	stolen.Jar.SetCookies(u, []*http.Cookie{{Name: cookies[0].Name, Value: cookies[0].Value}})
	if status, _, _ := ask(t, c, "POST", d.URL+"/logout", "", "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("another site logs people out: %d", status)
	}
	if status, _, _ := ask(t, c, "POST", d.URL+"/logout", ""); status != 303 {
		t.Errorf("logout: %d", status)
	}
	if status, _, _ := ask(t, stolen, "GET", d.URL, ""); status != 401 {
		t.Errorf("a session outlives its logout: %d", status)
	}
	if status, _, _ := ask(t, c, "POST", d.URL+"/logout", ""); status != 303 {
		t.Errorf("logout again: %d", status)
	}
	want := "view token login ×1|view token refused ×1 may view only, from 127.0.0.1|" +
		"somebody refused ×1 another site's page sent a logout, from 127.0.0.1|view token logout ×1"
	if got := strings.Join(d.noted, "|"); got != want {
		t.Errorf("noted %s", got)
	}
}

func TestASessionExpires(t *testing.T) {
	d := open(t, access.Settings{Token: token, Life: 50 * time.Millisecond})
	c := browser(t)
	c.Jar = nil
	_, _, h := ask(t, c, "POST", d.URL+"/login", "token="+token)
	name, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
	time.Sleep(60 * time.Millisecond)
	if status, _, _ := ask(t, c, "GET", d.URL, "", "Cookie", name); status != 401 {
		t.Errorf("%d", status)
	}
}

// A cookie goes to our host alone, to no script, and with no request of another
// site's page but a link.
func TestCookies(t *testing.T) {
	for _, c := range []struct {
		options access.Settings
		headers []string
		want    []string
	}{
		{access.Settings{}, nil, []string{"absorb-bridge=", "HttpOnly", "SameSite=Lax", "Path=/"}},
		{access.Settings{URL: "https://admin.example.com"}, nil, []string{"__Host-absorb-bridge=", "Secure"}},
		{access.Settings{}, []string{"X-Forwarded-Proto", "https"}, []string{"__Host-absorb-bridge=", "Secure"}},
	} {
		c.options.Token = token
		_, _, h := ask(t, browser(t), "POST", open(t, c.options).URL+"/login", "token="+token, c.headers...)
		for _, want := range c.want {
			if cookie := h.Get("Set-Cookie"); !strings.Contains(cookie, want) || strings.Contains(cookie, "Domain") {
				t.Errorf("%v: %s lacks %s", c.headers, cookie, want)
			}
		}
	}
}

func TestNextIsAPageOfOurs(t *testing.T) {
	d := open(t, access.Settings{Token: token})
	for next, want := range map[string]string{
		"/events?state=waiting": "/events?state=waiting", "": "/", "https://attacker.example/": "/", "//attacker.example": "/", `/\attacker.example`: "/",
		"javascript:alert(1)": "/", "/login": "/", "events": "/", "/a\nb": "/", "/\t/attacker.example": "/",
	} {
		_, _, h := ask(t, browser(t), "POST", d.URL+"/login", url.Values{"token": {token}, "next": {next}}.Encode())
		if h.Get("Location") != want {
			t.Errorf("%q leads to %q", next, h.Get("Location"))
		}
	}
}

func TestLoginOfAnotherSite(t *testing.T) {
	d := open(t, access.Settings{Token: token})
	status, body, h := ask(t, browser(t), "POST", d.URL+"/login", "token="+token, "Sec-Fetch-Site", "cross-site")
	if status != 403 || h.Get("Set-Cookie") != "" {
		t.Errorf("%d %s", status, body)
	}
	big := "token=" + strings.Repeat("x", 1<<20)
	if status, _, _ := ask(t, browser(t), "POST", d.URL+"/login", big); status != 401 {
		t.Errorf("a large form: %d", status)
	}
}

func TestAProxy(t *testing.T) {
	rights := access.Rights{Operate: []string{"mira@example.com"}, View: []string{"*@Example.com"}}
	trusted := &access.Proxy{From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Header: "X-User", Rights: rights}
	elsewhere := &access.Proxy{From: []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32")}, Header: "X-User", Rights: rights}
	for _, c := range []struct {
		name    string
		proxy   *access.Proxy
		headers []string
		want    int
		body    string
	}{
		{"who may operate", trusted, []string{"X-User", "Mira@example.com"}, 200, "may operate"},
		{"who may view", trusted, []string{"X-User", "ben@example.com"}, 200, "may view"},
		{"who may nothing", trusted, []string{"X-User", "eve@attacker.example"}, 403, "no rights"},
		{"nobody", trusted, nil, 401, ""},
		{"an empty name", trusted, []string{"X-User", " "}, 401, ""},
		{"two names", trusted, []string{"X-User", "mira@example.com", "X-User", "eve@attacker.example"}, 401, ""},
		{"not from the proxy", elsewhere, []string{"X-User", "mira@example.com"}, 401, ""},
	} {
		d := open(t, access.Settings{Proxy: c.proxy})
		if status, body, _ := ask(t, browser(t), "GET", d.URL, "", c.headers...); status != c.want || !strings.Contains(body, c.body) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}
