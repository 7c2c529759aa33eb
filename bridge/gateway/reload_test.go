package gateway_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// runReloading starts a gateway whose configuration is what next holds.
func (s *stage) runReloading(t *testing.T) (*gateway.Gateway, *atomic.Pointer[config.Config]) {
	t.Helper()
	var next atomic.Pointer[config.Config]
	s.prepare = func(g *gateway.Gateway) {
		g.Version("v1.2.3")
		g.ReloadFrom(func() (*config.Config, error) {
			if c := next.Load(); c != nil {
				return c, nil
			}
			return nil, errors.New("bridge.yaml:1:1: a fault")
		})
	}
	g, _ := s.run(t)
	return g, &next
}

// Reloads under load refuse no request, and lose and double no message.
func TestReloadUnderLoad(t *testing.T) {
	const senders, each = 4, 50
	s := newStage(t)
	g, next := s.runReloading(t)
	one := s.config(t)
	for name, sink := range s.settings["sinks"].(map[string]map[string]any) {
		if name != "slack" {
			sink["limit"] = map[string]any{"rate": "5000/s", "burst": 50}
		}
	}
	s.settings["sinks"].(map[string]map[string]any)["screen"] = map[string]any{"type": "console"}
	s.settings["sources"].(map[string]any)["more"] = map[string]any{"path": "/absorb", "secrets": []string{"another"}}
	other := s.config(t)

	var posting sync.WaitGroup
	for range senders {
		posting.Go(func() {
			for range each {
				post(t, g, s.portal.Next(portal.DefaultProfile()))
			}
		})
	}
	posted := make(chan struct{})
	go func() { posting.Wait(); close(posted) }()
	reloads := 0
	for done := false; !done; reloads++ {
		select {
		case <-posted:
			done = true
		default:
		}
		next.Store([]*config.Config{one, other}[reloads%2])
		if err := g.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	s.wait(t, senders*each)
	for _, p := range wall.Platforms() {
		if n := s.wall.Count(p); n != senders*each {
			t.Errorf("%s: %d messages, want %d", p, n, senders*each)
		}
	}
	t.Logf("%d reloads", reloads)
}

// Absorb has one token for each user: two sources that ask as the same user share
// it, and so does the configuration after a reload.
func TestSourcesOfOneUserShareItsToken(t *testing.T) {
	s := newStage(t)
	sources := s.settings["sources"].(map[string]any)
	other := maps.Clone(sources["production"].(map[string]any))
	other["path"], other["api"] = "/other", maps.Clone(other["api"].(map[string]any))
	other["api"].(map[string]any)["on_failure"] = "hold"
	sources["other"] = other
	g, next := s.runReloading(t)
	next.Store(s.config(t))
	for round := range 3 {
		for _, path := range []string{"/absorb", "/other"} {
			w := s.portal.Webhook("UserCreated", portal.DefaultProfile())
			code, body, err := w.Post(t.Context(), http.DefaultClient, "http://"+g.Addr().String()+path, secret)
			if err != nil || code != 200 {
				t.Fatalf("%d %s, %v", code, body, err)
			}
		}
		s.wait(t, 2*(round+1))
		if err := g.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.portal.Requests("/authenticate"); n != 1 {
		t.Errorf("logged in %d times", n)
	}
}

func TestAFaultyReloadChangesNothing(t *testing.T) {
	s := newStage(t)
	g, _ := s.runReloading(t)
	if err := g.Reload(); err == nil || !strings.Contains(err.Error(), "a fault") {
		t.Errorf("%v", err)
	}
	client := connect(t, s, g)
	if err := client.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "a fault") {
		t.Errorf("by the API: %v", err)
	}
	post(t, g, s.portal.Webhook("UserCreated", portal.DefaultProfile()))
	s.wait(t, 1)
}

func connect(t *testing.T, s *stage, g *gateway.Gateway) *admin.Client {
	t.Helper()
	c := s.config(t)
	if g != nil {
		c.Admin.Listen = g.AdminAddr().String()
	}
	client, closer, err := gateway.Connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// A removed sink's deliveries are kept, shown as orphaned, and can be moved.
func TestARemovedSinkLeavesOrphans(t *testing.T) {
	s := newStage(t)
	if err := s.wall.Inject(wall.Fault{Platform: "slack", Mode: "503"}); err != nil {
		t.Fatal(err)
	}
	g, next := s.runReloading(t)
	post(t, g, s.portal.Webhook("UserCreated", portal.DefaultProfile()))
	client := connect(t, s, g)
	list := func(f store.Filter, n int) []admin.DeliveryLine {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			all, err := client.Deliveries(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if len(all) == n {
				return all
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d deliveries, want %d: %+v", len(all), n, all)
			}
		}
	}
	list(store.Filter{State: "pending", Sink: "slack", Text: "503"}, 1)

	sinks := s.settings["sinks"].(map[string]map[string]any)
	delete(sinks, "slack")
	s.settings["routes"] = []any{map[string]any{"name": "everything", "events": []string{"*"}, "to": wall.Platforms()[1:]}}
	next.Store(s.config(t))
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	if d := list(store.Filter{Sink: "slack"}, 1)[0]; !d.Orphaned {
		t.Errorf("%+v", d)
	}
	if d := list(store.Filter{State: "orphaned"}, 1)[0]; d.Sink != "slack" {
		t.Errorf("%+v", d)
	}
	selected := admin.Selection{Filter: store.Filter{Sink: "slack"}, To: "nowhere"}
	if _, err := client.Change(t.Context(), "deliveries/move", selected); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
	sinks["screen"] = map[string]any{"type": "console"}
	next.Store(s.config(t))
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	selected = admin.Selection{Filter: store.Filter{State: "orphaned"}, All: true, To: "screen"}
	if _, err := client.Change(t.Context(), "deliveries/move", admin.Selection{Filter: store.Filter{Sink: "slack", Limit: 1}, To: "screen"}); err == nil {
		t.Error("a change of one at most changes all")
	}
	if n, err := client.Change(t.Context(), "deliveries/move", selected); err != nil || n.Changed != 1 {
		t.Errorf("moved %d, %v", n.Changed, err)
	}
	list(store.Filter{Sink: "screen", State: "sent"}, 1)
}

// What is dead is replayed with today's configuration, and an event can be routed
// again: through a running bridge and through the store of a stopped one.
func TestReplay(t *testing.T) {
	s := newStage(t)
	routes := s.settings["routes"]
	s.settings["routes"] = []any{map[string]any{"name": "everything", "events": []string{"UserCreated"}, "to": []string{"discord"}}}
	g, stop := s.run(t)
	for _, event := range []string{"UserCreated", "GroupCreated"} {
		post(t, g, s.portal.Webhook(event, portal.DefaultProfile()))
	}
	client := connect(t, s, g)
	var unrouted []store.EventRow
	for len(unrouted) == 0 {
		var err error
		if unrouted, err = client.Events(t.Context(), store.Filter{State: "unrouted"}); err != nil {
			t.Fatal(err)
		}
	}
	if unrouted[0].Event != "GroupCreated" {
		t.Errorf("%+v", unrouted)
	}
	for s.wall.Count("discord") == 0 && !t.Failed() {
		time.Sleep(5 * time.Millisecond)
	}
	stop()

	offline := func(use func(*admin.Client)) {
		t.Helper()
		c, closer, err := gateway.Connect(t.Context(), s.config(t))
		if err != nil {
			t.Fatal(err)
		}
		use(c)
		if err := closer(); err != nil {
			t.Error(err)
		}
	}
	s.settings["routes"] = routes
	offline(func(c *admin.Client) {
		if about, err := c.About(t.Context()); err != nil || about.Running {
			t.Errorf("%+v, %v", about, err)
		}
		if _, err := c.Change(t.Context(), "events/replay", admin.Selection{}); err == nil {
			t.Error("everything is routed again though nobody said so")
		}
		if n, err := c.Change(t.Context(), "events/replay", admin.Selection{All: true}); err != nil || n.Changed != 2 {
			t.Errorf("routed %d again, %v", n.Changed, err)
		}
		if err := c.Reload(t.Context()); err == nil {
			t.Error("reloads though nothing runs")
		}
		if _, err := c.Delivery(t.Context(), "none"); err == nil || !strings.Contains(err.Error(), "none") {
			t.Error(err)
		}
	})
	s.run(t)
	s.wait(t, 2)
	if n := s.wall.Count("discord"); n != 2 {
		t.Errorf("discord has %d messages, want each event once", n)
	}
}

// The API is for this machine, or for who has the token.
func TestWhoMayAskTheAPI(t *testing.T) {
	s := newStage(t)
	g, _ := s.run(t)
	ask := func(change func(*http.Request)) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+g.AdminAddr().String()+"/api/deliveries/retry", strings.NewReader(`{"all":true}`))
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"this machine":       {func(*http.Request) {}, 200},
		"a rebound name":     {func(r *http.Request) { r.Host = "evil.example:8081" }, 403},
		"another site":       {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"another origin":     {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		"an unknown address": {func(r *http.Request) { r.URL.Path = "/api/none" }, 404},
	} {
		if got := ask(c.change); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Who is let in follows from the configuration that was read last, as long as it also
// speaks of the address that the bridge listens at.
func TestAReloadChangesWhoIsLetIn(t *testing.T) {
	s := newStage(t)
	with := func(admin map[string]any) *config.Config {
		s.settings["admin"] = admin
		return s.config(t)
	}
	const first, second = "the-first-token-of-the-test", "the-second-token-of-the-test"
	next := with(map[string]any{"listen": "127.0.0.1:0", "token": first})
	s.prepare = func(g *gateway.Gateway) { g.ReloadFrom(func() (*config.Config, error) { return next, nil }) }
	g, _ := s.run(t)
	for _, c := range []struct {
		admin  map[string]any
		opens  string
		closed string
	}{
		{map[string]any{"listen": "127.0.0.1:0", "token": first}, first, second},
		{map[string]any{"listen": "127.0.0.1:0", "token": second}, second, first},
		{map[string]any{"listen": "localhost:0"}, second, first}, // nobody would be asked at an address that others may reach
		{map[string]any{"listen": "127.0.0.1:0", "view_token": first}, first, second},
	} {
		next = with(c.admin)
		if err := g.Reload(); err != nil {
			t.Fatal(err)
		}
		for token, want := range map[string]bool{c.opens: true, c.closed: false} {
			client := &admin.Client{Base: "http://" + g.AdminAddr().String(), Token: bridge.Secret(token), HTTP: http.DefaultClient}
			if _, err := client.Events(t.Context(), store.Filter{}); (err == nil) != want {
				t.Errorf("%v, %s: %v", c.admin, token, err)
			}
		}
	}
}

func TestTheAPIAsksForItsToken(t *testing.T) {
	s := newStage(t)
	s.settings["admin"] = map[string]any{"listen": "127.0.0.1:0", "token": "t0ken-of-the-test"}
	g, _ := s.run(t)
	if _, err := connect(t, s, g).Events(t.Context(), store.Filter{}); err != nil {
		t.Error(err)
	}
	for _, token := range []string{"", "wrong"} {
		client := &admin.Client{Base: "http://" + g.AdminAddr().String(), Token: bridge.Secret(token), HTTP: http.DefaultClient}
		if _, err := client.Events(t.Context(), store.Filter{}); err == nil || !strings.Contains(err.Error(), "admin.token") {
			t.Errorf("token %q: %v", token, err)
		}
	}
	// Probes need none.
	res, err := http.Get("http://" + g.AdminAddr().String() + "/healthz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", res, err)
	}
	if err == nil {
		_ = res.Body.Close()
	}
}
