package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// busy returns metrics in which every family has a value.
func busy() *Metrics {
	m := New()
	m.Built("v1")
	s := m.Source("production")
	s.Accepted(1, 1, 300, time.Millisecond, "4bf92f3577b34da6a3ce929d0e0e4736")
	s.Tested()
	s.Called(429, time.Second)
	s.LoggedIn(nil)
	s.CaughtUp(1)
	m.Refused("production", "bad_signature")
	m.GaveWay("webhooks", "total")
	m.Commit(3, time.Millisecond, nil)
	m.Sinks(map[string]string{"academy": "slack"})
	k := m.Sink("academy")
	k.In("limited")
	k.Attempted("sent", time.Second)
	k.Sent(time.Second, "")
	m.AdminRefused("wrong_token")
	m.Watch(Live{
		Queues: func(context.Context) (Queues, error) {
			return Queues{Sinks: map[string]Queue{"academy": {Waiting: 2, Oldest: time.Now().Add(-time.Minute)}}, Routing: &Queue{}}, nil
		},
		Undecided: func() map[string]int64 { return map[string]int64{"everything": 1} },
		Leases:    func() int { return 2 },
	})
	return m
}

// TestManual compares the manual's table with all metrics.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	m := busy()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, f := range families {
		types[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	var table strings.Builder
	for _, e := range m.Catalogue() {
		labels := ""
		if len(e.Labels) > 0 {
			labels = "`" + strings.Join(e.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", e.Name, e.Type, labels, e.Help)
		if types[e.Name] != e.Type {
			t.Errorf("%s is exported as %q", e.Name, types[e.Name])
		}
	}
	if !strings.Contains(string(text), table.String()) {
		t.Errorf("the table of docs/monitoring.md should be:\n%s", table.String())
	}
}

// TestConventions runs the linter of promtool check metrics.
func TestConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(busy().registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestNil checks that all methods work on nil.
func TestNil(t *testing.T) {
	var m *Metrics
	m.Built("v1")
	m.Refused("a", "b")
	m.Commit(1, 0, nil)
	m.Reloaded(nil)
	m.Sinks(nil)
	m.Watch(Live{})
	s, k := m.Source("a"), m.Sink("b")
	s.Accepted(1, 0, 1, 0, "")
	s.Tested()
	s.Routed(1)
	s.Postponed()
	s.LookedUp(Cached)
	s.Called(200, 0)
	s.LoggedIn(nil)
	k.Attempted("sent", 0)
	k.Sent(0, "")
	k.Died(1)
	k.Digested(2)
	k.Unwritten()
	k.In("healthy")
	k.Left()
	if s != nil || k != nil {
		t.Error("nil metrics returned counters")
	}
}

// TestQueuesAreReadRarely checks that frequent scrapes do not read the queues each time.
func TestQueuesAreReadRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, reads := New(), 0
		var fault error
		m.Watch(Live{
			Queues: func(context.Context) (Queues, error) {
				reads++
				time.Sleep(2 * time.Second)
				return Queues{Sinks: map[string]Queue{"academy": {Waiting: reads}}}, fault
			},
			Undecided: func() map[string]int64 { return nil },
			Leases:    func() int { return 1 },
		})
		ask := func() string {
			w := httptest.NewRecorder()
			m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			return w.Body.String()
		}
		for range 10 {
			if text := ask(); !strings.Contains(text, `absorb_bridge_queue_deliveries{sink="academy"} 1`) {
				t.Fatal(text)
			}
			time.Sleep(3 * time.Second)
		}
		if reads != 1 {
			t.Errorf("the queues were read %d times in half a minute, at two seconds each", reads)
		}
		time.Sleep(time.Minute)
		fault = errors.New("the database is down")
		if text := ask(); strings.Contains(text, "queue_deliveries{") || !strings.Contains(text, "absorb_bridge_leases_held 1") {
			t.Errorf("the queues are reported without data, or other metrics are missing:\n%s", text)
		}
	})
}

// TestSinkState checks that a process stops reporting the state of a sink that it no
// longer sends to.
func TestSinkState(t *testing.T) {
	m := New()
	k := m.Sink("academy")
	k.In("broken")
	k.In("healthy")
	if n := testutil.CollectAndCount(m.sinkState); n != 5 {
		t.Errorf("%d states", n)
	}
	if v := testutil.ToFloat64(m.sinkState.WithLabelValues("academy", "broken")); v != 0 {
		t.Errorf("broken is %v", v)
	}
	k.Left()
	if n := testutil.CollectAndCount(m.sinkState); n != 0 {
		t.Errorf("%d states after the process left the sink", n)
	}
}
