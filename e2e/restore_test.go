package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// TestRestore backs a busy bridge up and goes back to the copy, by the scripts of the
// manual, letter by letter.
func TestRestore(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the scripts are for Linux")
	}
	slack := newEndpoint(t)
	way := newGate(t, slack)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", way.URL), "chat")
	first := start(t, dir)
	stage := newStage(t, dir, first)
	load := startTraffic(t, first.url)

	load.wait(t, 300)
	sent, open := way.shut(t, slack)
	before := load.wait(t, 300)
	copied := stage.backUp(t)
	inCopy := stored(t, copied)
	open()
	load.wait(t, 300)
	all := load.stop()
	settle(t, dir)

	slack.mu.Lock()
	slack.life++
	slack.mu.Unlock()
	stage.restore(t, copied)
	<-first.ended
	second := start(t, dir)
	settle(t, dir)
	second.stop(t)

	restored := stored(t, stage.store)
	for _, m := range before {
		if !restored[m] {
			t.Errorf("%s was answered 200 before the backup, and is not there", m)
		}
	}
	again := 0
	for _, m := range all {
		lives := slack.got[m]
		switch {
		case slices.Contains(sent, m) && !slices.Equal(lives, []int{0}):
			t.Errorf("%s was delivered before the backup, and then in the lives %d", m, lives)
		case !inCopy[m] && (restored[m] || slices.Contains(lives, 1)):
			t.Errorf("%s came after the backup, and is there", m)
		case inCopy[m] && !slices.Contains(sent, m) && !slices.Contains(lives, 1):
			t.Errorf("%s waited in the copy, and was not delivered from it", m)
		}
		if slices.Contains(lives, 1) {
			again++
		}
	}
	t.Logf("%d events: %d delivered before the backup, %d in it, %d delivered again", len(all), len(sent), len(inCopy), again)
	if len(inCopy) == len(all) || again == 0 {
		t.Error("nothing came after the backup, or nothing waited in it")
	}
	if aside, _ := filepath.Glob(stage.store + ".2*"); len(aside) != 1 || len(stored(t, aside[0])) != len(all) {
		t.Errorf("the store that was there is not whole: %q", aside)
	}
}

// gate is in front of an endpoint. While mu is held for writing, messages wait there.
type gate struct {
	*httptest.Server
	mu    sync.RWMutex
	waits chan struct{} // something does
}

func newGate(t *testing.T, e *endpoint) *gate {
	g := &gate{waits: make(chan struct{}, 1)}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.mu.TryRLock() {
			select {
			case g.waits <- struct{}{}:
			default:
			}
			g.mu.RLock()
		}
		defer g.mu.RUnlock()
		e.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// shut has messages wait until open is called, and gives those that arrived. A sender
// has one message under way: once one waits, all others are recorded.
func (g *gate) shut(t *testing.T, e *endpoint) (arrived []string, open func()) {
	t.Helper()
	g.mu.Lock()
	open = sync.OnceFunc(g.mu.Unlock)
	t.Cleanup(open)
	select {
	case <-g.waits:
	case <-time.After(time.Minute):
		t.Fatal("nothing is delivered")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.log {
		arrived = append(arrived, a.marker)
	}
	return arrived, open
}

// traffic posts events, one after the other on a few connections, until it is stopped.
type traffic struct {
	done chan struct{}
	wg   sync.WaitGroup

	mu       sync.Mutex // guards answered
	answered []string   // 200
}

func startTraffic(t *testing.T, url string) *traffic {
	l := &traffic{done: make(chan struct{})}
	for c := range 4 {
		l.wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			defer client.CloseIdleConnections()
			for n := 0; ; n++ {
				select {
				case <-l.done:
					return
				case <-time.After(time.Millisecond):
				}
				id := fmt.Sprintf("c%d-%d", c, n)
				if status, err := post(client, url, body("User Created", id)); err != nil || status != http.StatusOK {
					t.Errorf("%s: %d, %v", id, status, err)
					return
				}
				l.mu.Lock()
				l.answered = append(l.answered, id)
				l.mu.Unlock()
			}
		})
	}
	return l
}

// wait waits for some more to be answered, and gives all that were.
func (l *traffic) wait(t *testing.T, more int) []string {
	t.Helper()
	count := func() []string { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.answered) }
	begun := len(count())
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if all := count(); len(all) >= begun+more {
			return all
		}
	}
	t.Fatal("events are not answered")
	return nil
}

func (l *traffic) stop() []string {
	close(l.done)
	l.wg.Wait()
	return l.answered
}

// settle waits until the bridge of a folder has nothing to do.
func settle(t testing.TB, dir string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if command(t, dir, "events", "--state", "waiting", "--json") == "" && command(t, dir, "deliveries", "--state", "pending", "--json") == "" {
			return
		}
	}
	t.Fatal("the bridge does not come to rest")
}

// stage is a machine as the manual's scripts expect it: the program, and a systemctl.
type stage struct {
	scripts        [][]byte
	bin            string
	store, backups string
}

func newStage(t *testing.T, dir string, p *process) *stage {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{bin: t.TempDir(), store: filepath.Join(dir, "data", "bridge.db"), backups: filepath.Join(dir, "a folder")}
	for _, found := range regexp.MustCompile("(?s)```sh\n(#!/bin/sh\n.*?)```").FindAllSubmatch(page, -1) {
		s.scripts = append(s.scripts, found[1])
	}
	if len(s.scripts) != 2 {
		t.Fatalf("the manual has %d scripts", len(s.scripts))
	}
	if err := os.Symlink(binary, filepath.Join(s.bin, "absorb-bridge")); err != nil {
		t.Fatal(err)
	}
	executable(t, filepath.Join(s.bin, "systemctl"), fmt.Appendf(nil, `#!/bin/sh
echo "$@" >> "$0.log"
[ "$1" = start ] || kill -TERM %[1]d
while [ "$1" = stop ] && kill -0 %[1]d 2> /dev/null; do sleep 0.05; done
`, p.cmd.Process.Pid))
	t.Setenv("PATH", s.bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("STORE", s.store)
	t.Setenv("BACKUPS", s.backups)
	t.Setenv("KEEP", "2")
	return s
}

func executable(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
}

// run does a script of the manual.
func (s *stage) run(t *testing.T, script int, args ...string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script")
	executable(t, file, s.scripts[script])
	out, err := exec.CommandContext(t.Context(), file, args...).CombinedOutput()
	t.Logf("%s", out)
	return err
}

// backUp runs the daily script beside older backups, and gives the newest.
func (s *stage) backUp(t *testing.T) string {
	t.Helper()
	for day := range 4 {
		write(t, fmt.Sprintf("%s/bridge-2020-01-0%dT031700Z.db", s.backups, day+1), "old")
	}
	t.Setenv("STORE", s.store+".none")
	if err := s.run(t, 0); err == nil {
		t.Error("there is no store, and the script does not fail")
	}
	t.Setenv("STORE", s.store)
	if files, _ := filepath.Glob(s.backups + "/*"); len(files) != 4 {
		t.Errorf("a backup that failed leaves %q", files)
	}
	if err := s.run(t, 0); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(s.backups + "/*")
	if len(files) != 2 || !strings.HasSuffix(files[0], "/bridge-2020-01-04T031700Z.db") {
		t.Fatalf("the backups are %q", files)
	}
	return files[1]
}

// restore goes back to a copy.
func (s *stage) restore(t *testing.T, copied string) {
	t.Helper()
	if err := s.run(t, 1, copied); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(filepath.Join(s.bin, "systemctl.log"))
	if err != nil || string(said) != "stop absorb-bridge\nstart absorb-bridge\n" {
		t.Fatalf("%q, %v", said, err)
	}
	info, err := os.Stat(s.store)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

// stored are the markers of the events in a store's file, which stays as it is.
func stored(t *testing.T, file string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	write(t, path, string(data))
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	events, err := s.Events(t.Context(), store.Filter{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, e := range events {
		all[e.Correlation] = true
	}
	return all
}
