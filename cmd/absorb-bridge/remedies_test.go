package main

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
)

// remedies are the commands with which the manual has somebody retry, and the answer
// that brings about the state that it speaks of.
func remedies() map[string]int {
	return map[string]int{
		"deliveries retry --sink NAME": http.StatusForbidden,
		"dead retry ID":                http.StatusBadRequest,
		"dead retry --sink academy":    http.StatusBadRequest,
		"dead retry --all":             http.StatusBadRequest,
	}
}

// Each remedy of the manual works in the state that the manual prescribes it for: once
// the sink is mended, its messages arrive at once.
func TestRemedies(t *testing.T) {
	var status atomic.Int64
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if code := int(status.Load()); code != http.StatusOK {
			http.Error(w, map[int]string{http.StatusForbidden: "invalid_token", http.StatusBadRequest: "invalid_blocks"}[code], code)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	defer slack.Close()
	path := filepath.Join(t.TempDir(), "bridge.yaml")
	rewrite(t, path, `
listen: 127.0.0.1:0
admin: { listen: "`+loopback.Address(t)+`" }
store: ./bridge.db
sources: { a: { path: /a, secrets: [ s3cret ] } }
sinks: { academy: { type: slack, webhook_url: "`+slack.URL+`/services/T0/B0/hidden-part", limit: none } }
routes: [ { name: r, events: [ "Group*", "User*" ], to: [ academy ], digest: off } ]
`)
	stop := serveInProcess(t, path)
	with := func(line string) result { t.Helper(); return do(t, line+" -c "+path) }
	sent := 0
	for remedy, answer := range remedies() {
		status.Store(int64(answer))
		const events = 2
		for range events {
			do(t, "emit --url "+stop.url+"/a --secret s3cret --event UserCreated").want(t, 0, "accepted")
		}
		with("deliveries retry --sink academy --text nothing-like-this").want(t, 0, "0 will be sent now", "warning: no delivery matches")
		var failed []string
		poll(t, remedy, func() bool {
			failed = ids(with("deliveries --state failed --json").out)
			return len(failed) == events
		})
		status.Store(http.StatusOK)
		for _, id := range failed {
			line := strings.NewReplacer("NAME", "academy", "ID", id).Replace(remedy)
			with(line).want(t, 0, "sent now")
			if !strings.HasSuffix(remedy, "ID") {
				break // it is for all of them
			}
		}
		sent += events
		poll(t, remedy, func() bool { return len(ids(with("deliveries --state sent --json").out)) == sent })
	}
	with("deliveries retry --sink academy").want(t, 0, "0 will be sent now", "warning: none is failed; the matching deliveries are 8 sent")
}

// poll waits until something is so.
func poll(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it never is as it should be", what)
		}
	}
}

func ids(lines string) (all []string) {
	for _, found := range regexp.MustCompile(`"id":"([^"]+)"`).FindAllStringSubmatch(lines, -1) {
		all = append(all, found[1])
	}
	return all
}

// The manual has no other command that retries.
func TestRemediesAreTried(t *testing.T) {
	command := regexp.MustCompile(`absorb-bridge ((?:deliveries|dead) retry(?: (?:ID\b|--\w+(?: \w+)?))?)`)
	err := filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range command.FindAllStringSubmatch(string(text), -1) {
			remedy := strings.TrimSpace(found[1])
			if remedies()[remedy] == 0 {
				t.Errorf("%s prescribes %q, which no test tries", path, remedy)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
