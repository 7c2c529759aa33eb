package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestAudits(t *testing.T) { both(t, testAudits) }

func testAudits(t *testing.T, s *Store) {
	for i := range 5 {
		if err := s.Note(t.Context(), Audit{At: noon, Who: "mira", Action: "deliveries/retry", Target: fmt.Sprint("sink ", i), Changed: i}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Audits(t.Context(), "", 3)
	if err != nil || len(page) != 3 || page[0].Target != "sink 4" || page[0].Who != "mira" || page[0].Changed != 4 || !page[0].At.Equal(noon) {
		t.Fatalf("%+v, %v", page, err)
	}
	if rest, err := s.Audits(t.Context(), page[2].ID, 3); err != nil || len(rest) != 2 || rest[1].Target != "sink 0" {
		t.Errorf("%+v, %v", rest, err)
	}
	if err := s.Note(t.Context(), Audit{At: time.Now().Add(keptAudit + time.Hour), Who: "mira", Action: "reload"}); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Audits(t.Context(), "", 10); err != nil || len(all) != 1 {
		t.Errorf("what is old is kept: %+v, %v", all, err)
	}
}

func TestSessions(t *testing.T) { both(t, testSessions) }

func testSessions(t *testing.T, s *Store) {
	long := Session{ID: "a", Who: "mira", Role: "operate", Expires: time.Now().Add(time.Hour).Truncate(time.Microsecond).UTC()}
	for _, n := range []Session{long, {ID: "b", Who: "ben", Role: "view", Expires: time.Now().Add(-time.Second)}} {
		if err := s.Begin(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Session(t.Context(), "a"); err != nil || got != long {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.End(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", ""} {
		if got, err := s.Session(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
}

func TestQueuesAndTallies(t *testing.T) { both(t, testQueuesAndTallies) }

func testQueuesAndTallies(t *testing.T, s *Store) {
	began := time.Now().Add(-time.Second)
	if n, oldest, err := s.Routing(t.Context()); err != nil || n != 0 || !oldest.IsZero() {
		t.Errorf("%d, %v, %v", n, oldest, err)
	}
	accept(t, s, event(99))
	if n, oldest, err := s.Routing(t.Context()); err != nil || n != 1 || oldest.Before(began) {
		t.Errorf("%d, %v, %v", n, oldest, err)
	}
	routedEvents(t, s, 3, "a", "b")
	all := deliveries(t, s, Filter{Sink: "b"})
	kill(t, s, all[0].ID)
	now := time.Now()
	for _, a := range []bridge.Attempt{
		{DeliveryID: all[1].ID, Sink: "b", At: now, Outcome: "temporary", State: bridge.Pending, NotBefore: noon},
		{DeliveryID: all[1].ID, Sink: "b", At: now, Outcome: "sent", State: bridge.Sent},
	} {
		if err := s.Record(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	queues, err := s.Queues(t.Context())
	if err != nil || queues["a"].Waiting != 4 || queues["b"].Waiting != 2 || queues["b"].Dead != 1 || queues["a"].Dead != 0 || queues["a"].Oldest.Before(began) || queues["a"].Oldest.After(now) {
		t.Errorf("%+v, %v", queues, err)
	}
	tallies, err := s.Tallies(t.Context(), now.Add(-time.Hour), 30*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, tally := range tallies {
		if tally.Slice < 1 || tally.Slice > 2 {
			t.Errorf("%+v is in no slice of now", tally)
		}
		got[tally.Sink+" "+tally.Outcome] += tally.N
	}
	if fmt.Sprint(got) != "map[ accepted:4 b sent:1 b temporary:1]" { // the one that was killed died at another time
		t.Errorf("%v", got)
	}
	last, err := s.LastEvents(t.Context(), "production", "nobody")
	if at := last["production"]; err != nil || at.Before(began) || len(last) != 1 {
		t.Errorf("%v, %v", last, err)
	}
	for source, want := range map[string]bool{"production": true, "nobody": false} {
		if got, err := s.Delivered(t.Context(), source); err != nil || got != want {
			t.Errorf("%s: %v, %v", source, got, err)
		}
	}
}

func TestCauses(t *testing.T) { both(t, testCauses) }

func testCauses(t *testing.T, s *Store) {
	routedEvents(t, s, 4, "a", "b")
	for i, d := range deliveries(t, s, Filter{}) {
		detail := "invalid_blocks"
		if d.Sink == "b" && i%4 == 0 {
			detail = "a sentence of a platform that is much longer than what tells one cause from another, and goes on"
		}
		if err := s.Record(t.Context(), bridge.Attempt{DeliveryID: d.ID, At: noon, Outcome: "rejected", Status: 400, Detail: detail, State: bridge.Dead}); err != nil {
			t.Fatal(err)
		}
	}
	causes, err := s.Causes(t.Context())
	total := 0
	for _, c := range causes {
		total += c.N
		chosen := deliveries(t, s, Filter{Sink: c.Sink, State: "dead", Words: []string{c.Words}})
		if len(chosen) != c.N || chosen[0].ID != c.ID || c.First.After(c.Last) || len(c.Words) > causeLength {
			t.Errorf("%+v chooses %d", c, len(chosen))
		}
	}
	if err != nil || len(causes) < 2 || total != 8 || causes[0].N < causes[1].N {
		t.Errorf("%+v, %v", causes, err)
	}
	if n, err := s.CountDeliveries(t.Context(), Filter{State: "dead"}, 5); err != nil || n != 5 {
		t.Errorf("counted %d, %v", n, err)
	}
	if n, err := s.CountEvents(t.Context(), Filter{Sink: "a"}, 100); err != nil || n != 4 {
		t.Errorf("counted %d, %v", n, err)
	}
	if n, err := s.Retry(t.Context(), Filter{Words: []string{causes[0].Words}, Sink: causes[0].Sink}); err != nil || n != causes[0].N {
		t.Errorf("retried %d, %v", n, err)
	}
}

// A list that looks at some rows only says how far it has looked, and the next one
// goes on from there.
func TestListsThatLookAtSomeRows(t *testing.T) { both(t, testListsThatLookAtSomeRows) }

func testListsThatLookAtSomeRows(t *testing.T, s *Store) {
	routedEvents(t, s, 10, "a")
	all := deliveries(t, s, Filter{})
	kill(t, s, all[8].ID)
	f := Filter{Text: "invalid_blocks", Look: 3}
	for looks := 1; ; looks++ {
		found := deliveries(t, s, f)
		reach, err := s.Reach(t.Context(), "deliveries", f)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			if looks != 3 || found[0].ID != all[8].ID {
				t.Errorf("found %s after %d looks", found[0].ID, looks)
			}
			break
		}
		if want := all[looks*3-1].ID; reach != want || len(found) > 0 {
			t.Fatalf("look %d reaches %s, want %s, and finds %d", looks, reach, want, len(found))
		}
		f.Before = reach
	}
	// Of a rare state only those in it are looked at.
	f = Filter{State: "dead", Look: 3}
	if found := deliveries(t, s, f); len(found) != 1 {
		t.Errorf("%d dead letters", len(found))
	}
	if reach, err := s.Reach(t.Context(), "deliveries", f); err != nil || reach != "" {
		t.Errorf("there are more than %s, %v", reach, err)
	}
	if events, err := s.Events(t.Context(), Filter{Look: 4, Until: time.Now().Add(time.Hour)}); err != nil || len(events) != 4 {
		t.Errorf("%d events, %v", len(events), err)
	}
	if events, err := s.Events(t.Context(), Filter{Look: 100, Since: noon.AddDate(-1, 0, 0)}); err != nil || len(events) != 10 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func TestTraces(t *testing.T) { both(t, testTraces) }

func testTraces(t *testing.T, s *Store) {
	accept(t, s, event(1))
	e := unrouted(t, s)[0].Event
	e.Trace = bridge.LookupTrace{
		Calls:     []bridge.LookupCall{{Part: "user", Path: "/users/1", Status: 200, Took: 12 * time.Millisecond}, {Part: "course", Path: "/courses/2", Cached: true}},
		Failed:    map[string]string{"enrollment": "answered 503"},
		Unsettled: []string{"certificate"},
	}
	fanOut(t, s, e, "a")
	got, err := s.Event(t.Context(), e.ID)
	if err != nil || fmt.Sprint(got.Trace) != fmt.Sprint(e.Trace) || !got.Routed.Equal(noon) {
		t.Errorf("%+v, %v", got.Trace, err)
	}
	older, err := decodeTrace([]byte(`{"calls":[{"part":"user","path":"/users/1","status":200,"took_ns":5,"cached":true}],"repeats":"e"}`))
	if want := (bridge.LookupCall{Part: "user", Path: "/users/1", Status: 200, Took: 5, Cached: true}); err != nil || older.Repeats != "e" || !slices.Equal(older.Calls, []bridge.LookupCall{want}) {
		t.Errorf("%+v, %v", older, err)
	}
	traces, err := s.Traces(t.Context(), e.Source, 5)
	if err != nil || len(traces) != 1 || !slices.Equal(traces[0].Calls, e.Trace.Calls) {
		t.Errorf("%+v, %v", traces, err)
	}
}
