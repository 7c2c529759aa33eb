package absorb_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

const someUser = "/users/10000000-0000-4000-a000-000000000001"

// options are a client's for the emulated portal, without a network.
func options(p *portal.Portal) absorb.ClientOptions {
	return absorb.ClientOptions{
		BaseURL: "http://portal.invalid", Key: bridge.Secret(p.Key), Username: p.Username, Password: bridge.Secret(p.Password),
		HTTP: &http.Client{Transport: p.RoundTripper()},
	}
}

func client(t *testing.T, o absorb.ClientOptions) *absorb.Client {
	t.Helper()
	c, err := absorb.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answers is a RoundTripper that gives one answer after the other, the last one
// again and again, and keeps the requests. The login always works.
type answers struct {
	mu    sync.Mutex
	list  []func(*http.Request) (*http.Response, error)
	asked []*http.Request
	login int
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.URL.Path == "/authenticate" {
		a.login++
		return says(200, `"token"`)(r)
	}
	a.asked = append(a.asked, r)
	next := a.list[min(len(a.asked), len(a.list))-1]
	return next(r)
}

func says(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func against(t *testing.T, list ...func(*http.Request) (*http.Response, error)) (*absorb.Client, *answers) {
	t.Helper()
	a := &answers{list: list}
	o := options(portal.New(portal.Options{}))
	o.HTTP = &http.Client{Transport: a, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return client(t, o), a
}

// TestLastWords: when the budget is used up, Absorb's own words are what is reported.
func TestLastWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		c, _ := against(t, says(500, `{"message":"maintenance"}`), hangs)
		_, err := c.Get(t.Context(), someUser)
		if err == nil || !strings.Contains(err.Error(), "answered 500: maintenance") {
			t.Errorf("%v", err)
		}
	})
}

func TestGet(t *testing.T) {
	p := portal.New(portal.Options{})
	for _, scheme := range []string{"", "Bearer", "none"} {
		o := options(p)
		o.Scheme = scheme
		answer, err := client(t, o).Get(t.Context(), someUser)
		if err != nil || answer.(map[string]any)["firstName"] != "Mira" {
			t.Errorf("scheme %q: %v, %v", scheme, answer, err)
		}
	}
	if err := client(t, options(p)).Probe(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := client(t, options(p)).Get(t.Context(), "/users/10000000-0000-4000-a000-00000000ffff")
	if !absorb.NotFound(err) || absorb.Forbidden(err) {
		t.Errorf("an unknown user: %v", err)
	}
}

func TestHeaders(t *testing.T) {
	c, a := against(t, says(200, "{}"))
	if _, err := c.Get(t.Context(), "/courses/1?x=y"); err != nil {
		t.Fatal(err)
	}
	r := a.asked[0]
	if r.Header.Get("x-api-key") == "" || r.Header.Get("x-api-version") != "2" || r.Header.Get("Authorization") != "Bearer token" || r.URL.RawQuery != "x=y" {
		t.Errorf("asked %s with %v", r.URL, r.Header)
	}
}

func TestTokenIsUsedAgainAndRefreshedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal.New(portal.Options{})
		c := client(t, options(p))
		get := func() {
			t.Helper()
			if _, err := c.Get(t.Context(), someUser); err != nil {
				t.Error(err)
			}
		}
		get()
		get()
		if n := p.Requests("/authenticate"); n != 1 {
			t.Errorf("%d logins for two requests", n)
		}
		time.Sleep(time.Minute)
		p.ExpireToken()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(get)
		}
		wg.Wait()
		if n := p.Requests("/authenticate"); n != 2 {
			t.Errorf("%d logins after the token was ended, want 2", n)
		}
	})
}

func TestTokenIsRefreshedBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal.New(portal.Options{})
		c := client(t, options(p))
		for range 3 {
			if _, err := c.Get(t.Context(), someUser); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3*time.Hour + 55*time.Minute)
		}
		if n := p.Requests("/authenticate"); n != 3 {
			t.Errorf("%d logins in twelve hours, want 3", n)
		}
	})
}

// shelf is a TokenStore.
type shelf struct {
	mu    sync.Mutex
	kept  map[string]keptToken
	fails error      // of SaveToken
	odd   error      // of Token
	lock  sync.Mutex // of all keys
}

type keptToken struct {
	token   string
	expires time.Time
}

func (s *shelf) Token(_ context.Context, key string) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.odd != nil {
		return "", time.Time{}, s.odd
	}
	return s.kept[key].token, s.kept[key].expires, nil
}

func (s *shelf) SaveToken(_ context.Context, key, token string, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return s.fails
	}
	if s.kept == nil {
		s.kept = map[string]keptToken{}
	}
	s.kept[key] = keptToken{token, expires}
	return nil
}

func (s *shelf) Lock(context.Context, string) (func(), error) {
	s.lock.Lock()
	return s.lock.Unlock, nil
}

func TestClientsShareATokenByTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal.New(portal.Options{})
		o := options(p)
		o.Tokens = &shelf{}
		one, two := client(t, o), client(t, o)
		for _, c := range []*absorb.Client{one, two, one} {
			if _, err := c.Get(t.Context(), someUser); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		p.ExpireToken()
		for _, c := range []*absorb.Client{one, two, one, two} {
			if _, err := c.Get(t.Context(), someUser); err != nil {
				t.Fatal(err)
			}
		}
		if n := p.Requests("/authenticate"); n != 2 {
			t.Errorf("%d logins of two clients, want 2: they end each other's token", n)
		}
	})
}

func TestWrongPasswordIsNotTriedHotly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal.New(portal.Options{})
		o := options(p)
		o.Password = "wr0ng-passw0rd"
		c := client(t, o)
		for range 50 {
			_, err := c.Get(t.Context(), someUser)
			if err == nil || !strings.Contains(err.Error(), "api.password") || strings.Contains(err.Error(), "wr0ng") {
				t.Fatalf("error %v", err)
			}
		}
		if n := p.Requests("/authenticate"); n != 1 {
			t.Errorf("%d logins", n)
		}
		time.Sleep(3 * time.Minute)
		if _, err := c.Get(t.Context(), someUser); err == nil || p.Requests("/authenticate") != 2 {
			t.Errorf("later: %v, %d logins", err, p.Requests("/authenticate"))
		}
	})
}

func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		first []func(*http.Request) (*http.Response, error)
	}{
		"429 with Retry-After": {[]func(*http.Request) (*http.Response, error){says(429, "", "Retry-After", "7")}},
		"429 without":          {[]func(*http.Request) (*http.Response, error){says(429, `{"message":"slow down"}`)}},
		"500, 503, no answer": {[]func(*http.Request) (*http.Response, error){
			says(500, "<html>oops</html>"), says(503, ""), func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") },
		}},
		"no JSON": {[]func(*http.Request) (*http.Response, error){says(200, "<html>maintenance</html>"), says(200, "")}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, a := against(t, append(c.first, says(200, `{"id":"x"}`))...)
				began := time.Now()
				answer, err := c.Get(t.Context(), "/users/x")
				if err != nil || answer.(map[string]any)["id"] != "x" || len(a.asked) != len(a.list) {
					t.Errorf("%v, %v after %d requests", answer, err, len(a.asked))
				}
				if waited := time.Since(began); waited < asksFor(a) {
					t.Errorf("asked again after %v", waited)
				}
			})
		})
	}
}

// asksFor is the least that the first answer asks to wait.
func asksFor(a *answers) time.Duration {
	res, err := a.list[0](nil)
	if err != nil || res.Header.Get("Retry-After") == "" {
		return 0
	}
	return 7 * time.Second
}

func TestBudgetAndCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a := against(t, says(503, ""))
		for range 3 {
			began := time.Now()
			_, err := c.Get(t.Context(), "/users/x")
			e, ok := errors.AsType[*absorb.APIError](err)
			if !ok || !e.Temporary || e.Status != 503 || time.Since(began) > 30*time.Second {
				t.Fatalf("%v after %v", err, time.Since(began))
			}
		}
		asked := len(a.asked)
		if _, err := c.Get(t.Context(), "/users/x"); err == nil || len(a.asked) != asked {
			t.Errorf("an API that is down is asked on: %v", err)
		}
		a.list = append(a.list, says(200, "{}"))
		time.Sleep(16 * time.Second)
		if _, err := c.Get(t.Context(), "/users/x"); err != nil {
			t.Errorf("after a pause: %v", err)
		}
	})
}

func TestAnswersThatAreFinal(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		status int
		words  string
	}{
		"403":                {says(403, `{"validations":[],"code":403,"message":"Portal is disabled","term":"Forbidden"}`), 403, "Portal is disabled"},
		"422, object":        {says(422, `{"validations":{"id":["bad"]},"message":"Invalid id"}`), 422, "Invalid id"},
		"404 in HTML":        {says(404, "<html><body>Not here</body></html>"), 404, "not JSON"},
		"404, empty":         {says(404, ""), 404, "not found"},
		"redirect":           {says(302, "", "Location", "https://elsewhere.invalid/"), 302, "redirects"},
		"control characters": {says(400, `{"message":"a\u001b[31mred\r\nb"}`), 400, "a[31mred b"},
	} {
		t.Run(name, func(t *testing.T) {
			client, a := against(t, c.answer)
			_, err := client.Get(t.Context(), "/users/x")
			e, ok := errors.AsType[*absorb.APIError](err)
			if !ok || e.Temporary || e.Status != c.status || !strings.Contains(e.Message, c.words) {
				t.Errorf("%v (%+v)", err, e)
			}
			if len(a.asked) != 1 {
				t.Errorf("asked %d times", len(a.asked))
			}
		})
	}
}

func TestPathsStayBelowTheAddress(t *testing.T) {
	c, a := against(t, says(200, "{}"))
	for _, path := range []string{
		"", "users/x", "//evil.example/x", `/\evil.example`, "/users/a%2Fb", "/users/a%5cb", "/users/a%25b", "/users/a%3Fb", "/users/a%23b", "/users/a#b",
		"/users/%00", "/users/a%0Ab", "/users/a%7F", "/users/a%C2%9B", "/users/a%E2%80%AEb", "/users/%ff", "/users/..", "/users/%2e%2E/courses", "/users/.", "/users/%zz",
		"/users/" + strings.Repeat("x", 10_000),
	} {
		_, err := c.Get(t.Context(), path)
		listed := c.List(t.Context(), absorb.Listing{Path: path}, func(map[string]any) {})
		if err == nil || listed == nil || !absorb.Answered(err) || strings.ContainsAny(err.Error(), "\x00\n\x7f\u009b\u202e") {
			t.Errorf("%q is asked for, or the error is odd: %v, %v", path, err, listed)
		}
	}
	if len(a.asked)+a.login != 0 {
		t.Error("something was asked")
	}
}

func TestContextEndsAGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := against(t, says(503, "", "Retry-After", "20"))
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		time.AfterFunc(time.Second, cancel)
		if _, err := c.Get(ctx, "/users/x"); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestNoSecretInErrors breaks a real connection in several ways.
func TestNoSecretInErrors(t *testing.T) {
	var mode atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch mode.Load() {
		case 0:
			panic(http.ErrAbortHandler)
		case 1: // an answer that breaks off
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		default: // a proxy that repeats what it was sent
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "bad: "+string(body)+r.Header.Get("x-api-key"))
		}
	}))
	defer server.Close()
	for mode.Store(0); mode.Load() < 3; mode.Add(1) {
		c := client(t, absorb.ClientOptions{
			BaseURL: server.URL, Key: "s3cr3t-key", Username: "u", Password: "s3cr3t-password", Budget: 50 * time.Millisecond, HTTP: kit.NewClient(nil, time.Second),
		})
		_, err := c.Get(t.Context(), "/users/x")
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("mode %d: %v", mode.Load(), err)
		}
	}
}

func TestRegions(t *testing.T) {
	for region, want := range map[string]string{
		"us": "https://rest.myabsorb.com", "ca": "https://rest.myabsorb.ca", "eu": "https://rest.myabsorb.eu", "au": "https://rest.myabsorb.com.au",
		"sandbox-us": "https://rest.sandbox.myabsorb.com", "sandbox-au": "https://rest.sandbox.myabsorb.com.au", "uk": "", "": "", "sandbox-": "",
	} {
		if got, ok := absorb.BaseURL(region); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", region, got, ok)
		}
	}
	for _, o := range []absorb.ClientOptions{{BaseURL: "rest.myabsorb.com", HTTP: http.DefaultClient}, {BaseURL: "ftp://x", HTTP: http.DefaultClient}, {BaseURL: "https://x"}} {
		if _, err := absorb.NewClient(o); err == nil {
			t.Errorf("%+v makes a client", o.BaseURL)
		}
	}
}
