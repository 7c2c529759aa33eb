package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// lookedUp are the facts of an event about a course, which it shares with others.
func lookedUp(e bridge.Event, course string) (bridge.Event, bridge.Facts) {
	facts := bridge.NewFacts(e)
	facts["course"] = map[string]any{"id": course, "name": "Knots of " + course, "description": strings.Repeat("rope ", 40)}
	facts["enrollment"] = map[string]any{"id": e.CorrelationID, "score": "92.5"}
	e.Shared = []string{"course"}
	return e, facts
}

// route accepts events and fans them out to a sink, each about one of some courses.
func route(t *testing.T, s *Store, events, courses int, g Gather) {
	t.Helper()
	for i := range events {
		accept(t, s, event(i))
	}
	for i, u := range unrouted(t, s) {
		e, facts := lookedUp(u.Event, fmt.Sprint("k", i%courses))
		if err := s.FanOut(t.Context(), e, facts, []Target{{Route: "r", Sink: "a", Gather: g}}, noon); err != nil {
			t.Fatal(err)
		}
	}
}

func countOf(t *testing.T, s *Store, query string) (n int) {
	t.Helper()
	if err := s.row(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What many events share is stored once and is in memory once, and every reader finds it.
func TestSharedFacts(t *testing.T) { both(t, testSharedFacts) }

func testSharedFacts(t *testing.T, s *Store) {
	route(t, s, 40, 2, Gather{})
	if n := countOf(t, s, `SELECT count(*) FROM parts`); n != 2 {
		t.Errorf("%d parts are stored", n)
	}
	if n := countOf(t, s, `SELECT max(length(facts)) FROM events`); n > 120 {
		t.Errorf("an event has %d bytes of its own", n)
	}
	due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 100)
	if err != nil || len(due) != 40 {
		t.Fatal(len(due), err)
	}
	same := func(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	if !same(due[0].Facts["course"], due[2].Facts["course"]) || same(due[0].Facts["course"], due[1].Facts["course"]) {
		t.Error("equal parts are not the same")
	}
	e, err := s.Event(t.Context(), due[3].EventID)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Delivery(t.Context(), due[3].ID)
	if err != nil {
		t.Fatal(err)
	}
	_, want := lookedUp(unroutedEvent(t, s, due[3].EventID), "k1")
	for name, got := range map[string]bridge.Facts{"due": due[3].Facts, "event": e.Facts, "delivery": d.Facts} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for text, n := range map[string]int{"knots OF k1": 20, "rope": 40, "92.5": 40, "\"n\":7,": 1, "nothing": 0} {
		events, err := s.Events(t.Context(), Filter{Text: text, Limit: 100})
		if err != nil || len(events) != n || len(deliveries(t, s, Filter{Text: text, Limit: 100})) != n {
			t.Errorf("%s: found in %d events, %v; want %d", text, len(events), err, n)
		}
	}
}

// unroutedEvent is an event as the router reads it.
func unroutedEvent(t *testing.T, s *Store, id string) bridge.Event {
	t.Helper()
	if _, err := s.Reroute(t.Context(), Filter{IDs: []string{id}}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Unrouted(t.Context(), time.Now().Add(time.Hour), 1)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	return all[0].Event
}

// Facts that differ from what the event's row says stay as they were decided on, as do
// those of an older program.
func TestFactsThatTheEventDoesNotGive(t *testing.T) {
	s := open(t)
	accept(t, s, event(0), event(1), event(2))
	all := unrouted(t, s)
	changed, none, old := bridge.NewFacts(all[0].Event), bridge.Facts{"source": "production"}, bridge.NewFacts(all[2].Event)
	changed["event"].(map[string]any)["body"] = map[string]any{"n": "left out"}
	for i, facts := range []bridge.Facts{changed, none, old} {
		if err := s.FanOut(t.Context(), all[i].Event, facts, []Target{{Route: "r", Sink: "a"}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.write(t.Context(), change(`UPDATE events SET facts = ? WHERE id = ?`, []byte(`{"event":{"type":"Old"},"course":{"name":"Knots"}}`), all[2].ID)); err != nil {
		t.Fatal(err)
	}
	old = bridge.Facts{"event": map[string]any{"type": "Old"}, "course": map[string]any{"name": "Knots"}}
	due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10)
	if err != nil || len(due) != 3 {
		t.Fatal(len(due), err)
	}
	for i, want := range []bridge.Facts{changed, none, old} {
		if !reflect.DeepEqual(due[i].Facts, want) {
			t.Errorf("%v, want %v", due[i].Facts, want)
		}
	}
}

// A shared part goes with the last event that names it.
func TestSweepOfSharedFacts(t *testing.T) { both(t, testSweepOfSharedFacts) }

func testSweepOfSharedFacts(t *testing.T, s *Store) {
	route(t, s, 6, 3, Gather{})
	for i, d := range deliveries(t, s, Filter{}) {
		state := bridge.Sent
		if i == 0 { // of the last event, about k2
			state = bridge.Dead
		}
		if err := s.Record(t.Context(), bridge.Attempt{DeliveryID: d.ID, Sink: "a", At: noon, Outcome: "x", State: state}); err != nil {
			t.Fatal(err)
		}
	}
	later := time.Now().Add(time.Minute)
	for _, step := range []struct {
		usual       Retention
		own         map[string]Retention
		events, all int
	}{
		{Retention{noon.Add(-time.Hour), noon}, nil, 6, 3},
		{Retention{later, noon.Add(-time.Hour)}, map[string]Retention{"other": {later, later}}, 1, 1},
		{Retention{later, noon.Add(-time.Hour)}, map[string]Retention{"production": {later, later}}, 0, 0},
	} {
		if _, err := s.Sweep(t.Context(), step.usual, step.own); err != nil {
			t.Fatal(err)
		}
		if events, parts := countOf(t, s, `SELECT count(*) FROM events`), countOf(t, s, `SELECT count(*) FROM parts`); events != step.events || parts != step.all {
			t.Errorf("%+v: %d events and %d parts are left", step, events, parts)
		}
	}
}

// A part that is gone leaves a lean message that says so, not a sink that stands still.
func TestLostSharedFacts(t *testing.T) {
	s := open(t)
	route(t, s, 1, 1, Gather{})
	if _, err := s.write(t.Context(), change(`DELETE FROM parts`)); err != nil {
		t.Fatal(err)
	}
	due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10)
	if err != nil || len(due) != 1 || due[0].Facts["incomplete"] != true || due[0].Facts["course"] != nil {
		t.Error(due, err)
	}
}

// However much there is to say of events, no more of it is read at once than the memory
// should hold. What does not fit is read next.
func TestReadingIsBounded(t *testing.T) { both(t, testReadingIsBounded) }

func testReadingIsBounded(t *testing.T, s *Store) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	const n, fields = 40, 4000
	var body strings.Builder
	for i := range fields {
		fmt.Fprintf(&body, `"field%d":"value %d",`, i, i)
	}
	for i := range n {
		e := event(i)
		e.Raw = fmt.Appendf(nil, `{%s"n":%d}`, body.String(), i)
		accept(t, s, e)
	}
	some, more, err := s.UnroutedWithin(t.Context(), noon.Add(time.Hour), n, 10*body.Len())
	if err != nil || !more || len(some) != 9 {
		t.Fatalf("%d are read, more %v, %v", len(some), more, err)
	}
	for _, u := range unrouted(t, s) {
		e, facts := lookedUp(u.Event, "k")
		if err := s.FanOut(t.Context(), e, facts, []Target{{Route: "r", Sink: "a", Gather: Gather{Key: "digest ", Closes: noon, Latest: noon, Room: n}}, {Route: "r", Sink: "b"}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.Due(t.Context(), "b", noon.Add(time.Hour), n)
	if err != nil || len(due) == 0 || len(due) > 10 {
		t.Errorf("%d are due, %v", len(due), err)
	}
	read := 0
	for parcels := 0; read < n; parcels++ {
		all, err := s.DueParcels(t.Context(), "a", noon.Add(time.Hour), n)
		if err != nil || len(all) == 0 || parcels > n {
			t.Fatal(len(all), err)
		}
		members, err := s.CloseParcel(t.Context(), all[0].ID, n)
		if err != nil || len(members) == 0 || len(members) == n {
			t.Fatalf("%d are in a parcel, %v", len(members), err)
		}
		if err := s.Record(t.Context(), bridge.Attempt{Parcel: all[0].ID, Sink: "a", At: noon, Outcome: "sent", State: bridge.Sent}); err != nil {
			t.Fatal(err)
		}
		read += len(members)
	}
	if read != n {
		t.Errorf("%d of %d were read", read, n)
	}
}

// Where few fields are read, a digest has room for many events.
func TestDigestsHaveWhatIsRead(t *testing.T) {
	s := open(t)
	reads := bridge.NewReads()
	reads.Note("{{ .enrollment.score }}")
	s.Read(reads)
	route(t, s, 3, 2, Gather{Key: "digest ", Closes: noon, Latest: noon, Room: 10})
	all, err := s.DueParcels(t.Context(), "a", noon.Add(time.Hour), 10)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	members, err := s.CloseParcel(t.Context(), all[0].ID, 10)
	if err != nil || len(members) != 3 {
		t.Fatal(len(members), err)
	}
	for i, d := range members {
		course, enrollment := d.Facts["course"].(map[string]any), d.Facts["enrollment"].(map[string]any)
		if whole := course["description"] != nil; whole != (i == 0) || course["name"] == nil || enrollment["score"] != "92.5" {
			t.Errorf("%d: %v", i, d.Facts)
		}
	}
}

// A digest of many events has the beginnings of their long texts: it has room for as many
// events as one of short texts. A parcel of few events, such as a story, has them whole.
func TestDigestsOfManyEventsHaveNoLongTexts(t *testing.T) {
	long := strings.Repeat("x", 4000)
	for n, want := range map[int]int{3: len(long), fewEvents + 1: shortText + len("…")} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := open(t)
			s.Read(bridge.NewReads())
			for i := range n {
				e := event(i)
				e.ID = accept(t, s, e)[0].ID
				facts := bridge.NewFacts(e)
				facts["course"] = map[string]any{"name": long}
				if err := s.FanOut(t.Context(), e, facts, []Target{{Route: "r", Sink: "a", Gather: Gather{Key: "digest ", Closes: noon, Latest: noon, Room: n}}}, noon); err != nil {
					t.Fatal(err)
				}
			}
			due, err := s.DueParcels(t.Context(), "a", noon.Add(time.Hour), 1)
			if err != nil || len(due) != 1 {
				t.Fatal(len(due), err)
			}
			members, err := s.CloseParcel(t.Context(), due[0].ID, n)
			if err != nil || len(members) != n {
				t.Fatal(len(members), err)
			}
			for i, d := range members {
				name, _ := d.Facts["course"].(map[string]any)["name"].(string)
				if first := i == 0; len(name) != want && !(first && name == long) {
					t.Errorf("event %d has %d bytes of a text, want %d", i, len(name), want)
				}
			}
		})
	}
}
