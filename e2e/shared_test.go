package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// chats makes n endpoints, and the YAML and the names of a sink for each, without a
// rate limit.
func chats(t *testing.T, n int) (all []*endpoint, yaml string, names []string) {
	t.Helper()
	var text strings.Builder
	for i := range n {
		e := newEndpoint(t)
		all, names = append(all, e), append(names, fmt.Sprint("chat", i))
		fmt.Fprintf(&text, "  chat%d: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }\n", i, e.URL)
	}
	return all, text.String(), names
}

// owners gives which replica took each lease last, by its log.
func (r *replicas) owners() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	owner, since := map[string]int{}, map[string]time.Time{}
	for i, p := range r.running {
		if p == nil {
			continue
		}
		for line := range strings.Lines(p.log.String()) {
			var l struct {
				Time       time.Time
				Msg, Lease string
			}
			if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "lease taken" && l.Time.After(since[l.Lease]) {
				owner[l.Lease], since[l.Lease] = i, l.Time
			}
		}
	}
	return owner
}

// settled waits until the replicas that run have shared so many leases evenly, and
// gives their owners.
func (r *replicas) settled(leases int) map[string]int {
	r.t.Helper()
	var all map[string]int
	eventually(r.t, "the leases are shared evenly", func() bool {
		all = r.owners()
		load := map[int]int{}
		for _, i := range all {
			load[i]++
		}
		most, least := 0, leases
		for i := range r.folders {
			if r.url(i) != "" {
				most, least = max(most, load[i]), min(least, load[i])
			}
		}
		return len(all) == leases && most-least <= 1
	})
	return all
}

// stop tells a replica to stop, and waits until it has.
func (r *replicas) stop(i int) {
	r.t.Helper()
	r.mu.Lock()
	p := r.running[i]
	r.mu.Unlock()
	code, took := p.stop(r.t)
	r.mu.Lock()
	r.running[i] = nil
	r.mu.Unlock()
	if r.t.Logf("replica %d stopped within %v", i, took); code != 0 {
		r.t.Errorf("told to stop it ended with %d", code)
	}
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// arrive waits until every marker arrived at one of the endpoints at least, and
// gives how often one arrived once more.
func arrive(t *testing.T, markers []string, at ...*endpoint) (again int) {
	t.Helper()
	eventually(t, "everything has arrived", func() bool {
		again = 0
		for _, m := range markers {
			n := 0
			for _, e := range at {
				n += e.times(m)
			}
			if n == 0 {
				return false
			}
			again += n - 1
		}
		return true
	})
	return again
}

// times is how often a marker arrived.
func (e *endpoint) times(marker string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.got[marker])
}

// stream posts events until it is told to end, which gives the markers that were
// answered 200.
func (r *replicas) stream(prefix string, connections int) (end func() []string) {
	ended := make(chan struct{})
	var mu sync.Mutex // guards markers
	var markers []string
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for n := 0; ; n++ {
				select {
				case <-ended:
					return
				case <-time.After(5 * time.Millisecond):
				}
				m := fmt.Sprintf("%s-%d-%d", prefix, c, n)
				r.post(client, body("User Created", m))
				mu.Lock()
				markers = append(markers, m)
				mu.Unlock()
			}
		})
	}
	return func() []string { close(ended); wg.Wait(); return markers }
}

// An owner that is told to stop gives up what it does: another one goes on at once,
// and nothing is sent twice.
func TestAnOwnerStops(t *testing.T) {
	t.Parallel()
	all, yaml, names := chats(t, 4)
	r := startReplicas(t, 2, pgtest.Shared(t).Database(t), yaml, names...)
	for round := range 2 {
		r.settled(5)
		end := r.stream(fmt.Sprint("stop-", round), 8)
		time.Sleep(500 * time.Millisecond)
		r.stop(round)
		time.Sleep(500 * time.Millisecond)
		markers := end()
		for i, e := range all {
			if again := arrive(t, markers, e); again > 0 {
				t.Errorf("%s: %d of %d arrived again", names[i], again, len(markers))
			}
		}
		t.Logf("%d events, longest pause at the first endpoint %v", len(markers), all[0].longestPause())
		r.restart(round)
	}
}

// longestPause is the longest time between two arrivals.
func (e *endpoint) longestPause() (longest time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := 1; i < len(e.log); i++ {
		longest = max(longest, e.log[i].at.Sub(e.log[i-1].at))
	}
	e.log = nil
	return longest
}

// One replica has read a changed configuration and the other one has not yet: what
// each sends goes where its configuration says, and goes once.
func TestReloadOfOneReplica(t *testing.T) {
	t.Parallel()
	all, yaml, names := chats(t, 3)
	moved := newEndpoint(t)
	r := startReplicas(t, 2, pgtest.Shared(t).Database(t), yaml, names...)
	r.settled(4)
	end := r.stream("reload", 4)
	for i := range 2 {
		time.Sleep(300 * time.Millisecond)
		replaceIn(t, filepath.Join(r.folders[i], "bridge.yaml"), all[1].URL, moved.URL)
		command(t, r.folders[i], "reload")
	}
	time.Sleep(300 * time.Millisecond)
	markers := end()
	for i, at := range [][]*endpoint{{all[0]}, {all[1], moved}, {all[2]}} {
		if again := arrive(t, markers, at...); again > 0 {
			t.Errorf("%s: %d of %d arrived again", names[i], again, len(markers))
		}
	}
	last := r.burst("moved", 1, 1)
	arrive(t, last, moved)
	t.Logf("%d events; %d went to the place before", len(markers), len(all[1].log))
}

// What a platform has asked for, or how it has failed, holds whoever sends next.
func TestPausesOutliveTheOwner(t *testing.T) {
	t.Parallel()
	good, yaml, _ := chats(t, 1)
	asked := func(answer http.HandlerFunc) (string, *atomic.Int64) {
		var n atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			answer(w, r)
		}))
		t.Cleanup(s.Close)
		return s.URL, &n
	}
	limited, limitedAsked := asked(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	gone, goneAsked := asked(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no_service", http.StatusNotFound) })
	for name, url := range map[string]string{"limited": limited, "gone": gone} {
		yaml += fmt.Sprintf("  %s: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }\n", name, url)
	}
	store := pgtest.Shared(t).Database(t)
	r := startReplicas(t, 2, store, yaml, "chat0", "limited", "gone")
	r.settled(4)
	began := time.Now()
	arrive(t, r.burst("first", 3, 1), good[0])
	eventually(t, "both failures are kept", func() bool {
		return count(t, store, `SELECT count(*) FROM states WHERE name IN ('pace sink limited', 'sink gone') AND value <> ''`) == 2
	})
	for i := range 2 {
		r.kill(i)
		r.settled(4)
		arrive(t, r.burst(fmt.Sprint("after-", i), 3, 1), good[0])
		r.restart(i)
		r.settled(4)
	}
	arrive(t, r.burst("last", 3, 1), good[0])
	// A second message shows that the destination is broken, and not the first message;
	// then it is asked once a minute at most.
	probes := 2 + int64(time.Since(began)/time.Minute)
	if l, g := limitedAsked.Load(), goneAsked.Load(); l != 1 || g > probes {
		t.Errorf("the one that asked for an hour was asked %d times, want once; the broken one %d times, want %d at most", l, g, probes)
	}
}
