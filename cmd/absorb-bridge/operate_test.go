package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                     {},
		"90m":                  now.Add(-90 * time.Minute),
		"3d":                   now.AddDate(0, 0, -3),
		"1.5d":                 now.Add(-36 * time.Hour),
		"2026-11-23":           time.Date(2026, 11, 23, 0, 0, 0, 0, time.Local),
		"2026-11-23T14:00:00Z": time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
	} {
		if got, err := admin.ParseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-3d", "-5m", "d", "2026-13-01", "3"} {
		if at, err := admin.ParseTime(text, now); err == nil {
			t.Errorf("%q is understood as %v", text, at)
		}
	}
}

// TestOperate is an operator's day, with a bridge that runs and with one that does
// not: the commands are the same.
func TestOperate(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			http.Error(w, "invalid_blocks", http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	defer slack.Close()
	dir := t.TempDir()
	path := filepath.Join(dir, "bridge.yaml")
	admin := loopback.Address(t)
	rewrite(t, path, `
listen: 127.0.0.1:0
admin: { listen: "`+admin+`" }
store: ./bridge.db
sources: { a: { path: /a, secrets: [ s3cret ] }, new: { path: /new, secrets: [] } }
sinks:
  academy: { type: slack, webhook_url: "`+slack.URL+`/services/T0/B0/hidden-part", limit: none }
  screen: { type: console, stream: stderr }
routes:
  - { name: r, events: [ UserCreated ], to: [ academy ] }
  - { name: never, events: [ "Group*" ], to: [ academy ], when: event.type == "x" }
`)
	stop := serveInProcess(t, path)
	with := func(line string) result { t.Helper(); return do(t, line+" -c "+path) }

	// Whether a window closes is asked before the first event is verified, and after.
	with("test-window a --for 0s").want(t, 0, "of a stays open until 2", "no event of the source was verified yet")
	with("test-window new --for 0s").want(t, 0, "of new stays open until the source has a secret")
	with("test-window new --for 5m").want(t, 0, "open until the source has a secret; press Test Webhook")
	do(t, "emit --url "+stop.url+"/a --secret s3cret --event all").want(t, 0, "24 accepted")
	id := waitForDead(t, path)

	with("dead").want(t, 0, id, "invalid_blocks", "UserCreated")
	with("deliveries --state dead --sink academy --text invalid_blocks --since 1h --json").want(t, 0, `"id":"`+id+`"`)
	with("deliveries --since tomorrow").want(t, 2, "--since")
	with("deliveries --state lost").want(t, 1, `there is no state "lost"`, "orphaned")
	with("deliveries cancel --all --state lost").want(t, 1, `there is no state "lost"`)
	with("events --state dead").want(t, 1, `there is no state "dead"`, "unrouted")
	with("dead show "+id).want(t, 0, "attempts", "invalid_blocks", "blocks", "facts", `"userId"`)
	with("dead show none").want(t, 1, "none")
	with("dead retry").want(t, 2, "--all")
	with("events --state unrouted").want(t, 0, "GroupCreated")
	with("reload").want(t, 0, "is in use")
	with("ready").want(t, 0, "ready")

	do(t, "emit --url "+stop.url+"/a --secret wrong").want(t, 1, "401")
	with("test-window a --for 5m").want(t, 0, "is open until")
	do(t, "emit --url "+stop.url+"/a --secret wrong").want(t, 0, "reached absorb-bridge")
	with("test-window a --for 0s").want(t, 0, "is closed")
	with("test-window b").want(t, 1, `there is no source "b"`)
	with("test-window a --for 30h").want(t, 1, "24h")
	with("inspect").want(t, 0, "USER AGENT", "Absorb-Webhooks")
	with("inspect none").want(t, 1, "none")
	var captured struct{ ID string }
	if err := json.Unmarshal([]byte(with("inspect --json").out), &captured); err != nil {
		t.Fatal(err)
	}
	with("inspect "+captured.ID).want(t, 0, "captured in a test window", "EnrollmentCompletedByLearner", "$.courseId", "GUID")

	broken.Store(false)
	with("dead retry "+id).want(t, 0, "1 will be sent now")
	waitFor(t, path, id, "sent")
	stop.stop()

	with("deliveries --state sent").want(t, 0, id)
	with("deliveries retry "+id).want(t, 1, "0 will be sent now", "1 of the 1 ids")
	with("dead cancel none "+id).want(t, 1, "2 of the 2 ids")
	with("events replay --state unrouted --event GroupCreated").want(t, 0, "1 will be routed again")
	var group struct{ ID string }
	if err := json.Unmarshal([]byte(with("events --event GroupCreated --json").out), &group); err != nil {
		t.Fatal(err)
	}
	with("events show "+group.ID).want(t, 0, `"route": "never"`, `"event": true`, `"holds": false`, `"takes": false`, `event.type ==`)
	with("events show none").want(t, 1, "none")
	with("reload").want(t, 1, "is not running")
	with("ready").want(t, 1, "call the bridge")
	with("deliveries move --sink academy --to nobody").want(t, 1, "nobody", "screen")
	with("deliveries move --sink academy").want(t, 2, `"to" not set`)
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// waitForDead waits until there is a dead letter, and gives its id.
func waitForDead(t *testing.T, path string) (id string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if line := do(t, "dead --json -c "+path).out; line != "" {
			var d struct{ ID string }
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			return d.ID
		}
	}
	t.Fatal("there is no dead letter")
	return ""
}

func waitFor(t *testing.T, path, id, state string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if r := do(t, "deliveries --state "+state+" --json -c "+path); strings.Contains(r.out, id) {
			return
		}
	}
	t.Fatalf("%s is never %s", id, state)
}

type served struct {
	url  string
	stop func()
}

// serveInProcess runs the bridge of a configuration until it is stopped.
func serveInProcess(t *testing.T, path string) served {
	t.Helper()
	load := func() (*config.Config, error) { return config.Load(path, nil) }
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g.ReloadFrom(load)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return served{"http://" + g.Addr().String(), stop}
}
