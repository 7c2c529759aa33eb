package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
)

// BenchmarkDelivery sends a stored backlog, without rate limits, to one and to
// five local endpoints.
func BenchmarkDelivery(b *testing.B) {
	for _, sinks := range []int{1, 5} {
		b.Run(fmt.Sprintf("endpoints=%d", sinks), func(b *testing.B) {
			var rates []float64
			for range rounds {
				rates = append(rates, deliverBacklog(b, sinks, 0))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(rates), "messages/s")
		})
	}
}

// BenchmarkDeliveryBesideStuckSinks compares the delivery to one endpoint with
// the same while ten other sinks wait for endpoints that never answer.
func BenchmarkDeliveryBesideStuckSinks(b *testing.B) {
	var alone, beside []float64
	for range rounds {
		alone = append(alone, deliverBacklog(b, 1, 0))
		beside = append(beside, deliverBacklog(b, 1, 10))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(alone), "alone/s")
	b.ReportMetric(median(beside), "beside/s")
	b.ReportMetric(100*median(beside)/median(alone), "%of-alone")
}

// deliverBacklog gives the rate at which a stored backlog arrives.
func deliverBacklog(b *testing.B, sinks, stuck int) float64 {
	var got atomic.Int64
	all := make(chan struct{})
	want := int64(sinks * roundMessages)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasPrefix(r.URL.Path, "/services/STUCK") {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, "ok")
		if got.Add(1) == want {
			close(all)
		}
	}))
	defer endpoint.Close()
	g, err := gateway.New(b.Context(), benchConfig(b, endpoint.URL, sinks, stuck), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	fill(b, g, "UserCreated", 100) // what the stuck sinks are stuck with
	fill(b, g, "EnrollmentCompletedByLearner", roundMessages)

	ctx, cancel := context.WithCancel(b.Context())
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	<-all
	rate := float64(want) / time.Since(began).Seconds()
	endpoint.CloseClientConnections()
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return rate
}

// fill stores events as the intake would.
func fill(b *testing.B, g *gateway.Gateway, event string, n int) {
	b.Helper()
	for i := range n / 100 {
		var events []bridge.Event
		for j := range 100 {
			id := event + strconv.Itoa(i*100+j)
			events = append(events, bridge.Event{
				Source: "production", Type: event, UserID: "10000000-0000-4000-a000-000000000001",
				CorrelationID: id, ReceivedAt: time.Now(), Raw: body(event, id),
			})
		}
		if _, err := g.Store().Accept(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
}

// benchConfig is a bridge with Slack sinks that take enrollments, and others that
// take users created and are stuck.
func benchConfig(b *testing.B, url string, sinks, stuck int) *config.Config {
	b.Helper()
	text := &strings.Builder{}
	fmt.Fprintf(text, "listen: 127.0.0.1:0\nadmin: { listen: \"\" }\nstore: %s\n", filepath.Join(b.TempDir(), "bridge.db"))
	fmt.Fprintf(text, "sources: { production: { path: /absorb, secrets: [ %s ] } }\nsinks:\n", secret)
	var routes []string
	add := func(event, prefix string, count int) {
		var names []string
		for i := range count {
			name := fmt.Sprint(strings.ToLower(prefix), i)
			names = append(names, name)
			fmt.Fprintf(text, "  %s: { type: slack, webhook_url: %s/services/%s/B%d/x, limit: none }\n", name, url, prefix, i)
		}
		if count > 0 {
			routes = append(routes, fmt.Sprintf("  - { name: %s, events: [ %s ], to: [ %s ] }\n", event, event, strings.Join(names, ", ")))
		}
	}
	add("EnrollmentCompletedByLearner", "OPEN", sinks)
	add("UserCreated", "STUCK", stuck)
	fmt.Fprintf(text, "routes:\n%s", strings.Join(routes, ""))
	c, err := config.Parse("bench.yaml", []byte(text.String()), nil)
	if err != nil {
		b.Fatal(err)
	}
	return c
}
