package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// deployment is a store and so many processes that share it.
type deployment struct {
	engine   string
	replicas int
}

func (d deployment) String() string { return fmt.Sprintf("%s=%d", d.engine, d.replicas) }

// start runs it with the sinks given, and gives where its processes take webhooks.
func (d deployment) start(b *testing.B, pg *pgtest.Server, sinks string, to ...string) (urls []string) {
	b.Helper()
	if d.engine == "sqlite" {
		return []string{start(b, folder(b, sinks, to...)).url}
	}
	r := startReplicas(b, d.replicas, pg.Database(b), sinks, to...)
	r.settled(1 + len(to))
	for i := range d.replicas {
		urls = append(urls, r.url(i))
	}
	return urls
}

func deployments() []deployment {
	return []deployment{{"sqlite", 1}, {"postgres", 1}, {"postgres", 2}, {"postgres", 4}}
}

// local is an endpoint that answers each message, and counts them.
func local(b *testing.B, answer func(http.ResponseWriter)) (url string, got *atomic.Int64) {
	got = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w)
		got.Add(1)
	}))
	b.Cleanup(s.Close)
	return s.URL, got
}

// BenchmarkReplicasAccept takes events over 64 connections with one and several
// processes on PostgreSQL, which syncs each commit, by turns with SQLite. Nothing is
// delivered meanwhile.
func BenchmarkReplicasAccept(b *testing.B) {
	const connections = 64
	pg := pgtest.New(b)
	busy, _ := local(b, func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	sink := fmt.Sprintf("  slack: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", busy)
	at, rates, slowest := map[deployment][]string{}, map[deployment][]float64{}, map[deployment][]float64{}
	for _, d := range deployments() {
		at[d] = d.start(b, pg, sink, "slack")
	}
	for range rounds {
		for _, d := range deployments() {
			rate, p99 := spread(b, at[d], connections, roundRequests)
			rates[d], slowest[d] = append(rates[d], rate), append(slowest[d], p99)
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, d := range deployments() {
		b.ReportMetric(median(rates[d]), d.String()+"/s")
		b.ReportMetric(median(slowest[d]), d.String()+"-p99-ms")
	}
}

// BenchmarkReplicasEndToEnd has each event go to four local endpoints, and counts
// until all messages have arrived.
func BenchmarkReplicasEndToEnd(b *testing.B) {
	const connections, sinks, events = 64, 4, roundMessages / 2
	pg := pgtest.New(b)
	url, got := local(b, func(w http.ResponseWriter) { _, _ = io.WriteString(w, "ok") })
	var yaml strings.Builder
	var names []string
	for i := range sinks {
		names = append(names, fmt.Sprint("slack", i))
		fmt.Fprintf(&yaml, "  slack%d: { type: slack, webhook_url: %s/services/T0/B%d/x, limit: none }\n", i, url, i)
	}
	at, rates := map[deployment][]string{}, map[deployment][]float64{}
	for _, d := range deployments() {
		at[d] = d.start(b, pg, yaml.String(), names...)
	}
	for range rounds {
		for _, d := range deployments() {
			got.Store(0)
			began := time.Now()
			spread(b, at[d], connections, events)
			eventually(b, "all have arrived", func() bool { return got.Load() >= sinks*(events/connections*connections) })
			rates[d] = append(rates[d], events/time.Since(began).Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, d := range deployments() {
		b.ReportMetric(median(rates[d]), d.String()+"-events/s")
	}
}

// BenchmarkTakeOver kills the owner of a sink, or of the routing, again and again,
// and measures how long an event that another replica takes at that moment is on its
// way. Several pairs of replicas do so side by side, each with a database of its own.
func BenchmarkTakeOver(b *testing.B) {
	const pairs, kills = 5, 6
	var mu sync.Mutex // guards took
	var took []float64
	var wg sync.WaitGroup
	pg := pgtest.New(b)
	for p := range pairs {
		chat := newEndpoint(b)
		sink := fmt.Sprintf("  chat: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", chat.URL)
		r := startReplicas(b, 2, pg.Database(b), sink, "chat")
		wg.Go(func() {
			for n := range kills {
				r.settled(2)
				time.Sleep(rand.N(3 * time.Second)) // somewhere between two renewals
				victim := n % 2
				began := time.Now()
				r.kill(victim)
				marker := r.burst(fmt.Sprintf("pair-%d-%d", p, n), 1, 1)[0]
				eventually(b, "the event has arrived", func() bool { return chat.times(marker) > 0 })
				mu.Lock()
				took = append(took, time.Since(began).Seconds())
				mu.Unlock()
				r.restart(victim)
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	if last := took[len(took)-1]; last > 15 {
		b.Errorf("a take-over took %.1f s, want 15 s at most", last)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[0], "s-min")
	b.ReportMetric(median(took), "s-median")
	b.ReportMetric(took[len(took)*9/10], "s-p90")
	b.ReportMetric(took[len(took)-1], "s-max")
}
