package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// replicas are processes that share a PostgreSQL store, each with a folder and an
// address of its own.
type replicas struct {
	t       testing.TB
	folders []string

	mu      sync.Mutex // guards running
	running []*process // nil where there is none
}

// startReplicas starts n of them with the sinks given (YAML of the sinks block).
func startReplicas(t testing.TB, n int, store, sinks string, to ...string) *replicas {
	t.Helper()
	return startPrepared(t, n, store, func(string) {}, sinks, to...)
}

// startPrepared is startReplicas with something done to each folder first.
func startPrepared(t testing.TB, n int, store string, prepare func(dir string), sinks string, to ...string) *replicas {
	t.Helper()
	r := &replicas{t: t, running: make([]*process, n)}
	for i := range n {
		dir := folder(t, sinks, to...)
		prepare(dir)
		replaceIn(t, filepath.Join(dir, "bridge.yaml"), "./data/bridge.db", `"`+store+`"`)
		r.folders = append(r.folders, dir)
		r.running[i] = start(t, dir)
	}
	return r
}

// url is where a replica that runs takes webhooks; "" when it does not.
func (r *replicas) url(i int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[i] == nil {
		return ""
	}
	return r.running[i].url
}

// kill ends a replica at once.
func (r *replicas) kill(i int) {
	r.mu.Lock()
	p := r.running[i]
	r.running[i] = nil
	r.mu.Unlock()
	p.kill()
}

func (r *replicas) restart(i int) {
	p := start(r.t, r.folders[i])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[i] = p
}

// pause stops a replica for a while, as a machine does that swaps or is migrated.
func (r *replicas) pause(i int, d time.Duration) {
	r.mu.Lock()
	p := r.running[i].cmd.Process
	r.mu.Unlock()
	pause(r.t, p, d)
}

// post sends a webhook to one replica after the other until one answers 200, as a
// proxy in front of them and a sender that tries again do.
func (r *replicas) post(client *http.Client, body []byte) {
	for i := rand.IntN(len(r.folders)); ; i++ {
		url := r.url(i % len(r.folders))
		if url == "" {
			continue
		}
		if status, err := post(client, url, body); err == nil && status == http.StatusOK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// burst posts events with n markers, from some connections at once, and gives the
// markers when all were answered 200.
func (r *replicas) burst(prefix string, n, connections int) []string {
	markers := make([]string, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
			defer client.CloseIdleConnections()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				markers[i] = fmt.Sprintf("%s-%d", prefix, i)
				r.post(client, body("User Created", markers[i]))
			}
		})
	}
	wg.Wait()
	return markers
}

// TestReplicas has three replicas take and deliver 20,000 events to five sinks while
// replicas are killed and paused and the database is restarted.
func TestReplicas(t *testing.T) {
	t.Parallel()
	const sinks, connections, rate, burst = 5, 16, 400, 20
	events := 20_000
	if raceEnabled {
		events = 2_000
	}
	pg := pgtest.New(t)
	var endpoints []*endpoint
	var names []string
	var yaml strings.Builder
	for i := range sinks {
		e := newEndpoint(t)
		endpoints, names = append(endpoints, e), append(names, fmt.Sprint("chat", i))
		fmt.Fprintf(&yaml, "  chat%d: { type: slack, webhook_url: %s/services/T0/B0/x, limit: { rate: %d/s, burst: %d } }\n", i, e.URL, rate, burst)
	}
	// One more gets digests.
	digests := newEndpoint(t)
	fmt.Fprintf(&yaml, "  digests: { type: slack, webhook_url: %s/services/T0/B0/x, limit: { rate: %d/s, burst: %d } }\n", digests.URL, rate, burst)
	r := startPrepared(t, 3, pg.Database(t), func(dir string) { gatherInto(t, dir) }, yaml.String(), names...)
	endpoints, names = append(endpoints, digests), append(names, "digests")

	ended := make(chan struct{})
	chaos := &chaos{replicas: r, pg: pg}
	var wg sync.WaitGroup
	wg.Go(func() { chaos.run(ended) })
	markers := r.burst("r", events, connections)
	close(ended)
	wg.Wait()

	if missing := awaitAll(endpoints, markers); missing > 0 {
		t.Errorf("%d of %d messages never arrived", missing, len(endpoints)*events)
	}
	t.Logf("%d kills, %d pauses, %d restarts of the database", chaos.kills, chaos.pauses, chaos.restarts)
	for i, e := range endpoints {
		_, twice := e.missing(markers)
		t.Logf("%s: %d of %d arrived twice", names[i], twice, events)
		for _, marker := range e.unexplained(chaos.failures) {
			t.Errorf("%s: %s arrived twice without a failure between", names[i], marker)
		}
		if e == digests {
			continue // a message tells of many
		}
		most := e.fullest(rate)
		t.Logf("%s: its bucket of %d held %.2f at most", names[i], burst, most)
		// A replica that is paused between its last look at the lease and the first
		// byte sends that one message when it goes on.
		if most > float64(burst+chaos.pauses) {
			t.Errorf("%s got %.2f messages at once, more than %d", names[i], most, burst)
		}
	}
}

// gatherInto adds a route that sends digests to the sink digests.
func gatherInto(t testing.TB, dir string) {
	t.Helper()
	for file, edit := range map[string][2]string{
		"bridge.yaml":                 {"routes:\n", "routes:\n  - { name: gathered, events: [ \"*\" ], digest: { wait: 200ms, max_wait: 1s, max_events: 50 }, to: [ digests ] }\n"},
		"templates/user-created.yaml": {"sample:", "digest:\n  title: '{{ .count }} users'\n  text: '{{ range .events }}marker {{ .event.correlationId }}, {{ end }}'\nsample:"},
	} {
		replaceIn(t, filepath.Join(dir, filepath.FromSlash(file)), edit[0], edit[1])
	}
}

// awaitAll waits until every endpoint has every marker, and counts those that are
// missing.
func awaitAll(endpoints []*endpoint, markers []string) (missing int) {
	for began := time.Now(); time.Since(began) < 5*time.Minute; time.Sleep(100 * time.Millisecond) {
		missing = 0
		for _, e := range endpoints {
			m, _ := e.missing(markers)
			missing += m
		}
		if missing == 0 {
			break
		}
	}
	return missing
}

// fullest is how full a bucket that leaks at a rate, and holds what arrives, ever
// was: no more than the burst if in no span of time more arrived than the limit
// allows.
func (e *endpoint) fullest(rate float64) (most float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	level, last := 0.0, time.Time{}
	for _, a := range e.log {
		level = max(0, level-rate*a.at.Sub(last).Seconds()) + 1
		most, last = max(most, level), a.at
	}
	return most
}

// unexplained gives the markers that arrived twice although nothing failed after a
// moment before the first time.
func (e *endpoint) unexplained(failures []time.Time) (markers []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := map[string]time.Time{}
	for _, a := range e.log {
		first, again := before[a.marker]
		before[a.marker] = a.at
		if again && !slices.ContainsFunc(failures, func(f time.Time) bool { return f.After(first.Add(-time.Second)) && f.Before(a.at) }) {
			markers = append(markers, a.marker)
		}
	}
	return markers
}

// chaos does harm at random moments.
type chaos struct {
	*replicas
	pg                      *pgtest.Server
	kills, pauses, restarts int
	failures                []time.Time
}

// failed notes that something did: what was under way may be sent again.
func (c *chaos) failed() { c.failures = append(c.failures, time.Now()) }

func (c *chaos) run(ended <-chan struct{}) {
	const atLeast = 8
	for round := 0; ; round++ {
		if round >= atLeast {
			select {
			case <-ended:
				return
			default:
			}
		}
		time.Sleep(time.Duration(500+rand.IntN(2000)) * time.Millisecond)
		victim := rand.IntN(len(c.folders))
		switch round % 4 {
		case 0, 2:
			c.kills++
			c.failed()
			c.kill(victim)
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
			c.restart(victim)
		case 1: // longer than a lease
			c.pauses++
			c.failed()
			c.pause(victim, 12*time.Second)
			c.failed()
		case 3:
			c.restarts++
			c.failed()
			c.pg.Stop()
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Millisecond)
			if err := c.pg.Start(); err != nil {
				c.t.Error(err)
				return
			}
		}
	}
}

// replaceIn changes a text in a file.
func replaceIn(t testing.TB, path, text, by string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(data), text, by, 1))
}
