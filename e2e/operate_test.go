package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// count asks a database for a number.
func count(t testing.TB, store, query string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A test window that is opened at one replica is open at the other one, and what
// that captures is seen at the first.
func TestATestWindowIsOpenEverywhere(t *testing.T) {
	t.Parallel()
	_, yaml, names := chats(t, 1)
	r := startReplicas(t, 2, pgtest.Shared(t).Database(t), yaml, names...)
	r.burst("first", 1, 1) // until then a source is on test by itself
	unsigned := func(i int) int {
		res, err := http.Post(r.url(i), "application/json", bytes.NewReader(body("User Created", "unsigned")))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	for i := range 2 {
		eventually(t, "requests are verified", func() bool { return unsigned(i) == http.StatusUnauthorized })
	}
	before := len(strings.Split(command(t, r.folders[0], "inspect", "--json"), "\n"))
	command(t, r.folders[0], "test-window", "production", "--for", "10m")
	eventually(t, "the window is open at the other replica", func() bool { return unsigned(1) == http.StatusOK })
	if after := len(strings.Split(command(t, r.folders[0], "inspect", "--json"), "\n")); after != before+1 {
		t.Errorf("%d requests captured, then %d", before, after)
	}
	command(t, r.folders[1], "test-window", "production", "--for", "0s")
	eventually(t, "the window is closed", func() bool { return unsigned(0) == http.StatusUnauthorized })
}

// Commands may ask any replica: the one whose work it is begins at once.
func TestCommandsReachTheOwner(t *testing.T) {
	t.Parallel()
	all, yaml, names := chats(t, 1)
	r := startReplicas(t, 2, pgtest.Shared(t).Database(t), yaml, names...)
	owners := r.settled(2)
	other := r.folders[1-owners["sink chat0"]]
	for i := range 3 {
		all[0].refuses.Store(true)
		markers := r.burst(fmt.Sprint("refused-", i), 1, 1) // more at once would be the sink's fault
		eventually(t, "it is dead", func() bool { return strings.Count(command(t, other, "dead", "--json"), "\n") == len(markers) })
		all[0].refuses.Store(false)
		began := time.Now()
		if out := command(t, other, "dead", "retry", "--all"); !strings.HasPrefix(out, "1 ") {
			t.Error(out)
		}
		if again := arrive(t, markers, all[0]); again > 0 {
			t.Errorf("%d arrived again", again)
		}
		t.Logf("retried: %v until all had arrived", time.Since(began))
	}

	// A route that is new gets the events of before.
	late := newEndpoint(t)
	for _, dir := range r.folders {
		file := filepath.Join(dir, "bridge.yaml")
		replaceIn(t, file, "routes:\n", fmt.Sprintf("  late: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }\nroutes:\n  - { name: late, events: [ UserCreated ], to: [ late ] }\n", late.URL))
		command(t, dir, "reload")
	}
	r.settled(3)
	began := time.Now()
	if out := command(t, r.folders[1-owners["router"]], "events", "replay", "--all"); !strings.HasPrefix(out, "3 ") {
		t.Error(out)
	}
	if again := arrive(t, []string{"refused-0-0", "refused-1-0", "refused-2-0"}, late); again > 0 {
		t.Errorf("%d arrived again", again)
	}
	t.Logf("replayed: %v until all had arrived", time.Since(began))
	if n := len(all[0].log); n != 3 {
		t.Errorf("%d messages, want 3: what was delivered is not delivered again", n)
	}
}

// A token of Absorb's API is shared: a new one, which ends the one before, is asked
// for once, whoever looks things up.
func TestOneTokenForAllReplicas(t *testing.T) {
	t.Parallel()
	absorb := portal.New(portal.Options{})
	api := httptest.NewServer(absorb.Handler())
	t.Cleanup(api.Close)
	settings, err := json.Marshal(absorb.Settings(api.URL))
	if err != nil {
		t.Fatal(err)
	}
	all, yaml, names := chats(t, 1)
	r := startReplicas(t, 2, pgtest.Shared(t).Database(t), yaml, names...)
	for i, dir := range r.folders {
		r.stop(i)
		replaceIn(t, filepath.Join(dir, "bridge.yaml"), "secrets: [", "api: "+string(settings)+", secrets: [")
		template := filepath.Join(dir, "templates", "user-created.yaml")
		replaceIn(t, template, "message:", "lookups: { user: '/users/{{ .event.userId }}' }\nmessage:")
		r.restart(i)
	}
	asked := func() int { return absorb.Requests("/users/10000000-0000-4000-a000-000000000001") }
	for round := range 4 {
		r.settled(2)
		if round == 2 {
			absorb.ExpireToken()
		}
		before := asked()
		arrive(t, r.burst(fmt.Sprint("known-", round), 3, 1), all[0])
		if asked() == before {
			t.Error("nothing was looked up: the test tests nothing")
		}
		router := r.owners()["router"]
		r.stop(router)
		r.settled(2)
		r.restart(router)
	}
	if n := absorb.Requests("/authenticate"); n != 2 {
		t.Errorf("%d logins, want two: one at first, one since the token was ended", n)
	}
}

// A SQLite store is moved while messages wait: replicas deliver those, and no bridge
// delivers them from the file.
func TestMoveToPostgres(t *testing.T) {
	t.Parallel()
	chat := newEndpoint(t)
	sink := fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: { rate: 10/s, burst: 5 } }\n", chat.URL)
	dir := folder(t, sink, "chat")
	p := start(t, dir)
	var markers []string
	for n := range 40 {
		m := fmt.Sprint("move-", n)
		if status, err := post(http.DefaultClient, p.url, body("User Created", m)); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		markers = append(markers, m)
	}
	arrive(t, markers[:1], chat)
	p.stop(t)
	sent := len(chat.log)
	store := pgtest.Shared(t).Database(t)
	file := filepath.Join(dir, "data", "bridge.db")
	out, err := runBinary("store", "copy", "--from", file, "--to", store)
	if err != nil || !strings.Contains(out, "deliveries") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := runBinary("serve", "--config", filepath.Join(dir, "bridge.yaml")); err == nil || !strings.Contains(out, "handed over to the store postgres://") || !strings.Contains(out, "take-back") {
		t.Errorf("serve with the file that was copied: %v: %s", err, out)
	}
	waiting := count(t, store, `SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending') + (SELECT count(*) FROM events WHERE routed_at IS NULL)`)
	if waiting+sent != len(markers) || waiting == 0 {
		t.Errorf("%d were sent and %d wait, of %d", sent, waiting, len(markers))
	}
	r := startReplicas(t, 2, store, sink, "chat")
	if again := arrive(t, append(markers, r.burst("after", 5, 1)...), chat); again > 0 {
		t.Errorf("%d arrived again", again)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file that was copied: %v", err)
	}
}
