package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// BenchmarkStartWithBacklog starts serve on a store in which a million deliveries
// wait for five sinks whose platforms ask for patience: from the start of the
// process to the first event answered 200, and the resident memory five seconds
// later, in MiB (Linux).
func BenchmarkStartWithBacklog(b *testing.B) {
	const events, sinks, starts = 200_000, 5, 3
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer busy.Close()
	var lines, names []string
	for i := range sinks {
		names = append(names, fmt.Sprint("s", i))
		lines = append(lines, fmt.Sprintf("  s%d: { type: slack, webhook_url: %s/services/T0/B%d/x }", i, busy.URL, i))
	}
	dir := folder(b, strings.Join(lines, "\n"), names...)
	fillBacklog(b, filepath.Join(dir, "data", "bridge.db"), events, names)

	var took, resident []float64
	for i := range starts {
		p, ms := startTimed(b, dir, i)
		took = append(took, ms)
		time.Sleep(5 * time.Second)
		resident = append(resident, residentMiB(b, p.cmd.Process.Pid))
		p.kill()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(took), "ms-to-first-200")
	b.ReportMetric(median(resident), "MiB-resident")
}

// fillBacklog stores events and fans each out to the sinks.
func fillBacklog(b *testing.B, path string, events int, sinks []string) {
	b.Helper()
	s, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var targets []store.Target
	for _, sink := range sinks {
		targets = append(targets, store.Target{Route: "everything", Sink: sink})
	}
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(64)
	for i := range events / 100 {
		group.Go(func() error { return fillPart(ctx, s, i, targets) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	counts, err := s.Counts(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, sink := range sinks {
		if n := counts[sink][bridge.Pending]; n != events {
			b.Fatalf("%d deliveries wait for %s, want %d", n, sink, events)
		}
	}
}

func fillPart(ctx context.Context, s *store.Store, part int, targets []store.Target) error {
	var events []bridge.Event
	for j := range 100 {
		id := fmt.Sprintf("b-%d-%d", part, j)
		events = append(events, bridge.Event{
			Source: "production", Type: "EnrollmentCompletedByLearner", UserID: "10000000-0000-4000-a000-000000000001",
			CorrelationID: id, ReceivedAt: time.Now(), Raw: body("Enrollment Completed by Learner", id),
		})
	}
	accepted, err := s.Accept(ctx, events)
	if err != nil {
		return err
	}
	for i, e := range events {
		e.ID = accepted[i].ID
		if err := s.FanOut(ctx, e, bridge.NewFacts(e), targets, time.Now()); err != nil {
			return err
		}
	}
	return nil
}
