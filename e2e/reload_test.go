package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReload changes the files of a running process: a faulty configuration is
// refused with its place, a right one is used, as is a new template; by itself, at
// SIGHUP, and by the command.
func TestReload(t *testing.T) {
	slack := newEndpoint(t)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat")
	file, template := filepath.Join(dir, "bridge.yaml"), filepath.Join(dir, "templates", "user-created.yaml")
	p := start(t, dir)
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	logs := func(words string, count int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); strings.Count(p.log.String(), words) < count; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the log does not say %q %d times:\n%s", words, count, p.log.tail(3000))
			}
		}
	}
	arrives := func(marker string) {
		t.Helper()
		if status, err := post(http.DefaultClient, p.url, body("User Created", marker)); err != nil || status != http.StatusOK {
			t.Fatalf("%d, %v", status, err)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if missing, _ := slack.missing([]string{marker}); missing == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s never arrived", marker)
			}
		}
	}
	write(t, file, strings.Replace(string(right), "to: [ chat ]", "to: [ cht ]", 1))
	logs(`did you mean \"chat\"?`, 1) // by itself
	arrives("while-faulty")

	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	logs(`did you mean \"chat\"?`, 2)

	write(t, file, string(right))
	write(t, template, "event: UserCreated\nmessage: { title: 'marker new-{{ .event.correlationId }}' }\nsample: {}\n")
	if out := command(t, dir, "reload"); !strings.Contains(out, "is in use") {
		t.Error(out)
	}
	if status, err := post(http.DefaultClient, p.url, body("User Created", "template")); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if missing, _ := slack.missing([]string{"new-template"}); missing == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new template is not used")
		}
	}
}
