package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"

	"github.com/goccy/go-yaml"
)

const secret = "s3cret-of-the-test"

// stage is an emulated portal and wall, and the configuration between them.
type stage struct {
	portal   *portal.Portal
	wall     *wall.Wall
	settings map[string]any
	prepare  func(*gateway.Gateway) // before it runs, or nil
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{portal: portal.New(portal.Options{}), wall: wall.New(wall.Options{})}
	api, page := httptest.NewServer(s.portal.Handler()), httptest.NewServer(s.wall.Handler())
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.wall.ServeSMTP(mail) }()
	t.Cleanup(func() { _ = s.wall.Close(); page.Close(); api.Close() })

	all := s.wall.Sinks(page.URL, mail.Addr().String())
	for _, sink := range all {
		sink["limit"] = "none"
	}
	s.settings = map[string]any{
		"listen": "127.0.0.1:0", "admin": map[string]any{"listen": "127.0.0.1:0"}, "store": filepath.Join(t.TempDir(), "bridge.db"),
		"sources": map[string]any{"production": map[string]any{
			"path": "/absorb", "secrets": []string{secret}, "portal": "https://learning.example.com", "api": s.portal.Settings(api.URL),
		}},
		"sinks":  all,
		"routes": []any{map[string]any{"name": "everything", "events": []string{"*"}, "to": wall.Platforms()}},
	}
	return s
}

func (s *stage) config(t *testing.T) *config.Config {
	t.Helper()
	text, err := yaml.Marshal(s.settings)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("test.yaml", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run starts a gateway; the function that it gives stops it.
func (s *stage) run(t *testing.T) (g *gateway.Gateway, stop func()) {
	t.Helper()
	g, err := gateway.New(t.Context(), s.config(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if s.prepare != nil {
		s.prepare(g)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return g, stop
}

func post(t *testing.T, g *gateway.Gateway, w portal.Webhook) (status string) {
	t.Helper()
	code, body, err := w.Post(t.Context(), http.DefaultClient, "http://"+g.Addr().String()+"/absorb", secret)
	if err != nil || code != 200 {
		t.Fatalf("%s: %d %s, %v", w.Event, code, body, err)
	}
	var answer struct{ Status string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Status
}

// wait waits until every platform has n messages.
func (s *stage) wait(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		short := ""
		for _, p := range wall.Platforms() {
			if have := s.wall.Count(p); have < n {
				short = fmt.Sprintf("%s has %d of %d messages", p, have, n)
			}
		}
		if short == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(short)
		}
	}
}

// TestEveryEventReachesEveryPlatform is the whole way of all 24 events, each
// posted twice.
func TestEveryEventReachesEveryPlatform(t *testing.T) {
	s := newStage(t)
	g, _ := s.run(t)
	profiles := portal.Profiles()
	for i, e := range absorb.Events() {
		profile := profiles[i%len(profiles)]
		profile.Lean = false
		w := s.portal.Webhook(e.Name, profile)
		if first, again := post(t, g, w), post(t, g, w); first != "accepted" || again != "duplicate" {
			t.Errorf("%s: %s, then %s", e.Name, first, again)
		}
	}
	s.wait(t, 24)
	time.Sleep(50 * time.Millisecond) // a duplicate would come now
	for _, p := range wall.Platforms() {
		if c := s.wall.Counts(p); c.Accepted != 24 || c.Refused+c.Unposted+c.Repeated != 0 {
			t.Errorf("%s: %+v", p, c)
		}
	}
	names := 0
	for _, m := range s.wall.Messages() {
		if len(m.Verdict.Notes) > 0 {
			t.Errorf("%s: %v\n%s", m.Platform, m.Verdict.Notes, m.Payload)
		}
		if strings.Contains(string(m.Payload), "Halvorsen") {
			names++
		}
	}
	if names < 5*10 {
		t.Errorf("only %d messages name the learner", names)
	}
	ready, err := http.Get("http://" + g.AdminAddr().String() + "/readyz")
	if err != nil || ready.StatusCode != http.StatusOK {
		t.Errorf("readyz: %v, %v", ready, err)
	}
	if err == nil {
		_ = ready.Body.Close()
	}
}

// TestRestart stops the gateway with events accepted and platforms failing.
func TestRestart(t *testing.T) {
	s := newStage(t)
	for _, p := range wall.Platforms()[:4] {
		if err := s.wall.Inject(wall.Fault{Platform: p, Mode: "503", Count: 1}); err != nil {
			t.Fatal(err)
		}
	}
	g, stop := s.run(t)
	for range 20 {
		post(t, g, s.portal.Next(portal.DefaultProfile()))
	}
	stop()
	s.run(t)
	s.wait(t, 20)
}

func TestWithoutTheIntegrationAPI(t *testing.T) {
	s := newStage(t)
	delete(s.settings["sources"].(map[string]any)["production"].(map[string]any), "api")
	g, _ := s.run(t)
	post(t, g, s.portal.Webhook("EnrollmentCompletedByLearner", portal.DefaultProfile()))
	s.wait(t, 1)
	if n := s.portal.Requests(""); n != 0 {
		t.Errorf("the API was asked %d times", n)
	}
	for _, m := range s.wall.Messages() {
		if !strings.Contains(string(m.Payload), "completed") {
			t.Errorf("%s: %s", m.Platform, m.Payload)
		}
	}
}

func TestSecondGatewayIsKeptOut(t *testing.T) {
	s := newStage(t)
	s.run(t)
	_, err := gateway.New(t.Context(), s.config(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil || !strings.Contains(err.Error(), "another process has it open") {
		t.Errorf("a second gateway on one store: %v", err)
	}
}

func TestTakenAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newStage(t)
	s.settings["listen"] = l.Addr().String()
	if _, err := gateway.New(t.Context(), s.config(t), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("%v", err)
	}
	// Nothing of the first try is left behind.
	s.settings["listen"] = "127.0.0.1:0"
	s.run(t)
}

func TestPreviews(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	p, err := gateway.NewExamplePreviewer()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Events()) != 24 || len(p.Match("all")) != len(sinks.Types()) || len(p.Match("slack")) != 1 || len(p.Match("no")) != 0 {
		t.Errorf("%d events, %v", len(p.Events()), p.Match("all"))
	}
	for _, event := range p.Events() {
		for _, sink := range slices.Concat(p.Match("all"), p.Match("slack-bot"), p.Match("discord-bot")) {
			one, err := p.Preview(t.Context(), event, sink)
			if err != nil || len(one.Payload.Body) == 0 || one.Type != strings.TrimSuffix(sink, "-bot") || len(one.Payload.Shortened) > 0 {
				t.Errorf("%s to %s: %+v, %v", event, sink, one, err)
			}
			again, err := p.Preview(t.Context(), event, sink)
			if err != nil || string(again.Payload.Body) != string(one.Payload.Body) {
				t.Errorf("%s to %s changes from one preview to the next", event, sink)
			}
		}
	}
}

// Whoever the portal knows, and whatever its courses are called, the messages
// are whole on every platform.
func TestEverybodyAndEveryCourse(t *testing.T) {
	p, err := gateway.NewExamplePreviewer()
	if err != nil {
		t.Fatal(err)
	}
	emulated := portal.New(portal.Options{})
	message := func(name, user, course string) {
		e := gateway.SampleEvent("EnrollmentCompletedByLearner", map[string]any{"userId": user, "courseId": course})
		for _, sink := range p.Match("all") {
			one, err := p.PreviewEvent(t.Context(), e, sink)
			if err != nil || len(one.Payload.Shortened) > 0 {
				t.Errorf("%s to %s: %v, shortened %v", name, sink, err, one.Payload.Shortened)
			}
			sinktest.Dump(t, one.Type, name, one.Payload)
		}
	}
	people, courses := emulated.People(), emulated.Courses()
	for i, user := range people {
		message(fmt.Sprint("person-", i+1), user, courses[0])
	}
	for i, course := range courses {
		message(fmt.Sprint("course-", i+1), people[0], course)
	}
}

// TestSinksThatShareAQuotaShareAPace has two webhooks of one Google Chat space,
// and one of another.
func TestSinksThatShareAQuotaShareAPace(t *testing.T) {
	s := newStage(t)
	chat := func(path string) map[string]any {
		return map[string]any{"type": "googlechat", "webhook_url": "https://chat.googleapis.com/v1/spaces/" + path}
	}
	s.settings["sinks"] = map[string]any{"one": chat("A/messages?key=k&token=1"), "two": chat("A/messages?key=k&token=2"), "other": chat("B/messages?key=k&token=1")}
	s.settings["routes"] = []any{map[string]any{"name": "everything", "events": []string{"*"}, "to": []string{"one", "two", "other"}}}
	parts, err := gateway.Build(s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	if parts.Limiters["one"] != parts.Limiters["two"] || parts.Limiters["one"] == parts.Limiters["other"] {
		t.Errorf("paces %v", parts.Limiters)
	}
}
