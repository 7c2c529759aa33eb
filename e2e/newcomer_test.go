package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// TestNewcomer goes the way of somebody who has the binary, a portal and a Slack
// channel: init, check, doctor, serve, and an event that becomes a message with the
// names that the portal knows.
func TestNewcomer(t *testing.T) {
	lms := portal.New(portal.Options{})
	api := httptest.NewServer(lms.Handler())
	t.Cleanup(api.Close)
	chats := wall.New(wall.Options{})
	chat := httptest.NewServer(chats.Handler())
	t.Cleanup(chat.Close)
	t.Cleanup(func() { _ = chats.Close() })

	dir := t.TempDir()
	run := func(fails bool, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if (err != nil) != fails {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	said := run(false, "init", "--sink", "academy=slack", "--api", api.URL, "--url", "https://bridge.example.com/absorb", "--env-file", ".env")
	for _, want := range []string{"wrote bridge.yaml", "Account → Client Settings", "https://bridge.example.com/absorb", "ACADEMY_WEBHOOK_URL"} {
		if !strings.Contains(said, want) {
			t.Errorf("init does not say %q:\n%s", want, said)
		}
	}
	if words := run(true, "check"); !strings.Contains(words, "ABSORB_SECRET is not set") {
		t.Errorf("check without the variables: %s", words)
	}
	settings := lms.Settings(api.URL)
	for name, value := range map[string]any{
		"ABSORB_SECRET": secret, "ABSORB_API_KEY": settings["key"], "ABSORB_API_USER": settings["username"], "ABSORB_API_PASSWORD": settings["password"],
		"ACADEMY_WEBHOOK_URL": chats.Sinks(chat.URL, "")["slack"]["webhook_url"],
	} {
		t.Setenv(name, fmt.Sprint(value))
	}
	run(false, "check")

	// Two bridges on this machine must not meet: the one thing that is changed.
	file := filepath.Join(dir, "bridge.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(text), `listen: ":8080"`, fmt.Sprintf("listen: %s\nadmin:\n  listen: %s", loopback.Address(t), loopback.Address(t)), 1))
	if words := run(false, "doctor"); !strings.Contains(words, "ok    api of production") || !strings.Contains(words, "it does not run here") {
		t.Errorf("doctor before the start:\n%s", words)
	}
	p := start(t, dir)
	if words := run(false, "doctor"); !strings.Contains(words, "it runs and accepts events") || !strings.Contains(words, "takes connections") {
		t.Errorf("doctor beside the bridge:\n%s", words)
	}
	if chats.Count(wall.Slack) != 0 {
		t.Error("doctor sent something")
	}
	run(false, "emit", "--url", p.url, "--secret", secret, "--event", "EnrollmentCompletedByLearner")
	for deadline := time.Now().Add(time.Minute); chats.Count(wall.Slack) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no message arrived")
		}
	}
	messages := chats.Messages()
	if len(messages) != 1 || !strings.Contains(string(messages[0].Payload), "Mira Halvorsen completed Working at Height") {
		t.Errorf("messages %s", messages[0].Payload)
	}
}
