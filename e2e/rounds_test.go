package e2e

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestKillRounds kills the process again and again at random moments of a burst:
// what was answered 200 is delivered, and what is delivered twice was under way
// when a kill came.
func TestKillRounds(t *testing.T) {
	slack := newEndpoint(t)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat")
	killRounds(t, slack, dir, roundsOf(t, "BRIDGE_TEST_KILLS", 50), 100*time.Millisecond)
}

// TestKillDigests does the same while events are gathered: the kills come in every
// phase of a window, and an event is told in one digest.
func TestKillDigests(t *testing.T) {
	slack := newEndpoint(t)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat")
	replaceIn(t, filepath.Join(dir, "bridge.yaml"), `events: [ "*" ],`, `events: [ "*" ], digest: { wait: 100ms, max_wait: 300ms, max_events: 50 },`)
	write(t, filepath.Join(dir, "templates", "user-created.yaml"), `
event: UserCreated
message:
  title: 'marker {{ .event.correlationId }}'
digest:
  title: '{{ .count }} users'
  text: '{{ range .events }}marker {{ .event.correlationId }}, {{ end }}'
sample: { userId: 10000000-0000-4000-a000-000000000001 }
`)
	killRounds(t, slack, dir, 20, 600*time.Millisecond)
}

// killRounds kills the process in a folder so many times, each at a random moment
// within a span, while events are posted.
func killRounds(t *testing.T, slack *endpoint, dir string, rounds int, span time.Duration) {
	t.Helper()
	const connections = 4
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)

	var mu sync.Mutex // guards answered
	var answered []string
	var next atomic.Int64
	burst := func(url string) *sync.WaitGroup {
		var wg sync.WaitGroup
		for range connections {
			wg.Go(func() {
				client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
				defer client.CloseIdleConnections()
				for {
					id := fmt.Sprintf("r-%d", next.Add(1))
					status, err := post(client, url, body("User Created", id))
					if err != nil {
						return // the process is gone; this event was not answered
					}
					if status != http.StatusOK {
						t.Errorf("event %s answered %d", id, status)
						return
					}
					mu.Lock()
					answered = append(answered, id)
					mu.Unlock()
				}
			})
		}
		return &wg
	}
	for range rounds {
		slack.nextLife()
		p := start(t, dir)
		posting := burst(p.url)
		time.Sleep(time.Duration(random.Int64N(int64(span))))
		p.kill()
		posting.Wait()
	}
	slack.nextLife()
	last := start(t, dir)
	var missing, twice int
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if missing, twice = slack.missing(answered); missing == 0 {
			break
		}
	}
	if missing > 0 || len(answered) == 0 {
		t.Errorf("%d of %d accepted events never arrived", missing, len(answered))
	}
	last.stop(t)
	storedOnce(t, dir)
	for marker, lives := range slack.arrivals() {
		if slices.Sort(lives); len(slices.Compact(slices.Clone(lives))) != len(lives) {
			t.Errorf("%s arrived in the lives %v: twice without a kill between", marker, lives)
		}
	}
	t.Logf("%d kills, %d events answered 200, %d of them delivered twice", rounds, len(answered), twice)
}

// roundsOf is how many rounds a test does: what a variable of the environment says, else
// the usual number.
func roundsOf(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// storedOnce checks that a stopped store has each event, and each delivery, once.
func storedOnce(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "data", "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var events, deliveries int
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) - count(DISTINCT correlation_id) FROM events),
		(SELECT count(*) - count(DISTINCT event_id) FROM deliveries)`).Scan(&events, &deliveries)
	if err != nil || events != 0 || deliveries != 0 {
		t.Errorf("%d events and %d deliveries are stored again, %v", events, deliveries, err)
	}
}

// nextLife is called when the process is gone. What it sent last may still be on
// its way, so it waits until its connections are closed.
func (e *endpoint) nextLife() {
	for e.open.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.life++
}

// arrivals gives the lives in which each marker came.
func (e *endpoint) arrivals() map[string][]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string][]int{}
	for marker, lives := range e.got {
		all[marker] = slices.Clone(lives)
	}
	return all
}

// TestStopUnderLoad tells the process to stop in the middle of a burst, and starts
// it again: nothing that was answered is lost, and nothing is delivered twice.
func TestStopUnderLoad(t *testing.T) {
	slack := newEndpoint(t)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat")
	var answered []string
	for round := range 3 {
		p := start(t, dir)
		var wg sync.WaitGroup
		var mu sync.Mutex // guards answered
		for c := range 4 {
			wg.Go(func() {
				client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
				defer client.CloseIdleConnections()
				for i := 0; ; i++ {
					id := fmt.Sprintf("s-%d-%d-%d", round, c, i)
					if status, err := post(client, p.url, body("User Created", id)); err != nil || status != http.StatusOK {
						return // it has stopped
					}
					mu.Lock()
					answered = append(answered, id)
					mu.Unlock()
				}
			})
		}
		time.Sleep(200 * time.Millisecond)
		code, took := p.stop(t)
		if code != 0 {
			t.Errorf("it ended with %d", code)
		}
		wg.Wait()
		t.Logf("stopped within %v", took.Round(time.Millisecond))
	}
	start(t, dir)
	var missing, twice int
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if missing, twice = slack.missing(answered); missing == 0 {
			break
		}
	}
	if missing > 0 || twice > 0 || len(answered) == 0 {
		t.Errorf("of %d accepted events %d never arrived and %d arrived twice", len(answered), missing, twice)
	}
}
