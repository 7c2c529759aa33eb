package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// patient is a set-up in a folder.
type patient struct {
	dir, admin string
	Options
}

const hidden = "hidden-value-0123456789"

// newPatient writes a configuration; the text is more of it.
func newPatient(t *testing.T, sinks, source, more string) *patient {
	t.Helper()
	p := &patient{dir: t.TempDir()}
	p.Path = filepath.Join(p.dir, "bridge.yaml")
	p.admin = loopback.Address(t)
	p.Version = "v1"
	p.Environ = []string{"SECRET=" + hidden}
	p.write(t, "bridge.yaml", fmt.Sprintf(`
listen: %s
admin: { listen: %s }
sources: { production: { path: /absorb, secrets: [ "${SECRET}" ]%s } }
sinks: { %s }
routes: [ { name: all, events: [ "*" ], to: [ a ] } ]
%s
`, loopback.Address(t), p.admin, source, sinks, more), 0o600)
	return p
}

func (p *patient) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	name = filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
}

// says runs all checks and wants a finding.
func (p *patient) says(t *testing.T, check string, status Status, words string) {
	t.Helper()
	findings := Run(t.Context(), p.Options)
	if text := fmt.Sprintf("%+v", findings); strings.Contains(text, hidden) {
		t.Errorf("a secret is shown: %s", text)
	}
	for _, f := range findings {
		if f.Check == check && f.Status == status && strings.Contains(f.Found+" → "+f.Remedy, words) {
			return
		}
	}
	t.Errorf("no finding %s %s with %q:\n%s", status, check, words, table(findings))
}

func table(all []Finding) string {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "%-4s %-16s %s → %s\n", f.Status, f.Check, f.Found, f.Remedy)
	}
	return b.String()
}

const console = "a: { type: console }"

// start runs the patient's bridge until the test ends.
func (p *patient) start(t *testing.T) {
	t.Helper()
	c, err := config.Load(p.Path, p.Environ)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	g.Version("v1")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for c, err := net.Dial("tcp", p.admin); ; c, err = net.Dial("tcp", p.admin) {
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAllIsWell(t *testing.T) {
	p := newPatient(t, console, "", "timezone: Europe/Berlin")
	for _, f := range Run(t.Context(), p.Options) {
		if f.Status != OK {
			t.Errorf("%+v", f)
		}
	}
	p.says(t, "version", OK, "v1")
	p.says(t, "store", OK, "the bridge creates it at its first start")
	p.says(t, "bridge", OK, "it does not run here")
	p.says(t, "listen", OK, "is free")
	p.says(t, "time zones", OK, "Europe/Berlin")
	p.says(t, "api of production", OK, "there is none")
	if left, _ := filepath.Glob(filepath.Join(p.dir, "*")); len(left) != 1 {
		t.Errorf("it made files: %v", left)
	}
}

func TestConfigurationWithFaults(t *testing.T) {
	p := newPatient(t, "a: { type: consol }", "", "keep: often")
	p.says(t, "configuration", Fail, "bridge.yaml:5:")
	p.says(t, "configuration", Fail, "(and 1 more)")
	p.Path = filepath.Join(p.dir, "nowhere.yaml")
	p.says(t, "configuration", Fail, "no such file")
	newPatient(t, console, ", fields: {}", "").says(t, "configuration", OK, "is valid")
	p = newPatient(t, console, "", "")
	p.Environ = append(p.Environ, "BRIDGE_NONSENSE=1")
	p.says(t, "configuration", Warn, "BRIDGE_NONSENSE")
}

// TestBesideARunningBridge leaves it undisturbed.
func TestBesideARunningBridge(t *testing.T) {
	p := newPatient(t, console, "", "")
	p.start(t)
	p.says(t, "bridge", OK, "it runs and accepts events")
	p.says(t, "listen", OK, "a bridge answers")
	p.says(t, "admin.listen", OK, "a bridge answers")
	p.says(t, "store", OK, "its tables have version")

	p.Version = "v2"
	p.says(t, "bridge", Warn, "its version is v1, and this program is v2 → restart the bridge")

	text, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "bridge.yaml", strings.Replace(string(text), p.admin, loopback.Address(t), 1), 0o600)
	p.says(t, "bridge", Warn, "its API does not answer")
}

func TestAnotherProgramListens(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	p := newPatient(t, console, "", "")
	p.Environ = append(p.Environ, "BRIDGE_LISTEN="+other.Listener.Addr().String(), "BRIDGE_ADMIN__LISTEN="+other.Listener.Addr().String())
	p.says(t, "listen", Fail, "another program answers")
	p.says(t, "admin.listen", Fail, "another program answers")
	p.Environ = append(p.Environ, "BRIDGE_LISTEN=192.0.2.1:80") // nobody's: a documentation address
	p.says(t, "listen", Fail, "set listen to another address")
}

func TestStore(t *testing.T) {
	p := newPatient(t, console, "", "store: ./bridge.yaml/bridge.db")
	p.says(t, "store", Fail, "fix this first")
	p = newPatient(t, console, "", "")
	p.write(t, "data/bridge.db", "this is not a database, but long enough to have a header of one hundred bytes, which SQLite reads first of all", 0o600)
	p.says(t, "store", Fail, "restore a backup")

	p = newPatient(t, console, "", "store: newer.db")
	db, err := sql.Open("sqlite", filepath.Join(p.dir, "newer.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE goose_db_version (version_id INTEGER); INSERT INTO goose_db_version VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	p.says(t, "store", OK, "and the next start upgrades them to")
	if _, err := db.Exec(`UPDATE goose_db_version SET version_id = 99999`); err != nil {
		t.Fatal(err)
	}
	p.says(t, "store", Fail, "newer version")
}

func TestStoreWithoutRoom(t *testing.T) {
	for free, status := range map[uint64]Status{10 << 20: Fail, 100 << 20: Warn, 1 << 40: OK} {
		e := &examination{config: &config.Config{Store: "bridge.db"}}
		e.store.Free = free
		if f := e.storage(t.Context()); f.Status != status {
			t.Errorf("%d free: %+v", free, f)
		}
	}
}

func TestAPI(t *testing.T) {
	lms := portal.New(portal.Options{Password: hidden})
	server := httptest.NewServer(lms.Handler())
	t.Cleanup(server.Close)
	s := lms.Settings(server.URL)
	api := func(url, password string) string {
		return fmt.Sprintf(`, api: { url: "%s", key: "%s", username: "%s", password: "%s", budget: 1s }`, url, s["key"], s["username"], password)
	}
	p := newPatient(t, console, api(server.URL, "${SECRET}"), "")
	p.says(t, "api of production", OK, "accepts the login")
	p.says(t, "clock", OK, "agrees with the clock of the API of production")
	newPatient(t, console, api(server.URL, "wrong-password"), "").says(t, "api of production", Fail, "to test username and password")
	newPatient(t, console, api("http://"+loopback.Address(t), "x"), "").says(t, "api of production", Fail, "connection refused")
	newPatient(t, console, fmt.Sprintf(`, api: { url: "%s", key: k, oauth: { token_url: "%s/oauth/token", client_id: c, client_secret: s, refresh_token: r } }`, server.URL, server.URL), "").
		says(t, "api of production", Warn, "would use up the refresh token")
}

// TestAPIWithTheKeptToken does not end the token of a bridge.
func TestAPIWithTheKeptToken(t *testing.T) {
	lms := portal.New(portal.Options{})
	server := httptest.NewServer(lms.Handler())
	t.Cleanup(server.Close)
	s := lms.Settings(server.URL)
	p := newPatient(t, console, fmt.Sprintf(`, api: { url: "%s", key: "%s", username: "%s", password: "%s" }`, server.URL, s["key"], s["username"], s["password"]), "")
	p.start(t)
	c, err := config.Load(p.Path, p.Environ)
	if err != nil {
		t.Fatal(err)
	}
	body := portal.New(portal.Options{}).Webhook("UserCreated", portal.Profile{})
	if _, _, err := body.Post(t.Context(), http.DefaultClient, "http://"+c.Listen+"/absorb", hidden); err != nil {
		t.Fatal(err)
	}
	for lms.Requests("/authenticate") == 0 { // the bridge looks up the names
		time.Sleep(5 * time.Millisecond)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		before := lms.Requests("/authenticate")
		p.says(t, "api of production", OK, "accepts the login")
		if lms.Requests("/authenticate") == before {
			return // the bridge had stored its token by then
		}
		if time.Now().After(deadline) {
			t.Fatal("it logs in although the bridge has a token")
		}
	}
}

func TestClock(t *testing.T) {
	for ahead, status := range map[time.Duration]Status{0: OK, -2 * time.Minute: Warn, time.Hour: Fail} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusNotFound)
		}))
		newPatient(t, console, fmt.Sprintf(`, api: { url: "%s", key: k, username: u, password: p }`, server.URL), "").says(t, "clock", status, "the API of production")
		server.Close()
	}
	newPatient(t, console, "", "").says(t, "clock", OK, "there is no other clock to compare it with")
}

func TestSinks(t *testing.T) {
	chat := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	t.Cleanup(chat.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	t.Cleanup(plain.Close)
	newPatient(t, "a: { type: slack, webhook_url: "+plain.URL+"/services/"+hidden+" }", "", "").says(t, "sink a", OK, "127.0.0.1 takes connections")
	newPatient(t, "a: { type: slack, webhook_url: "+chat.URL+"/services/"+hidden+" }", "", "").says(t, "sink a", Fail, "certificate")
	newPatient(t, "a: { type: slack, webhook_url: http://"+loopback.Address(t)+"/services/"+hidden+" }", "", "").says(t, "sink a", Fail, "connection refused")
	newPatient(t, "a: { type: teams, webhook_url: https://nowhere.invalid/"+hidden+" }", "", "").says(t, "sink a", Fail, "DNS")
	newPatient(t, "a: { type: webhook, url: https://localhost:1/"+hidden+" }", "", "").says(t, "sink a", Fail, "allow_private")
	newPatient(t, console, "", "").says(t, "sink a", OK, "absorb-bridge send --sink a")
}

func TestTemplates(t *testing.T) {
	newPatient(t, console, "", "").says(t, "templates", OK, "the built-in ones")
	p := newPatient(t, console, "", "templates: ./templates")
	p.says(t, "configuration", Fail, "is not a folder that can be read")
	p.write(t, "templates/enrollment-completed-by-learner.yaml", "message: { title: x }\n", 0o600)
	p.says(t, "templates", Warn, "enrollment-completed-by-learner.yaml has no digest, story")
	p.write(t, "templates/enrollment-completed-by-learner.yaml", "message: { title: x }\ndigest: { title: x }\nstory: { lead: 1, fields: [ { name: a, value: b } ] }\n", 0o600)
	p.says(t, "templates", OK, "1 of your own")
	p.write(t, "templates/mine.yaml", "event: CertificateAwardd\nmessage: { title: x }\n", 0o600)
	p.says(t, "templates", Warn, `did you mean "CertificateAwarded"?`)
}

func TestPermissions(t *testing.T) {
	p := newPatient(t, console, "", "")
	p.says(t, "permissions", OK, "no other user")
	p.write(t, ".env", "SECRET=x", 0o644)
	p.says(t, "permissions", Warn, ".env has secrets")
	p.write(t, ".env", "SECRET=x", 0o600)
	text, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "bridge.yaml", string(text), 0o644)
	p.says(t, "permissions", OK, "no other user")
	p.write(t, "bridge.yaml", strings.Replace(string(text), "${SECRET}", hidden, 1), 0o644)
	p.says(t, "permissions", Warn, "has secrets, and everybody can read it")
	p.write(t, "bridge.yaml", string(text), 0o622)
	p.says(t, "permissions", Warn, "can be changed by other users")
	p.write(t, "bridge.yaml", strings.Replace(string(text), "${SECRET}", "${file:secret}", 1), 0o600)
	p.write(t, "secret", hidden, 0o644)
	p.says(t, "permissions", Warn, "secret is a secret, and everybody can read it")
}
