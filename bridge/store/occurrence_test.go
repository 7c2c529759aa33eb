package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// completed is a completion as a webhook tells it; lean, without saying of what.
func completed(user, course string, at time.Time, lean bool) bridge.Event {
	e := bridge.Event{
		Source: "production", Type: "EnrollmentCompletedByLearner", UserID: user, CorrelationID: fmt.Sprint(user, course, at),
		OccurredAt: at, ReceivedAt: at.Add(time.Second), Raw: fmt.Appendf(nil, `{"u":%q,"c":%q,"t":%q}`, user, course, at),
	}
	if !lean {
		e.Entities = map[string]string{"courseId": course}
	}
	return e
}

// listed is the same as the API tells it, which cannot tell who did it.
func listed(user, course string, at time.Time) bridge.Event {
	return bridge.Event{
		Source: "production", Type: "EnrollmentCompletedByAdmin", UserID: user, OccurredAt: at,
		Entities: map[string]string{"courseId": course, "enrollmentId": "e-" + user + course}, Raw: fmt.Appendf(nil, `{"caught":"%s %s %v"}`, user, course, at),
	}
}

func TestCatchUp(t *testing.T) { both(t, testCatchUp) }

func testCatchUp(t *testing.T, s *Store) {
	catchUp := func(want int, events ...bridge.Event) {
		t.Helper()
		missing, err := s.Missing(t.Context(), events)
		if err != nil || len(missing.Events) != want {
			t.Errorf("%d are missing, %v; want %d", len(missing.Events), err, want)
		}
		if n, err := s.CatchUp(t.Context(), Untold{Events: events}, "catch-up production", `{}`); err != nil || n != want {
			t.Errorf("%d were caught up, %v; want %d", n, err, want)
		}
	}
	accept(t, s, completed("U1", "c1", noon, false), completed("u2", "c1", noon, true))
	catchUp(2,
		listed("u1", "C1", noon.Add(2*time.Second)), // came, by another case of its letters
		listed("u2", "c1", noon.Add(time.Minute)),   // came, without saying what it is about
		listed("u3", "c1", noon),                    // did not come
		listed("u1", "c1", noon.Add(48*time.Hour)),  // a second time, days later
	)
	catchUp(0, listed("u3", "c1", noon.Add(time.Second)))
	late := func(e bridge.Event, duplicate bool) {
		t.Helper()
		if got := accept(t, s, e)[0]; got.Duplicate != duplicate || duplicate && got.ID == "" {
			t.Errorf("%s %v: %+v", e.UserID, e.Entities, got)
		}
	}
	late(completed("u3", "c1", noon, false), true)
	late(completed("u3", "c1", noon, false), true) // and again
	late(completed("u3", "c1", noon.Add(time.Minute), true), true)
	late(completed("u3", "c2", noon, false), false)
	late(completed("u1", "c1", noon.Add(48*time.Hour), false), true)
	byEnrollment := completed("u3", "", noon, false)
	byEnrollment.Entities = map[string]string{"enrollmentId": "e-u3c1"}
	byEnrollment.Raw = []byte(`{"by":"enrollment"}`)
	late(byEnrollment, true)
	other := completed("u3", "c1", noon, false)
	other.Source, other.Raw = "sandbox", []byte(`{}`)
	late(other, false)

	all, err := s.Unrouted(t.Context(), time.Now().Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	caught := 0
	for _, u := range all {
		if u.CaughtUp {
			caught++
		}
	}
	if len(all) != 6 || caught != 2 {
		t.Errorf("%d events, %d of them caught up", len(all), caught)
	}
	if text, err := s.State(t.Context(), "catch-up production"); err != nil || text != "{}" {
		t.Errorf("state %q, %v", text, err)
	}
	var k Kinds
	if err := s.CountKinds(t.Context(), "production", &k); err != nil || k.Counts["EnrollmentCompletedByLearner"] != 3 || len(k.Counts) != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	if err := s.CountKinds(t.Context(), "production", &k); err != nil || k.Counts["EnrollmentCompletedByLearner"] != 3 {
		t.Errorf("counted twice: %+v, %v", k, err)
	}
	if at, err := s.LastVerified(t.Context(), "production"); err != nil || at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
	if at, err := s.LastVerified(t.Context(), "none"); err != nil || !at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
}

// A webhook that comes at the moment its event is caught up is one of two, whichever
// was first.
func TestCatchUpBesideWebhooks(t *testing.T) { both(t, testCatchUpBesideWebhooks) }

func testCatchUpBesideWebhooks(t *testing.T, s *Store) {
	const n = 40
	var all sync.WaitGroup
	for i := range n {
		user := fmt.Sprint("u", i)
		all.Go(func() { accept(t, s, completed(user, "c", noon, false)) })
		all.Go(func() {
			if _, err := s.CatchUp(t.Context(), Untold{Events: []bridge.Event{listed(user, "c", noon)}}, "", ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	events, err := s.Events(t.Context(), Filter{Limit: 1000})
	if err != nil || len(events) != n {
		t.Errorf("%d events, %v; want %d", len(events), err, n)
	}
}

func TestSweepBySource(t *testing.T) {
	s := open(t)
	routedEvents(t, s, 4, "a")
	for _, d := range deliveries(t, s, Filter{}) {
		if err := s.Record(t.Context(), bridge.Attempt{DeliveryID: d.ID, At: noon, Outcome: "sent", State: bridge.Sent}); err != nil {
			t.Fatal(err)
		}
	}
	old, young := Retention{time.Now().Add(time.Hour), time.Now().Add(time.Hour)}, Retention{noon.AddDate(-1, 0, 0), noon.AddDate(-1, 0, 0)}
	for _, c := range []struct {
		usual Retention
		own   map[string]Retention
		want  int
	}{
		{old, map[string]Retention{"production": young}, 0},
		{young, map[string]Retention{"sandbox": old}, 0},
		{young, map[string]Retention{"production": old}, 4},
	} {
		if n, err := s.Sweep(t.Context(), c.usual, c.own); err != nil || n != c.want {
			t.Errorf("%d were deleted, %v; want %d", n, err, c.want)
		}
	}
}
