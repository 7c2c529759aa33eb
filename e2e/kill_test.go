package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// endpoint is a Slack webhook that notes the markers it was sent, and in which
// life of the process.
type endpoint struct {
	*httptest.Server
	open    atomic.Int64 // connections
	refuses atomic.Bool  // each message, for good

	mu   sync.Mutex // guards what follows
	life int        // of the process; counted up by the test at each start
	got  map[string][]int
	log  []arrival // in order
}

type arrival struct {
	marker string
	at     time.Time
}

var marker = regexp.MustCompile(`marker ([a-z0-9-]+)`)

func newEndpoint(t testing.TB) *endpoint {
	e := &endpoint{got: map[string][]int{}}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return // the process was killed while it sent
		}
		found := markersIn(data)
		if len(found) == 0 || e.refuses.Load() {
			http.Error(w, "invalid_payload", http.StatusBadRequest)
			return
		}
		e.mu.Lock()
		for _, m := range found {
			e.got[m] = append(e.got[m], e.life)
			e.log = append(e.log, arrival{m, time.Now()})
		}
		e.mu.Unlock()
		_, _ = io.WriteString(w, "ok")
	}))
	e.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			e.open.Add(1)
		case http.StateClosed:
			e.open.Add(-1)
		}
	}
	e.Start()
	t.Cleanup(e.Close)
	return e
}

// markersIn gives the markers in a message, each once.
func markersIn(data []byte) (all []string) {
	for _, found := range marker.FindAllSubmatch(data, -1) {
		if m := string(found[1]); !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// missing counts those of the markers that did not arrive, and twice those that
// arrived more than once.
func (e *endpoint) missing(markers []string) (missing, twice int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range markers {
		switch n := len(e.got[m]); {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	return missing, twice
}

// TestKillDuringBurst kills the process in the middle of a burst of 5,000 events
// and starts it again: every event that was answered 200 must arrive.
func TestKillDuringBurst(t *testing.T) {
	const events, connections, killAfter = 5000, 16, 2000
	slack := newEndpoint(t)
	dir := folder(t, fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", slack.URL), "chat")
	first := start(t, dir)

	var accepted atomic.Int64
	var mu sync.Mutex // guards answered
	var answered []string
	var next atomic.Int64
	burst := func(url string) {
		var wg sync.WaitGroup
		for range connections {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			wg.Go(func() {
				defer client.CloseIdleConnections()
				for {
					n := next.Add(1)
					if n > events {
						return
					}
					id := fmt.Sprintf("m-%d", n)
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
					accepted.Add(1)
				}
			})
		}
		wg.Wait()
	}

	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for accepted.Load() < killAfter && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		first.kill()
	}()
	burst(first.url)
	<-killed
	before := len(answered)
	if before >= events {
		t.Fatal("the burst ended before the process was killed")
	}

	second := start(t, dir)
	burst(second.url)
	t.Logf("%d events answered 200 before the kill, %d after it", before, len(answered)-before)

	var missing, twice int
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if missing, twice = slack.missing(answered); missing == 0 {
			break
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d accepted events never arrived", missing, len(answered))
	}
	t.Logf("%d arrived twice: sent, but not recorded before the kill", twice)
}
