package pages_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/locked"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

const (
	secret      = "s3cret-of-the-portal"
	sinkSecret  = "T0/B0/s3cret-of-the-hook"
	apiPassword = "portal-password"
)

// stage is a bridge that runs between an emulated portal and emulated platforms. Its
// sinks are academy and space, which take everything, and guild, whose platform
// answers what a test says.
type stage struct {
	portal *portal.Portal
	wall   *wall.Wall
	file   string // of the configuration
	base   string // of the pages
	hook   string // where webhooks go
	log    *locked.Buffer
	answer atomic.Pointer[string] // of guild's platform, "status words"; nil: it takes everything
	stop   func() time.Duration

	settings map[string]any
}

// newStage starts a bridge. change may change its configuration.
func newStage(t testing.TB, change ...func(settings map[string]any)) *stage {
	t.Helper()
	s := &stage{portal: portal.New(portal.Options{}), wall: wall.New(wall.Options{}), log: &locked.Buffer{}}
	api, platforms := httptest.NewServer(s.portal.Handler()), httptest.NewServer(s.wall.Handler())
	guild := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status, words := http.StatusOK, "ok"
		if a := s.answer.Load(); a != nil {
			_, _ = fmt.Sscanf(*a, "%d", &status)
			_, words, _ = strings.Cut(*a, " ")
		}
		http.Error(w, words, status)
	}))
	t.Cleanup(func() { guild.Close(); platforms.Close(); api.Close(); _ = s.wall.Close() })
	all := s.wall.Sinks(platforms.URL, "127.0.0.1:1")
	for _, sink := range all {
		sink["limit"] = "none"
	}
	s.settings = map[string]any{
		"listen": "127.0.0.1:0", "admin": map[string]any{"listen": "127.0.0.1:0"}, "store": "bridge.db",
		"sources": map[string]any{"production": map[string]any{"path": "/absorb", "secrets": []string{secret}, "portal": "https://learning.example.com", "api": s.portal.Settings(api.URL)}},
		"sinks": map[string]any{
			"academy": all["slack"], "space": all["googlechat"], "spare": all["discord"],
			"guild": map[string]any{"type": "slack", "webhook_url": guild.URL + "/services/" + sinkSecret, "limit": "none"},
		},
		"routes": []any{
			map[string]any{"name": "everything", "events": []string{"*"}, "to": []string{"academy", "space", "guild"}},
			map[string]any{"name": "courses", "events": []string{"Course*"}, "to": []string{"academy"}},
			map[string]any{"name": "sandbox", "events": []string{"*"}, "when": `source == "sandbox"`, "to": []string{"academy"}},
		},
	}
	for _, f := range change {
		f(s.settings)
	}
	s.file = filepath.Join(t.TempDir(), "bridge.yaml")
	s.save(t)
	s.run(t)
	return s
}

// save writes the configuration.
func (s *stage) save(t testing.TB) {
	t.Helper()
	text, err := yaml.Marshal(s.settings)
	if err == nil {
		err = os.WriteFile(s.file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) run(t testing.TB) {
	t.Helper()
	load := func() (*config.Config, error) { return config.Load(s.file, nil) }
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(t.Context(), c, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	g.ReloadFrom(load)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	s.base, s.hook = "http://"+g.AdminAddr().String(), "http://"+g.Addr().String()+"/absorb"
	once := sync.Once{}
	s.stop = func() (took time.Duration) {
		once.Do(func() {
			began := time.Now()
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
			took = time.Since(began)
		})
		return took
	}
	t.Cleanup(func() { s.stop() })
}

// post has the portal post an event.
func (s *stage) post(t testing.TB, event string) {
	t.Helper()
	s.send(t, s.portal.Webhook(event, portal.DefaultProfile()), secret, http.StatusOK)
}

func (s *stage) send(t testing.TB, w portal.Webhook, key string, want int) {
	t.Helper()
	status, body, err := w.Post(t.Context(), http.DefaultClient, s.hook, key)
	if err != nil || status != want {
		t.Fatalf("%d %s, %v", status, body, err)
	}
}

// client asks the bridge's API.
func (s *stage) client() *admin.Client { return &admin.Client{Base: s.base, HTTP: http.DefaultClient} }

// page gives a page's text, and fails if it is not shown.
func (s *stage) page(t testing.TB, path string) string {
	t.Helper()
	status, body, _ := s.ask(t, http.MethodGet, path, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d\n%s", path, status, body)
	}
	return body
}

// ask sends a request; headers are name and value in turn. Redirects are not
// followed.
func (s *stage) ask(t testing.TB, method, path string, form url.Values, headers ...string) (status int, body string, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
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

// submit sends a form, and gives the page that it leads to.
func (s *stage) submit(t testing.TB, path string, form url.Values) (shown string) {
	t.Helper()
	status, body, h := s.ask(t, http.MethodPost, path, form)
	if status == http.StatusSeeOther {
		return s.page(t, h.Get("Location"))
	}
	if status != http.StatusOK {
		t.Fatalf("%s: %d\n%s", path, status, body)
	}
	return body
}

// has fails unless a page shows all the texts.
func has(t testing.TB, page string, texts ...string) {
	t.Helper()
	plain := html.UnescapeString(page)
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			body, _, _ := strings.Cut(plain[max(0, strings.Index(plain, "<main")):], "</main>")
			t.Errorf("the page does not show %q:\n%.3000s", text, body)
			return
		}
	}
}

// until waits until something is so.
func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !so() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settled waits until n events have deliveries, and all of these are in one of some
// states.
func (s *stage) settled(t testing.TB, n int, states ...bridge.State) {
	t.Helper()
	until(t, fmt.Sprintf("%d events whose deliveries are %v", n, states), func() bool {
		rows, err := s.client().Events(t.Context(), store.Filter{Limit: 1000})
		if err != nil || len(rows) < n {
			return false
		}
		return !slices.ContainsFunc(rows, func(e store.EventRow) bool {
			for _, state := range states {
				delete(e.Deliveries, state)
			}
			return e.State != "routed" || len(e.Deliveries) > 0
		})
	})
}

// guild has guild's platform answer so from now on.
func (s *stage) guild(answer string) {
	if answer == "" {
		s.answer.Store(nil)
		return
	}
	s.answer.Store(&answer)
}

func unescape(text string) string { return html.UnescapeString(text) }

// shell runs a command as somebody would who has copied it.
func shell(t testing.TB, command string, environ ...string) string {
	t.Helper()
	for _, tool := range []string{"bash", "openssl", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Env = append(os.Environ(), environ...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}
