package main

import (
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// TestUpkeep catches up with a portal and forgets a person, with a store that no bridge
// uses and with one that is used.
func TestUpkeep(t *testing.T) {
	p := portal.New(portal.Options{})
	api := httptest.NewServer(p.Handler())
	defer api.Close()
	path := filepath.Join(t.TempDir(), "bridge.yaml")
	rewrite(t, path, fmt.Sprintf(`
listen: 127.0.0.1:0
admin: { listen: %q }
store: ./bridge.db
sources:
  production:
    path: /a
    secrets: [ s3cret ]
    api: { url: %q, key: %q, username: %q, password: %q, budget: 2s }
    catch_up: { enabled: false, events: [ UserCreated, DepartmentCreated ] }
  sandbox: { path: /b, secrets: [ s3cret ] }
sinks: { screen: { type: console, stream: stderr } }
routes: [ { name: r, events: [ "*" ], to: [ screen ] } ]
`, loopback.Address(t), api.URL, p.Key, p.Username, p.Password))
	with := func(line string) result { t.Helper(); return do(t, line+" -c "+path) }
	joined := func(n int) string {
		user := fmt.Sprintf("10000000-0000-4000-a000-%012x", 0x1000+n)
		p.Trigger(portal.Event{Type: "UserCreated", User: user, At: time.Now().Add(-time.Duration(60-n) * time.Minute)}, portal.DefaultProfile())
		return user
	}
	one, two := joined(1), joined(2)

	with("catch-up --source production").want(t, 2, `"since" not set`)
	with("catch-up --source production --since soon").want(t, 2, "--since")
	with("catch-up --source none --since 2h").want(t, 1, `there is no source "none"`)
	with("catch-up --source sandbox --since 2h").want(t, 1, "source sandbox has no Integration API")
	with("catch-up --source production --since 2h --until 3h").want(t, 1, "before until")
	with("catch-up --source production --since 2h --dry-run").want(t, 0, "HAPPENED", one, two, "2 were missing", "nothing was created")
	if rows := with("catch-up --source production --since 2h --dry-run --json"); strings.Count(rows.out, "\n") != 2 || !strings.Contains(rows.out, `"user":"`+one+`"`) {
		t.Errorf("%s", rows.out)
	}
	p.Break(portal.Fault{Mode: portal.ServerError})
	with("catch-up --source production --since 2h").want(t, 1, "list users: the Integration API answered 500")
	p.Mend()
	p.Break(portal.Fault{Mode: portal.Forbidden, Prefix: "/departments"})
	with("catch-up --source production --since 2h").want(t, 0, "2 caught up", "cannot check departments")
	with("audit").want(t, 0, "this machine", "catch-up", "production since 20")
	with("catch-up --source production --since 2h").want(t, 0, "0 were missing")
	with("events").want(t, 0, "UserCreated", "waiting, caught up")

	stop := serveInProcess(t, path)
	three := joined(3)
	with("catch-up --source production --since 2h").want(t, 0, three, "1 caught up")
	with("forget").want(t, 2, `"user" not set`)
	with("forget --user "+one).want(t, 2, "TO REMOVE", "events", "nothing was removed; to remove it, add --yes")
	with("forget --user "+one+" --dry-run --json").want(t, 0, `"events": 1`)
	with("forget --user "+one+" --yes").want(t, 0, "TABLE", "REMOVED", "events")
	with("forget --user "+strings.ToUpper(one)+" --yes").want(t, 0, "REMOVED")
	with("events --text "+one).want(t, 0, "ID")
	stop.stop()
	with("forget --user "+two+" --yes").want(t, 0, "REMOVED")
	with("catch-up --source production --since 2h --dry-run").want(t, 0, "0 were missing") // they are not brought back

	// What was only tried or failed is not in the audit.
	log := with("audit --json")
	log.want(t, 0)
	for words, n := range map[string]int{
		`"catch-up"`: 3, `"changed":2`: 1, `"forget"`: 3, `"target":"person ` + digest(one) + `"`: 2, `"target":"person ` + digest(two) + `"`: 1, one: 0, two: 0,
	} {
		if got := strings.Count(log.out, words); got != n {
			t.Errorf("%s is %d times in the audit, want %d:\n%s", words, got, n, log.out)
		}
	}
}

// digest is made as the manual says.
func digest(user string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(user)))[:len("sha256:")+16]
}
