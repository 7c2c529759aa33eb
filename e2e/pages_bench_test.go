package e2e

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// BenchmarkPages asks for each of the admin's pages while a million deliveries of a
// month are stored, of which some wait and some are dead: the median of each, in
// milliseconds, and the slowest of these.
func BenchmarkPages(b *testing.B) {
	const events, rounds = 250_000, 15
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no_service", http.StatusNotFound)
	}))
	defer gone.Close()
	var lines, names []string
	for i := range 4 {
		names = append(names, fmt.Sprint("s", i))
		lines = append(lines, fmt.Sprintf("  s%d: { type: slack, webhook_url: %s/services/T0/B%d/x }", i, gone.URL, i))
	}
	dir := folder(b, strings.Join(lines, "\n"), names...)
	fillMonth(b, filepath.Join(dir, "data", "bridge.db"), events)
	p := start(b, dir)
	base := adminURL(b, dir)
	slowest := 0.0
	for _, page := range somePages(b, base) {
		var took []float64
		for range rounds {
			began := time.Now()
			get(b, base+page.path)
			took = append(took, float64(time.Since(began).Microseconds())/1000)
			time.Sleep(page.rest)
		}
		b.ReportMetric(median(took), "ms-"+page.name)
		slowest = max(slowest, median(took))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(slowest, "ms-slowest")
	p.kill()
}

type somePage struct {
	name, path string
	rest       time.Duration // between two requests, where what was found is kept for a while
}

// somePages are all pages, and the lists by filters that find much, little and
// nothing.
func somePages(b *testing.B, base string) []somePage {
	list := get(b, base+"/deliveries?state=dead")
	delivery := regexp.MustCompile(`/deliveries/[0-9a-f-]{36}`).FindString(list)
	event := regexp.MustCompile(`/events/[0-9a-f-]{36}`).FindString(get(b, base+"/events"))
	middle := regexp.MustCompile(`before=[0-9a-f-]{36}`).FindString(get(b, base+"/deliveries?until=15d&since=16d"))
	if delivery == "" || event == "" || middle == "" {
		b.Fatalf("no delivery %q, event %q or page %q", delivery, event, middle)
	}
	return []somePage{
		{"overview", "/", 1100 * time.Millisecond}, {"events", "/events", 0}, {"event", event, 0}, {"deliveries", "/deliveries", 0}, {"delivery", delivery, 0},
		{"deliveries-deep", "/deliveries?" + middle, 0}, {"dead", "/dead", 0},
		{"deliveries-dead", "/deliveries?state=dead", 0}, {"deliveries-pending", "/deliveries?state=pending", 0}, {"deliveries-cancelled", "/deliveries?state=cancelled", 0},
		{"deliveries-one-sink", "/deliveries?sink=s2", 0}, {"deliveries-rare-event", "/deliveries?event=GroupDeleted", 0},
		{"deliveries-text", "/deliveries?text=no-such-text", 0}, {"events-text", "/events?text=no-such-text", 0}, {"events-unrouted", "/events?state=unrouted", 0},
		{"events-no-source", "/events?source=nobody", 0}, {"sources", "/sources", 0}, {"source", "/sources/production", 0},
		{"configuration", "/configuration", 0}, {"audit", "/audit", 0},
	}
}

func get(b *testing.B, url string) string {
	b.Helper()
	res, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v\n%.500s", url, res.Status, err, text)
	}
	return string(text)
}

// adminURL reads the admin's address from a folder's configuration.
func adminURL(tb testing.TB, dir string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "bridge.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	return "http://" + regexp.MustCompile(`admin: \{ listen: (\S+) \}`).FindStringSubmatch(string(text))[1]
}

// emptyTables makes a store, and opens its tables for a benchmark that fills them with SQL.
func emptyTables(b *testing.B, path string) *sql.DB {
	b.Helper()
	s, err := store.Open(b.Context(), path)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1) // temporary tables are a connection's
	return db
}

// fillMonth stores events, evenly over the last thirty days, and four deliveries of
// each with an attempt.
func fillMonth(b *testing.B, path string, events int) {
	b.Helper()
	db := emptyTables(b, path)
	defer db.Close()
	now := time.Now().UnixMilli()
	step := (30 * 24 * time.Hour).Milliseconds() / int64(events)
	for _, text := range []string{
		fmt.Sprintf(`CREATE TEMP TABLE n AS WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < %[1]d - 1)
			SELECT n, %[2]d - (%[1]d - n) * %[3]d AS ms FROM n`, events, now, step),
		`CREATE TEMP TABLE e AS SELECT n, ms, printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, n) AS id FROM n`,
		`INSERT INTO events (id, dedupe_key, source, type, user_id, admin_id, client_id, correlation_id, entities, occurred_at, received_at, body, facts, lookups, route_after, routed_at)
			SELECT id, id, 'production', CASE n % 5000 WHEN 7 THEN 'GroupDeleted' ELSE 'EnrollmentCompletedByLearner' END, 'u' || n, '', '', 'c' || n, '{}', ms * 1000, ms * 1000,
			'{"eventName":"Enrollment Completed by Learner","userId":"u' || n || '","padding":"' || hex(zeroblob(150)) || '"}',
			'{"event":{"id":"' || id || '","userId":"u' || n || '"},"source":"production","user":{"firstName":"Mira","lastName":"Halvorsen","padding":"' || hex(zeroblob(300)) || '"}}',
			0, ms * 1000, ms * 1000 FROM e`,
		`INSERT INTO deliveries (id, event_id, route, sink, state, attempts, not_before, last_error, created_at, updated_at)
			SELECT printf('%08x-%04x-7000-9000-%012x', ms >> 16, ms & 65535, n * 4 + sink), id, 'everything', 's' || sink,
			CASE WHEN n % 50 = 3 THEN 'dead' WHEN n % 100 = 1 THEN 'pending' WHEN n % 1000 = 2 THEN 'cancelled' ELSE 'sent' END, 1, ms * 1000,
			CASE WHEN n % 50 = 3 THEN CASE n % 4 WHEN 0 THEN 'channel ' || n || ' not found' ELSE 'given up after 24h0m0s: dial tcp 10.0.0.' || (n % 200) || ':443: connection refused' END END,
			ms * 1000, ms * 1000 FROM e, (SELECT 0 AS sink UNION SELECT 1 UNION SELECT 2 UNION SELECT 3)`,
		`UPDATE deliveries SET tries = created_at || char(9) || 90000 || char(9) || CASE state WHEN 'sent' THEN 'sent' ELSE 'temporary' END || char(9) || 200 || char(9) || 'ok' || char(10)`,
		`INSERT INTO tallies (at, sink, outcome, n)
			SELECT created_at - created_at % 60000000, sink, CASE state WHEN 'sent' THEN 'sent' ELSE 'temporary' END, count(*) FROM deliveries GROUP BY 1, 2, 3`,
	} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatalf("%v\n%s", err, text)
		}
	}
}
