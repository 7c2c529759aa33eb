package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// referee starts Prism, a proxy that compares every request and every answer
// with an OpenAPI description, before the portal. It gives the proxy's address.
func referee(t *testing.T, p *portal.Portal) string {
	t.Helper()
	prism, description := os.Getenv("BRIDGE_TEST_PRISM"), os.Getenv("BRIDGE_TEST_OPENAPI")
	if prism == "" || description == "" {
		t.Skip("set BRIDGE_TEST_PRISM (the command of @stoplight/prism-cli) and BRIDGE_TEST_OPENAPI (a description of the Integration API)")
	}
	upstream := httptest.NewServer(p.Handler())
	t.Cleanup(upstream.Close)
	address := loopback.Address(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, prism, "proxy", "--errors", "-h", "127.0.0.1", "-p", port, description, upstream.URL)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return "http://" + address
		}
		if time.Now().After(deadline) {
			t.Fatal("Prism does not listen: ", err)
		}
	}
}

// whistle is a RoundTripper that notes what the referee objects to: its own
// answers have a media type that no part of the API has.
type whistle struct {
	mu    sync.Mutex
	seen  int
	fouls []string
}

func (w *whistle) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen++
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		body, _ := io.ReadAll(res.Body)
		res.Body = io.NopCloser(bytes.NewReader(body))
		w.fouls = append(w.fouls, fmt.Sprintf("%s %s: %d %s", r.Method, r.URL.Path, res.StatusCode, body))
	}
	return res, nil
}

func (w *whistle) fair(t *testing.T, atLeast int) {
	t.Helper()
	for _, foul := range w.fouls {
		t.Error(foul)
	}
	if w.seen < atLeast {
		t.Errorf("the referee saw %d requests, want at least %d", w.seen, atLeast)
	}
}

// The emulated portal answers as the description says, by plain HTTP.
func TestRefereeOfThePortal(t *testing.T) {
	p := portal.New(portal.Options{})
	w := &whistle{}
	a := &asker{t: t, portal: p, base: referee(t, p), scheme: "Bearer ", http: &http.Client{Transport: w}}
	a.login()
	for _, path := range []string{
		"/my-details", "/users", "/users?_limit=1000&_sort=-dateEdited", "/courses?_offset=1", "/departments", "/groups", "/roles",
		"/instructor-led-course-sessions", "/users/" + mira, "/users/" + mira + "/enrollments", "/users/" + mira + "/enrollments/" + atHeight,
		"/users/" + mira + "/enrollments/" + forklifts, "/users/" + mira + "/certificates", "/users/" + mira + "/certificates/50000000-0000-4000-a000-000000000001",
		"/users/" + mira + "/competencies", "/courses/" + atHeight, "/courses/" + atHeight + "/enrollments", "/departments/30000000-0000-4000-a000-000000000001",
		"/groups/" + everybody, "/roles/d0000000-0000-4000-a000-000000000001", "/categories/b0000000-0000-4000-a000-000000000001",
		"/instructor-led-course-sessions/70000000-0000-4000-a000-000000000001",
		"/users/" + mira + "/enrollments?_sort=-dateCompleted&_limit=20&_filter=status%20eq%203", "/users/" + mira + "/certificates?_sort=-acquiredDate",
		"/courses?_sort=-dateEdited&_limit=50", "/departments?_sort=-dateAdded", "/groups?_sort=-dateAdded&_limit=1",
	} {
		if status := a.status(path); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	a.list("/categories")
	for path, want := range map[string]int{"/users/" + nobody: 404, "/courses/" + nobody: 404, "/users?_filter=nonsense": 422} {
		if status := a.status(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	for mode, want := range map[portal.Mode]int{portal.Forbidden: 403, portal.TooMany: 429, portal.TooManyRetry: 429, portal.Unauthorized: 401} {
		p.Break(portal.Fault{Mode: mode, Count: 1})
		if status := a.status("/users/" + mira); status != want {
			t.Errorf("%s: %d", mode, status)
		}
	}
	w.fair(t, 25)
}

// The same with every quirk that changes the form of resources.
func TestRefereeOfThePortalsQuirks(t *testing.T) {
	m, err := portal.QuirksNamed("bearer-tokens", "listed-certificates", "separate-schedules", "named-enrollments", "long-times", "ragged-dates")
	if err != nil {
		t.Fatal(err)
	}
	p := portal.New(portal.Options{Quirks: m})
	w := &whistle{}
	a := &asker{t: t, portal: p, base: referee(t, p), scheme: "Bearer ", http: &http.Client{Transport: w}}
	a.login()
	for _, path := range []string{
		"/users", "/courses", "/departments", "/groups", "/instructor-led-course-sessions", "/users/" + mira + "/enrollments",
		"/users/" + mira + "/enrollments/" + atHeight, "/users/" + mira + "/certificates", "/users/" + mira + "/competencies",
	} {
		if status := a.status(path); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	w.fair(t, 10)
}

// The client asks as the description says, for every lookup of every template.
func TestRefereeOfTheClient(t *testing.T) {
	p := portal.New(portal.Options{})
	w := &whistle{}
	c, err := absorb.NewClient(absorb.ClientOptions{
		BaseURL: referee(t, p), HTTP: &http.Client{Transport: w},
		Key: bridge.Secret(p.Key), Username: p.Username, Password: bridge.Secret(p.Password), Budget: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	set, err := render.Load(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range absorb.Events() {
		// No cache, so that each event asks for everything that it needs.
		template := set.Template(e.Name)
		_, outcome := enrich.New(enrich.Options{Client: c}).Facts(t.Context(), gateway.SampleEvent(e.Name, template.Sample()), template.Lookups())
		if len(outcome.Calls) == 0 {
			t.Errorf("%s: no request was made", e.Name)
		}
		for _, call := range outcome.Calls {
			if call.Status != http.StatusOK {
				t.Errorf("%s: %s: %d", e.Name, call.Path, call.Status)
			}
		}
	}
	w.fair(t, 60)
}
