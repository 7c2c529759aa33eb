package absorb_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// nodes is an API with one valid token, whose nodes learn of it slowly.
type nodes struct {
	mu     sync.Mutex
	spread time.Duration // so long after a login every second request is refused
	denied string        // part of the paths that are refused whatever the token …
	until  time.Time     // … until then, or for ever

	token  string
	began  time.Time
	logins []time.Time
	asked  map[string]int // by path
	n      int
}

func (a *nodes) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	time.Sleep(20 * time.Millisecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Method == http.MethodPost {
		a.login()
		if strings.HasSuffix(r.URL.Path, "/token") {
			return says(200, fmt.Sprintf(`{"access_token":%q,"refresh_token":"r","expires_in":14400}`, a.token))(r)
		}
		return says(200, fmt.Sprintf("%q", a.token))(r)
	}
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	a.asked[r.URL.Path]++
	a.n++
	switch {
	case r.Header.Get("Authorization") != "Bearer "+a.token,
		a.denied != "" && strings.Contains(r.URL.Path, a.denied) && (a.until.IsZero() || time.Now().Before(a.until)),
		a.n%2 == 0 && time.Since(a.began) < a.spread:
		return says(401, `{"message":"Authorization has been denied for this request."}`)(r)
	}
	return says(200, `{"id":"x"}`)(r)
}

// login gives a new token and ends the one before. The caller holds mu.
func (a *nodes) login() {
	a.logins = append(a.logins, time.Now())
	a.token, a.began = fmt.Sprintf("token-%d", len(a.logins)), time.Now()
}

// end ends the token, as a login of somebody else does.
func (a *nodes) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token, a.began = "somebody's", time.Now()
}

// count is how many logins there were.
func (a *nodes) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.logins)
}

func (a *nodes) options() absorb.ClientOptions {
	o := options(portal.New(portal.Options{}))
	o.HTTP = &http.Client{Transport: a}
	return o
}

// both runs a test with a password and with OAuth.
func both(t *testing.T, test func(t *testing.T, a *nodes, o absorb.ClientOptions)) {
	for _, way := range []string{"password", "OAuth"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &nodes{}
				o := a.options()
				if way == "OAuth" {
					o = byOAuth(portal.New(portal.Options{}), &shelf{})
					o.HTTP = &http.Client{Transport: a}
				}
				test(t, a, o)
			})
		})
	}
}

// together asks for many paths at the same time.
func together(t *testing.T, c *absorb.Client, paths ...string) (errs []error) {
	t.Helper()
	errs = make([]error, len(paths))
	var wg sync.WaitGroup
	for i, path := range paths {
		wg.Go(func() { _, errs[i] = c.Get(t.Context(), path) })
	}
	wg.Wait()
	return errs
}

// numbered are n paths.
func numbered(n int, format string) (paths []string) {
	for i := range n {
		paths = append(paths, fmt.Sprintf(format, i))
	}
	return paths
}

func wantNone(t *testing.T, errs []error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func wantLogins(t *testing.T, a *nodes, want int) {
	t.Helper()
	if got := a.count(); got != want {
		t.Errorf("%d logins, want %d", got, want)
	}
}

// Some nodes do not know a new token for a moment. No login helps.
func TestYoungToken(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		a.spread = 1500 * time.Millisecond
		wantNone(t, together(t, client(t, o), numbered(40, "/users/%d")...))
		wantLogins(t, a, 1)
	})
}

// The token of another process is as young as it is there.
func TestYoungTokenOfAnotherProcess(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		a.spread = 1500 * time.Millisecond
		o.Tokens = &shelf{}
		one, two := client(t, o), client(t, o)
		wantNone(t, together(t, one, "/users/1"))
		wantNone(t, together(t, two, numbered(40, "/users/%d")...))
		wantLogins(t, a, 1)
	})
}

// A token that somebody ended is replaced once, also when many requests are refused
// together and the next one spreads slowly.
func TestDeadToken(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		a.spread = 1500 * time.Millisecond
		o.Tokens = &shelf{}
		one, two := client(t, o), client(t, o)
		wantNone(t, together(t, one, "/users/1", "/courses/1"))
		for range 3 {
			time.Sleep(time.Hour / 2)
			a.end()
			before := a.count()
			wantNone(t, together(t, one, numbered(20, "/users/%d")...))
			wantNone(t, together(t, two, numbered(20, "/courses/%d")...))
			wantLogins(t, a, before+1)
		}
	})
}

// Two programs with one user do not end each other's tokens as fast as they can.
// TestEndedBetweenTwoProcesses: a process that starts with the token of the one before
// finds it ended, and logs in within one lookup.
func TestEndedBetweenTwoProcesses(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		o.Tokens = &shelf{}
		if _, err := client(t, o).Get(t.Context(), someUser); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		a.end()
		if _, err := client(t, o).Get(t.Context(), someUser); err != nil || a.count() != 2 {
			t.Errorf("%v after %d logins", err, a.count())
		}
	})
}

func TestFloorBetweenLogins(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		c := client(t, o)
		for range 200 {
			_, _ = c.Get(t.Context(), "/users/1")
			a.end()
			time.Sleep(time.Second)
		}
		for i, at := range a.logins[1:] {
			if since := at.Sub(a.logins[i]); since < 20*time.Second {
				t.Errorf("a login %v after the one before", since)
			}
		}
		if len(a.logins) < 3 {
			t.Errorf("%d logins: a token that was ended is not replaced", len(a.logins))
		}
	})
}

// A missing right shows as 401 on one kind of resource. It costs no login, and no
// request for a while.
func TestForbiddenResource(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		a.denied, a.spread = "/departments/", 1500*time.Millisecond
		c := client(t, o)
		for round := range 100 {
			wantNone(t, together(t, c, numbered(5, "/users/%d")...))
			for _, err := range together(t, c, numbered(5, "/departments/%d?x=y")...) {
				if !absorb.Forbidden(err) || !absorb.Answered(err) || !strings.Contains(err.Error(), "right to view /departments/*") {
					t.Fatalf("round %d: %v", round, err)
				}
			}
			time.Sleep(5 * time.Second)
		}
		wantLogins(t, a, 1)
		asked := a.asked["/departments/0"]
		together(t, c, numbered(5, "/departments/%d")...)
		if a.asked["/departments/0"] != asked {
			t.Error("a forbidden resource is asked for")
		}
		a.denied = ""
		time.Sleep(11 * time.Minute)
		wantNone(t, together(t, c, "/departments/0", "/users/1"))
		wantLogins(t, a, 1)
	})
}

// It is forbidden as well when nothing else is asked for, and with a dead token.
func TestForbiddenResourceAlone(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		a.denied = "/departments/"
		c := client(t, o)
		for range 50 {
			if err := together(t, c, "/departments/1")[0]; !absorb.Forbidden(err) {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		wantLogins(t, a, 1)
		a.end()
		if err := together(t, c, "/departments/1")[0]; !absorb.Forbidden(err) {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Minute)
		if err := together(t, c, "/departments/1")[0]; !absorb.Forbidden(err) {
			t.Fatal(err)
		}
		wantLogins(t, a, 2)
	})
}

// What is forbidden is no more than what is refused.
func TestForbiddenByKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for denied, c := range map[string]struct{ first, forbidden, allowed string }{
			"/competencies":   {"/users/7/competencies", "/users/8/competencies", "/users/7"},
			"/users/7":        {"/users/7", "/users/7", "/users/8"}, // /users/1 was given before
			"/enrollments/3":  {"/users/7/enrollments/3", "/users/9/enrollments/3", "/users/7/enrollments"},
			"/certificates/1": {"/users/7/certificates/1", "/users/7/certificates/1", "/users/7/certificates"},
		} {
			a := &nodes{denied: denied}
			client := client(t, a.options())
			wantNone(t, together(t, client, "/users/1"))
			if err := together(t, client, c.first)[0]; !absorb.Forbidden(err) {
				t.Errorf("%s: %v", c.first, err)
			}
			asked := a.n
			if err := together(t, client, c.forbidden)[0]; !absorb.Forbidden(err) || a.n != asked {
				t.Errorf("%s is asked for: %v", c.forbidden, err)
			}
			wantNone(t, together(t, client, c.allowed))
			wantLogins(t, a, 1)
		}
	})
}

// A resource that is refused for a moment is not forbidden, also when it was refused
// with an earlier token and has not been given since.
func TestRefusedForAMoment(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		c := client(t, o)
		wantNone(t, together(t, c, "/users/1"))
		time.Sleep(time.Minute)
		a.denied, a.until = "/departments/", time.Now().Add(2*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Get(ctx, "/departments/1"); err == nil || absorb.Answered(err) {
			t.Errorf("%v: it may be given later", err)
		}
		time.Sleep(5 * time.Hour)
		wantNone(t, together(t, c, "/users/1"))
		time.Sleep(time.Minute)
		a.until = time.Now().Add(2 * time.Second)
		wantNone(t, together(t, c, "/departments/1", "/users/1"))
		wantLogins(t, a, 2)
	})
}

// An API that takes no token is asked little, and logged in to seldom.
func TestTokenThatIsNeverAccepted(t *testing.T) {
	both(t, func(t *testing.T, a *nodes, o absorb.ClientOptions) {
		a.denied = "/"
		c := client(t, o)
		for range 60 {
			err := together(t, c, "/users/1")[0]
			if err == nil || absorb.Answered(err) || absorb.Forbidden(err) {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		if n := a.count(); n < 2 || n > 8 {
			t.Errorf("%d logins in ten minutes", n)
		}
		if a.n > 300 {
			t.Errorf("asked %d times in ten minutes", a.n)
		}
	})
}

// Without a login there is nothing to replace, but a missing right is found as well.
func TestForbiddenWithAKeyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{list: []func(*http.Request) (*http.Response, error){func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, "/departments") {
				return says(401, "")(r)
			}
			return says(200, "{}")(r)
		}}}
		c := client(t, absorb.ClientOptions{BaseURL: "http://portal.invalid", Key: bridge.Secret("k"), HTTP: &http.Client{Transport: a}})
		if err := together(t, c, "/departments/1")[0]; !absorb.Forbidden(err) || a.login != 0 {
			t.Errorf("%v, %d logins", err, a.login)
		}
	})
}
