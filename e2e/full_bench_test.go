package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkFullStore compares serve with an empty store to serve with a million events, by
// turns: how many events each accepts in a second, right after its start, when the full
// one still learns which events it has, and later. Nothing is delivered meanwhile.
func BenchmarkFullStore(b *testing.B) {
	const connections, starts, atStart = 64, 3, 4000
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer busy.Close()
	var dirs [2]string
	for i := range dirs {
		dirs[i] = folder(b, fmt.Sprintf("  slack: { type: slack, webhook_url: %s/services/T0/B0/x, limit: none }", busy.URL), "slack")
		replaceIn(b, filepath.Join(dirs[i], "bridge.yaml"), "sinks:", "intake: { per_address: 300 }\nsinks:")
	}
	fillEvents(b, filepath.Join(dirs[1], "data", "bridge.db"), 1_000_000)

	var first, later [2][]float64 // rates
	var running [2]*process
	for n := range starts {
		for i, dir := range dirs {
			if running[i] = start(b, dir); n == 0 {
				load(b, running[i].url, connections, connections) // the first requests of a new store
			}
			rate, _ := load(b, running[i].url, connections, atStart)
			if first[i] = append(first[i], rate); n < starts-1 {
				running[i].stop(b)
			}
		}
	}
	for range rounds {
		for i, p := range running {
			rate, _ := load(b, p.url, connections, roundRequests)
			later[i] = append(later[i], rate)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(later[0]), "empty/s")
	b.ReportMetric(median(later[1]), "full/s")
	b.ReportMetric(100*median(later[1])/median(later[0]), "%of-empty")
	b.ReportMetric(100*median(first[1])/median(first[0]), "%of-empty-at-start")
}

// fillEvents stores events of the last days, none of them old enough to be removed, each
// with a delivery that was sent.
func fillEvents(b *testing.B, path string, events int) {
	b.Helper()
	db := emptyTables(b, path)
	defer db.Close()
	for _, text := range []string{
		fmt.Sprintf(`CREATE TEMP TABLE e AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < %d)
			SELECT n, %d + n * 864000 AS at, printf('0192f0c4-%%04x-7000-8000-%%012x', n >> 8, n) AS id FROM n`, events, time.Now().Add(-11*24*time.Hour).UnixMicro()),
		`INSERT INTO events (id, dedupe_key, source, type, user_id, admin_id, client_id, correlation_id, entities, occurred_at, received_at, body, facts, lookups, route_after, routed_at)
			SELECT id, randomblob(16), 'production', 'EnrollmentCompletedByLearner', 'u' || (n % 20000), '', '', 'c' || n, '{}', at, at,
			'{"eventName":"Enrollment Completed by Learner","userId":"u' || (n % 20000) || '","correlationId":"c' || n || '"}',
			'{"event":{"id":"' || id || '","userId":"u' || (n % 20000) || '"},"source":"production","user":{"firstName":"Mira","lastName":"Halvorsen"}}', 0, at, at FROM e`,
		`INSERT INTO deliveries (id, event_id, route, sink, state, attempts, not_before, created_at, updated_at)
			SELECT printf('0192f0c4-%04x-7000-9000-%012x', n >> 8, n), id, 'everything', 'slack', 'sent', 1, at, at, at FROM e`,
	} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatalf("%v\n%s", err, text)
		}
	}
}
