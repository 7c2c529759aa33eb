package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// The database goes away under load, once by a crash and once by answering nothing
// any more, for longer than a lease lasts: senders of webhooks are asked to try
// again, the probe says why, and all goes on by itself when it is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	all, yaml, names := chats(t, 3)
	r := startReplicas(t, 2, pg.Database(t), yaml, names...)
	r.settled(4)
	var failures []time.Time
	end := r.stream("away", 8)
	for name, outage := range map[string]struct{ begin, end func() }{
		"stopped": {pg.Stop, func() {
			if err := pg.Start(); err != nil {
				t.Error(err)
			}
		}},
		"hangs": {pg.Pause, pg.Resume},
	} {
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		outage.begin()
		failures = append(failures, began)
		for i := range 2 {
			retryLater(t, r.url(i), name)
			eventually(t, "the probe says that the store is away", func() bool { return ready(t, r.folders[i]) == http.StatusServiceUnavailable })
		}
		time.Sleep(time.Until(began.Add(12 * time.Second)))
		outage.end()
		failures = append(failures, time.Now())
		for i := range 2 {
			eventually(t, "the replica is ready again", func() bool { return ready(t, r.folders[i]) == http.StatusOK })
		}
	}
	time.Sleep(500 * time.Millisecond)
	markers := end()
	for i, e := range all {
		again := arrive(t, markers, e)
		t.Logf("%s: %d of %d arrived again", names[i], again, len(markers))
		for _, marker := range e.unexplained(failures) {
			t.Errorf("%s: %s arrived twice without a failure between", names[i], marker)
		}
	}
}

// asked numbers the events of retryLater.
var asked atomic.Int64

// retryLater posts an event to a replica that cannot store it.
func retryLater(t *testing.T, url, when string) {
	t.Helper()
	data := body("User Created", fmt.Sprint("later-", asked.Add(1)))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("absorb-signature", sign(data))
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		t.Fatalf("the database %s: %v", when, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("the database %s: answered %s, Retry-After %q", when, res.Status, res.Header.Get("Retry-After"))
	}
}

// ready asks the probe of a replica.
func ready(t *testing.T, dir string) int {
	t.Helper()
	res, err := http.Get("http://" + adminAddress(t, dir) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// TestTheDatabasePasswordIsNotTold looks for the password in all that is printed
// while the database works, refuses and is away.
func TestTheDatabasePasswordIsNotTold(t *testing.T) {
	t.Parallel()
	const password, written = "data/base-Zq7vX2", "data%2Fbase-Zq7vX2"
	pg := pgtest.New(t)
	store := lockedDatabase(t, pg, password)
	withPassword := strings.Replace(store, "postgres://locked@", "postgres://locked:"+written+"@", 1)
	_, yaml, names := chats(t, 1)
	var seen strings.Builder
	say := func(args ...string) (ok bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
		fmt.Fprintf(&seen, "%s%v\n", out, err)
		return err == nil || ctx.Err() != nil
	}
	r := startReplicas(t, 1, withPassword, yaml, names...)
	file := filepath.Join(r.folders[0], "bridge.yaml")
	replaceIn(t, file, "format: json", "format: json, level: debug")
	r.stop(0)
	r.restart(0)
	p := r.running[0]
	r.burst("told", 3, 1)
	for _, args := range [][]string{{"deliveries"}, {"check"}, {"ready"}, {"test-window", "production"}} {
		if !say(append(args, "--config", file)...) {
			t.Errorf("%v: %s", args, seen.String())
		}
	}
	sqlite := filepath.Join(t.TempDir(), "other.db")
	for _, to := range []string{
		strings.Replace(withPassword, written, "wrong-"+written, 1),
		store + "&password=wrong-" + written,
		withPassword + "&pool_max_conns=" + written,
		strings.Replace(withPassword, written, password, 1), // not as a URL should have it
		strings.Replace(withPassword, "locked:", "locked%:", 1),
	} {
		write(t, sqlite, "")
		if say("store", "copy", "--from", sqlite, "--to", to) {
			t.Errorf("it was copied to %s", to)
		}
		other := folder(t, yaml, names...)
		replaceIn(t, filepath.Join(other, "bridge.yaml"), "./data/bridge.db", `"`+to+`"`)
		for _, args := range []string{"serve", "deliveries"} {
			if say(args, "--config", filepath.Join(other, "bridge.yaml")) {
				t.Errorf("%s with %s", args, to)
			}
		}
	}
	pg.Stop()
	retryLater(t, r.url(0), "is stopped")
	eventually(t, "the leases cannot be renewed", func() bool { return strings.Contains(p.log.String(), "cannot renew the leases") })
	say("deliveries", "--config", file)
	say("ready", "--config", file)
	r.stop(0)
	for where, text := range map[string]string{"the log": p.log.String(), "the commands": seen.String()} {
		for _, p := range []string{password, written} {
			if i := strings.Index(text, p); i >= 0 {
				t.Errorf("%s: …%s…", where, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
	if !strings.Contains(seen.String(), "password authentication failed") {
		t.Errorf("no password was refused: the test tests nothing:\n%s", seen.String())
	}
}

// lockedDatabase is one whose owner, locked, has a password that the server asks
// for.
func lockedDatabase(t *testing.T, pg *pgtest.Server, password string) (store string) {
	t.Helper()
	store = pg.Database(t)
	conn, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var access string
	if err := conn.QueryRow(t.Context(), "SHOW hba_file").Scan(&access); err != nil {
		t.Fatal(err)
	}
	write(t, access, "local all locked scram-sha-256\nlocal all all trust\n")
	for _, statement := range []string{
		"SET password_encryption = 'scram-sha-256'",
		"CREATE ROLE locked LOGIN PASSWORD '" + password + "'",
		"GRANT ALL ON SCHEMA public TO locked",
		"SELECT pg_reload_conf()",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Replace(store, "postgres://bridge@", "postgres://locked@", 1)
}
