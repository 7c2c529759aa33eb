package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// routedEvents accepts n events and fans each out by one route to the sinks.
func routedEvents(t *testing.T, s *Store, n int, sinks ...string) {
	t.Helper()
	for i := range n {
		accept(t, s, event(i))
	}
	for waiting := unrouted(t, s); len(waiting) > 0; waiting = unrouted(t, s) {
		for _, u := range waiting {
			fanOut(t, s, u.Event, sinks...)
		}
	}
}

func fanOut(t *testing.T, s *Store, e bridge.Event, sinks ...string) {
	t.Helper()
	var targets []Target
	for _, sink := range sinks {
		targets = append(targets, Target{Route: "r", Sink: sink})
	}
	facts := bridge.NewFacts(e)
	facts["user"] = map[string]any{"firstName": "Mira_%"}
	if err := s.FanOut(t.Context(), e, facts, targets, noon); err != nil {
		t.Fatal(err)
	}
}

func deliveries(t *testing.T, s *Store, f Filter) []DeliveryRow {
	t.Helper()
	all, err := s.Deliveries(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func kill(t *testing.T, s *Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		err := s.Record(t.Context(), bridge.Attempt{DeliveryID: id, At: noon, Outcome: "message rejected", Status: 400, Detail: "invalid_blocks", State: bridge.Dead, Counted: true})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeliveriesByFilter(t *testing.T) { both(t, testDeliveriesByFilter) }

func testDeliveriesByFilter(t *testing.T, s *Store) {
	routedEvents(t, s, 5, "a", "b")
	all := deliveries(t, s, Filter{})
	if len(all) != 10 || !slices.IsSortedFunc(all, func(x, y DeliveryRow) int { return -compareText(x.ID, y.ID) }) {
		t.Fatalf("%d deliveries, or not the newest first", len(all))
	}
	dead := deliveries(t, s, Filter{Sink: "b"})[0]
	kill(t, s, dead.ID)
	for name, c := range map[string]struct {
		filter Filter
		want   int
	}{
		"sink":                  {Filter{Sink: "a"}, 5},
		"route":                 {Filter{Route: "r"}, 10},
		"no such route":         {Filter{Route: "x"}, 0},
		"event":                 {Filter{Event: "CertificateAwarded"}, 10},
		"state":                 {Filter{State: "dead"}, 1},
		"the platform's words":  {Filter{Text: "INVALID_blocks"}, 1},
		"a name":                {Filter{Text: "Mira_%"}, 10},
		"no pattern":            {Filter{Text: "Mira%%"}, 0},
		"in the body":           {Filter{Text: `"n":3`}, 2},
		"since":                 {Filter{Since: noon.Add(3 * time.Second)}, 4},
		"until":                 {Filter{Until: noon.Add(3 * time.Second)}, 6},
		"ids":                   {Filter{IDs: []string{all[0].ID, all[1].ID, "none"}}, 2},
		"limit":                 {Filter{Limit: 3}, 3},
		"the page after":        {Filter{Before: all[7].ID}, 2},
		"source":                {Filter{Source: "production"}, 10},
		"quotes are no trouble": {Filter{Text: `' OR 1=1 --`}, 0},
	} {
		if got := len(deliveries(t, s, c.filter)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func compareText(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func TestDeliveryDetail(t *testing.T) { both(t, testDeliveryDetail) }

func testDeliveryDetail(t *testing.T, s *Store) {
	routedEvents(t, s, 1, "a")
	id := deliveries(t, s, Filter{})[0].ID
	kill(t, s, id)
	d, err := s.Delivery(t.Context(), id)
	if err != nil || d.State != bridge.Dead || d.Error != "invalid_blocks" || len(d.Tries) != 1 || d.Tries[0].Status != 400 || d.Facts["user"] == nil {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := s.Delivery(t.Context(), "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	e, err := s.Event(t.Context(), d.EventID)
	if err != nil || e.State != "routed" || len(e.To) != 1 || e.Deliveries[bridge.Dead] != 1 || string(e.Body) != string(event(0).Raw) {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := s.Event(t.Context(), "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	marked := event(7)
	marked.Raw = append([]byte("\xef\xbb\xbf"), marked.Raw...)
	e, err = s.Event(t.Context(), accept(t, s, marked)[0].ID)
	if _, invalid := json.Marshal(e); err != nil || invalid != nil {
		t.Errorf("a body with a byte order mark: %v, %v", err, invalid)
	}
}

func TestRetryAndCancel(t *testing.T) { both(t, testRetryAndCancel) }

func testRetryAndCancel(t *testing.T, s *Store) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	routedEvents(t, s, 450, "a") // more than one page
	var ids []string
	for _, d := range deliveries(t, s, Filter{Limit: 1000}) {
		ids = append(ids, d.ID)
	}
	kill(t, s, ids[:420]...)
	n, err := s.Retry(t.Context(), Filter{State: "dead"})
	if err != nil || n != 420 {
		t.Fatalf("retried %d, %v", n, err)
	}
	due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 1000)
	if err != nil || len(due) != 450 || due[0].Attempts != 0 || !due[0].FailingSince.IsZero() {
		t.Errorf("%d are due, %v", len(due), err)
	}
	if n, err := s.Cancel(t.Context(), Filter{IDs: ids[:10]}); err != nil || n != 10 {
		t.Errorf("cancelled %d, %v", n, err)
	}
	sentOne := bridge.Attempt{DeliveryID: ids[20], At: noon, Outcome: "sent", State: bridge.Sent}
	if err := s.Record(t.Context(), sentOne); err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]func(context.Context, Filter) (int, error){"retry": s.Retry, "cancel": s.Cancel} {
		if n, err := n(t.Context(), Filter{IDs: ids[20:21]}); err != nil || n != 0 {
			t.Errorf("%s of what was sent: %d, %v", what, n, err)
		}
	}
}

func TestMove(t *testing.T) { both(t, testMove) }

func testMove(t *testing.T, s *Store) {
	routedEvents(t, s, 3, "old", "other")
	n, err := s.Move(t.Context(), Filter{Sink: "old"}, "new")
	if err != nil || n != 3 || len(deliveries(t, s, Filter{Sink: "new"})) != 3 {
		t.Errorf("moved %d, %v", n, err)
	}
	if n, err := s.Move(t.Context(), Filter{Sink: "new"}, "other"); err != nil || n != 0 {
		t.Errorf("moved %d to a sink that has them already, %v", n, err)
	}
}

func TestRerouteAddsWhatIsNew(t *testing.T) { both(t, testRerouteAddsWhatIsNew) }

func testRerouteAddsWhatIsNew(t *testing.T, s *Store) {
	routedEvents(t, s, 2, "a")
	accept(t, s, event(7))
	fanOut(t, s, unrouted(t, s)[0].Event) // nobody takes it
	states := func() string {
		t.Helper()
		all, err := s.Events(t.Context(), Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var text string
		for _, e := range all {
			text += fmt.Sprint(e.State, len(e.Deliveries), " ")
		}
		return text
	}
	if got := states(); got != "unrouted0 routed1 routed1 " {
		t.Fatal(got)
	}
	if n, err := s.Reroute(t.Context(), Filter{State: "unrouted"}); err != nil || n != 1 {
		t.Errorf("rerouted %d, %v", n, err)
	}
	if n, err := s.Reroute(t.Context(), Filter{}); err != nil || n != 2 {
		t.Errorf("rerouted %d, %v", n, err)
	}
	again, err := s.Unrouted(t.Context(), time.Now().Add(time.Minute), 10)
	if err != nil || len(again) != 3 {
		t.Fatalf("%d wait, %v", len(again), err)
	}
	for _, u := range again {
		fanOut(t, s, u.Event, "a", "b")
	}
	if len(deliveries(t, s, Filter{Sink: "a"})) != 3 || len(deliveries(t, s, Filter{Sink: "b"})) != 3 {
		t.Error("not once for each sink")
	}
}

func TestSweep(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	routedEvents(t, s, 6, "a")
	accept(t, s, event(10)) // not routed yet
	ids := deliveries(t, s, Filter{})
	for _, d := range ids[:4] {
		if err := s.Record(t.Context(), bridge.Attempt{DeliveryID: d.ID, At: noon, Outcome: "sent", State: bridge.Sent}); err != nil {
			t.Fatal(err)
		}
	}
	kill(t, s, ids[4].ID) // ids[5] waits
	future := time.Now().Add(time.Hour)
	sweep := func(done, dead time.Time) int {
		t.Helper()
		n, err := s.Sweep(t.Context(), Retention{done, dead}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := sweep(noon.Add(-time.Hour), noon.Add(-time.Hour)); n != 0 {
		t.Errorf("%d that are young were deleted", n)
	}
	if n := sweep(future, noon.Add(-time.Hour)); n != 4 {
		t.Errorf("%d finished events were deleted, want 4", n)
	}
	if n := sweep(future, future); n != 1 {
		t.Errorf("%d dead letters were deleted, want 1", n)
	}
	if left, err := s.Events(t.Context(), Filter{}); err != nil || len(left) != 2 {
		t.Errorf("%d events are left, %v; want the one that waits and the one not routed", len(left), err)
	}
	var attempts int
	if err := s.row(t.Context(), `SELECT count(*) FROM attempts`).Scan(&attempts); err != nil || attempts != 0 {
		t.Errorf("%d attempts are left behind, %v", attempts, err)
	}
}

// What a flood of events took is given back, whether or not there is more to
// delete later.
func TestSweepGivesSpaceBack(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 30 {
		e := event(i)
		e.Raw = bytes.Repeat([]byte{'a' + byte(i)}, 1<<20)
		stored, err := s.Accept(t.Context(), []bridge.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		e.ID = stored[0].ID
		if err := s.FanOut(t.Context(), e, nil, nil, noon); err != nil {
			t.Fatal(err)
		}
	}
	future := time.Now().Add(time.Hour)
	if n, err := s.Sweep(t.Context(), Retention{future, future}, nil); err != nil || n != 30 {
		t.Fatalf("%d were deleted, %v", n, err)
	}
	var pages int
	if err := s.engine.reads().QueryRow(`PRAGMA page_count`).Scan(&pages); err != nil || pages > spare+100 {
		t.Errorf("the file has %d pages, %v", pages, err)
	}
}
