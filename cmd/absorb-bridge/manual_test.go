package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// TestManualRuns does what the pages show, each command in a folder with a
// configuration and a store in which something of every kind has happened. A command's
// name in the middle of a sentence is not one to be run, nor is what goes on until it
// is stopped, what waits for a browser, and what has variables of a script in it.
func TestManualRuns(t *testing.T) {
	t.Setenv("BRIDGE_CONFIG", "")
	all := shownCommands(t)
	w := newWorld(t)
	n := 0
	for _, s := range all {
		_, rest, _ := rootCommand().Find(s.args)
		if !s.typed && len(rest) == 0 || slices.Contains([]string{"serve", "demo", "login"}, s.args[0]) || strings.Contains(s.String(), "$(") {
			continue
		}
		n++
		t.Run(s.place, func(t *testing.T) {
			w.prepare(t, s.args)
			r := doContext(t.Context(), w.filledIn(s.args)...)
			if r.code != exitDone {
				t.Errorf("%s: exit code %d\n%s%s", s, r.code, r.out, r.errors)
			}
		})
	}
	if n < 60 {
		t.Errorf("only %d commands were run", n)
	}
}

// world is what the commands of the manual meet.
type world struct {
	config, store []byte
	endpoint      string            // takes what emit sends
	portal        string            // URL of an emulated portal
	ids           map[string]string // of an event, a delivery, a dead letter and a captured request, by the command that shows them
}

// newWorld has a bridge take an event of each kind. Platforms refuse its messages, and are
// well from then on.
func newWorld(t *testing.T) *world {
	t.Helper()
	lms, chats := portal.New(portal.Options{}), wall.New(wall.Options{})
	platforms := serveHandler(t, chats.Handler().ServeHTTP)
	inject := func(mode string) {
		for _, platform := range []string{wall.Slack, wall.GoogleChat, wall.Teams} {
			if err := chats.Inject(wall.Fault{Platform: platform, Mode: mode, Count: wall.Forever}); err != nil {
				t.Fatal(err)
			}
		}
	}
	inject("400")
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = chats.ServeSMTP(mail) }()
	t.Cleanup(func() { _ = chats.Close() })
	endpoint := serveHandler(t, func(http.ResponseWriter, *http.Request) {})
	w := &world{endpoint: endpoint + "/absorb", portal: serveHandler(t, lms.Handler().ServeHTTP), ids: map[string]string{}}
	w.config = configured(t, lms.Settings(w.portal), chats.Sinks(platforms, mail.Addr().String()))
	w.happen(t)
	inject(wall.ModeNone)
	return w
}

func serveHandler(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// configured is a configuration with the names that the manual uses.
func configured(t *testing.T, api map[string]any, sinks map[string]map[string]any) []byte {
	t.Helper()
	for _, settings := range sinks {
		settings["limit"] = "none"
	}
	config, err := json.Marshal(map[string]any{ // JSON is YAML
		"listen": "127.0.0.1:0", "admin": map[string]any{"listen": loopback.Address(t)}, "store": "./data/bridge.db",
		"sources": map[string]any{"production": map[string]any{"path": "/absorb", "secrets": []string{"s3cret"}, "api": api}},
		"sinks":   map[string]any{"academy": sinks[wall.Slack], "space": sinks[wall.GoogleChat], "leaders": sinks[wall.Teams], "hr": sinks[wall.Email]},
		"routes": []any{
			map[string]any{"name": "everything", "events": []string{"*"}, "to": []string{"academy"}},
			map[string]any{"name": "noise", "events": []string{"User*"}, "to": []string{"space", "leaders", "hr"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// happen runs the bridge for a moment, and keeps its store and some ids.
func (w *world) happen(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	rewrite(t, "bridge.yaml", string(w.config))
	bridge := serveInProcess(t, "bridge.yaml")
	do(t, "emit --secret wrong --url "+bridge.url+"/absorb").want(t, 0, "reached absorb-bridge") // and is captured
	deadline := time.Now().Add(time.Minute)
	until := func(what string, so func() bool) {
		for ; !so(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it never came to this: %s", what)
			}
		}
	}
	do(t, "emit --secret s3cret --event UserCreated --url "+bridge.url+"/absorb").want(t, 0, "200")
	until("a dead letter", func() bool { return do(t, "dead --json").out != "" }) // later ones wait: the platforms refuse all
	do(t, "emit --secret s3cret --event all --url "+bridge.url+"/absorb").want(t, 0, "24 accepted")
	until("all are routed", func() bool { return do(t, "events --state waiting --json").out == "" })
	bridge.stop()
	for _, command := range []string{"events", "deliveries", "dead", "inspect"} {
		var first struct{ ID string }
		line, _, _ := strings.Cut(do(t, command+" --json").out, "\n")
		if err := json.Unmarshal([]byte(line), &first); err != nil {
			t.Fatalf("%s: %v: %s", command, err, line)
		}
		w.ids[command] = first.ID
	}
	var err error
	if w.store, err = os.ReadFile("data/bridge.db"); err != nil {
		t.Fatal(err)
	}
}

// prepare goes to a new folder that is as a command wants it.
func (w *world) prepare(t *testing.T, args []string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if args[0] == "init" {
		return
	}
	if err := os.Mkdir("data", 0o700); err != nil {
		t.Fatal(err)
	}
	rewrite(t, "bridge.yaml", string(w.config))
	rewrite(t, "data/bridge.db", string(w.store))
	switch {
	case args[0] == "ready" || args[0] == "reload":
		serveInProcess(t, "bridge.yaml")
	case args[0] == "store" && args[1] == "copy":
		t.Setenv("BRIDGE_STORE", "other.db")
	}
}

var (
	day      = regexp.MustCompile(`2026-11-23`)
	anID     = regexp.MustCompile(`^(ID|0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5d)$`)
	examples = strings.NewReplacer("NAME", "academy", "SOURCE", "production", "FILE", "copy.db", "$ABSORB_SECRET", "s3cret",
		"/etc/absorb-bridge/", "", "/data/", "data/")
)

// filledIn puts what there is in the place of what a page shows as an example.
func (w *world) filledIn(args []string) (all []string) {
	for i, arg := range args {
		arg = examples.Replace(strings.Trim(arg, `"'`))
		arg = day.ReplaceAllString(arg, time.Now().AddDate(0, 0, -1).Format(time.DateOnly))
		switch {
		case anID.MatchString(arg):
			arg = w.ids[args[0]]
		case args[0] == "emit" && args[max(i-1, 0)] == "--url":
			arg = w.endpoint
		case args[0] == "emit" && args[max(i-1, 0)] == "--portal":
			arg = w.portal
		}
		all = append(all, arg)
	}
	if args[0] == "emit" && !slices.Contains(args, "--url") {
		all = append(all, "--url", w.endpoint)
	}
	return all
}
