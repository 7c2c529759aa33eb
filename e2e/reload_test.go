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
	write(t, file, strings.Replace(string(right), "to: [ chat ]", "to: [ cht ]", 1))
	p.logs(t, `did you mean \"chat\"?`, 1) // by itself
	p.delivers(t, slack, "while-faulty", "while-faulty")

	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.logs(t, `did you mean \"chat\"?`, 2)

	write(t, file, string(right))
	write(t, template, "event: UserCreated\nmessage: { title: 'marker new-{{ .event.correlationId }}' }\nsample: {}\n")
	if out := command(t, dir, "reload"); !strings.Contains(out, "is in use") {
		t.Error(out)
	}
	p.delivers(t, slack, "template", "new-template")
}

// TestReloadOfMountedFolders changes files as Kubernetes does those of a config
// map: they are links through one folder, which is replaced as a whole.
func TestReloadOfMountedFolders(t *testing.T) {
	slack := newEndpoint(t)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat")
	templates := filepath.Join(dir, "templates")
	right, err := os.ReadFile(filepath.Join(dir, "bridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mount(t, dir, "..1", "bridge.yaml", string(right))
	mount(t, templates, "..1", "user-created.yaml", "event: UserCreated\nmessage: { title: 'marker old-{{ .event.correlationId }}' }\nsample: {}\n")
	p := start(t, dir)

	mount(t, dir, "..2", "bridge.yaml", strings.Replace(string(right), "to: [ chat ]", "to: [ cht ]", 1))
	p.logs(t, `did you mean \"chat\"?`, 1)
	mount(t, dir, "..3", "bridge.yaml", string(right))
	p.logs(t, "reloaded the configuration", 1)
	mount(t, templates, "..2", "user-created.yaml", "event: UserCreated\nmessage: { title: 'marker new-{{ .event.correlationId }}' }\nsample: {}\n")
	p.logs(t, "reloaded the configuration", 2)

	p.delivers(t, slack, "mounted", "new-mounted")
}

// mount puts a file into a folder as the next version of a config map.
func mount(t *testing.T, dir, version, name, text string) {
	t.Helper()
	write(t, filepath.Join(dir, version, name), text)
	replaceByLink(t, filepath.Join(dir, "..data"), version)
	replaceByLink(t, filepath.Join(dir, name), filepath.Join("..data", name))
}

func replaceByLink(t *testing.T, path, target string) {
	t.Helper()
	if err := os.Symlink(target, path+".next"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".next", path); err != nil {
		t.Fatal(err)
	}
}

// logs waits until the log has said something so many times.
func (p *process) logs(t *testing.T, words string, count int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); strings.Count(p.log.String(), words) < count; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say %q %d times:\n%s", words, count, p.log.Tail(3000))
		}
	}
}

// delivers posts an event and waits until a message with a marker has arrived.
func (p *process) delivers(t *testing.T, at *endpoint, event, marker string) {
	t.Helper()
	if status, err := post(http.DefaultClient, p.url, body("User Created", event)); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if missing, _ := at.missing([]string{marker}); missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never arrived", marker)
		}
	}
}
