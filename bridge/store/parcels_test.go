package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// gathered fans an event out to sink a, into a parcel.
func gathered(t *testing.T, s *Store, n int, join string, g Gather) {
	t.Helper()
	e := event(n)
	e.ID = accept(t, s, e)[0].ID
	if err := s.FanOut(t.Context(), e, bridge.NewFacts(e), []Target{{Route: "r", Sink: "a", Join: join, Gather: g}}, noon); err != nil {
		t.Fatal(err)
	}
}

func within(wait, most time.Duration, room int) Gather {
	return Gather{Key: "g", Closes: noon.Add(wait), Latest: noon.Add(most), Room: room}
}

// parcels gives those that are due at the end of the day, with how many deliveries
// each has and when it closes.
func parcels(t *testing.T, s *Store) string {
	t.Helper()
	due, err := s.DueParcels(t.Context(), "a", noon.Add(12*time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range due {
		in, err := s.CloseParcel(t.Context(), p.ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s:%d@%v", p.Key, len(in), p.Closes.Sub(noon)))
	}
	return fmt.Sprint(all)
}

func TestParcelsGather(t *testing.T) { both(t, testParcelsGather) }

func testParcelsGather(t *testing.T, s *Store) {
	for n, wait := range []time.Duration{10 * time.Second, 12 * time.Second, 50 * time.Second} {
		gathered(t, s, n, "", within(wait, 30*time.Second, 100))
	}
	if due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10); err != nil || len(due) != 0 {
		t.Errorf("what is gathered is sent by itself: %v, %v", due, err)
	}
	at, waits, err := s.NextDue(t.Context(), "a")
	if err != nil || !waits || !at.Equal(noon.Add(30*time.Second)) {
		t.Errorf("next at %v, %v, %v", at, waits, err)
	}
	if got := parcels(t, s); got != "[g:3@30s]" {
		t.Errorf("%s, want what joined to prolong it, up to the latest time", got)
	}
	gathered(t, s, 3, "", within(time.Minute, time.Minute, 2)) // the first is closed
	gathered(t, s, 4, "", within(2*time.Minute, 2*time.Minute, 2))
	gathered(t, s, 5, "", within(3*time.Minute, 3*time.Minute, 2))
	if got := parcels(t, s); got != "[g:2@0s g:3@30s g:1@3m0s]" {
		t.Errorf("%s, want one that is full to be due at once, and another one for the rest", got)
	}
}

func TestParcelsJoin(t *testing.T) { both(t, testParcelsJoin) }

func testParcelsJoin(t *testing.T, s *Store) {
	gathered(t, s, 0, "burst", Gather{}) // there is none to join
	if due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10); err != nil || len(due) != 1 {
		t.Fatalf("%v, %v", due, err)
	}
	burst := Gather{Key: "burst", Closes: noon.Add(time.Hour), Latest: noon.Add(time.Hour), Room: 3}
	if err := s.Collect(t.Context(), Choice{Sink: "a", Route: "r"}, burst); err != nil {
		t.Fatal(err)
	}
	gathered(t, s, 1, "burst", within(time.Minute, time.Minute, 9))
	gathered(t, s, 2, "burst", within(time.Minute, time.Minute, 9))
	gathered(t, s, 3, "burst", within(time.Minute, time.Minute, 9)) // it is full
	if got := parcels(t, s); got != "[burst:3@0s g:1@1m0s]" {
		t.Errorf("%s", got)
	}
}

func TestCollect(t *testing.T) { both(t, testCollect) }

func testCollect(t *testing.T, s *Store) {
	routedEvents(t, s, 5, "a", "b")
	gathered(t, s, 9000, "", Gather{Key: "story x", Closes: noon.Add(time.Minute), Latest: noon.Add(time.Minute), Room: 9})
	choice := Choice{Sink: "a", Route: "r", Types: []string{"CertificateAwarded"}, From: "story "}
	if n, err := s.Waiting(t.Context(), choice, 100); err != nil || n != 6 {
		t.Errorf("%d wait, %v", n, err)
	}
	if n, err := s.Waiting(t.Context(), Choice{Sink: "a", Route: "r", Types: []string{"UserCreated"}}, 100); err != nil || n != 0 {
		t.Errorf("%d of another type wait, %v", n, err)
	}
	if err := s.Collect(t.Context(), choice, Gather{Key: "burst", Closes: noon.Add(time.Hour), Latest: noon.Add(time.Hour), Room: 4}); err != nil {
		t.Fatal(err)
	}
	due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10)
	if err != nil || len(due) != 1 {
		t.Errorf("%d left, %v; want the four oldest to be collected", len(due), err)
	}
	if due, err := s.Due(t.Context(), "b", noon.Add(time.Hour), 10); err != nil || len(due) != 5 {
		t.Errorf("another sink has %d, %v", len(due), err)
	}
}

// What is recorded of a parcel is so of all its deliveries, and not of those that
// were called off.
func TestParcelsAreRecorded(t *testing.T) { both(t, testParcelsAreRecorded) }

func testParcelsAreRecorded(t *testing.T, s *Store) {
	for n := range 4 {
		gathered(t, s, n, "", within(0, 0, 100))
	}
	due, err := s.DueParcels(t.Context(), "a", noon, 10)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	in, err := s.CloseParcel(t.Context(), due[0].ID, 100)
	if err != nil || len(in) != 4 {
		t.Fatal(in, err)
	}
	if _, err := s.Cancel(t.Context(), Filter{IDs: []string{in[0].ID}}); err != nil {
		t.Fatal(err)
	}
	record := func(a bridge.Attempt) {
		t.Helper()
		a.Parcel, a.Sink, a.At = due[0].ID, "a", noon.Add(time.Duration(a.Status)*time.Second)
		if err := s.Record(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	record(bridge.Attempt{Outcome: "temporary", Status: 500, Detail: "no", Counted: true, State: bridge.Pending, NotBefore: noon.Add(time.Hour)})
	if again, err := s.DueParcels(t.Context(), "a", noon.Add(time.Minute), 10); err != nil || len(again) != 0 {
		t.Errorf("due again too early: %v, %v", again, err)
	}
	in, err = s.CloseParcel(t.Context(), due[0].ID, 100)
	if err != nil || len(in) != 3 || in[0].Attempts != 1 || in[0].FailingSince.IsZero() {
		t.Errorf("%+v, %v", in, err)
	}
	record(bridge.Attempt{Outcome: "sent", Status: 200, Counted: true, State: bridge.Sent, Receipt: "r1",
		Posts: []bridge.Post{{Kind: bridge.ThreadPost, Key: "k", Ref: "t1"}}})
	counts, err := s.Counts(t.Context())
	if err != nil || counts["a"][bridge.Sent] != 3 || counts["a"][bridge.Cancelled] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	shown, err := s.Delivery(t.Context(), in[0].ID)
	if err != nil || len(shown.Tries) != 2 || shown.Receipt != "r1" {
		t.Errorf("%+v, %v", shown, err)
	}
	if got := parcels(t, s); got != "[]" {
		t.Errorf("left: %s", got)
	}
	if ref, at, err := s.Post(t.Context(), "a", bridge.ThreadPost, "k"); err != nil || ref != "t1" || at.IsZero() {
		t.Errorf("%q, %v, %v", ref, at, err)
	}
	if ref, _, err := s.Post(t.Context(), "a", bridge.MessagePost, "k"); err != nil || ref != "" {
		t.Errorf("%q, %v", ref, err)
	}
}

// A parcel can be split, is never larger than what is read of it, and what lost its
// parcel goes out by itself.
func TestParcelsAreSplit(t *testing.T) { both(t, testParcelsAreSplit) }

func testParcelsAreSplit(t *testing.T, s *Store) {
	for n := range 7 {
		gathered(t, s, n, "", within(0, 0, 100))
	}
	due, err := s.DueParcels(t.Context(), "a", noon, 10)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	in, err := s.CloseParcel(t.Context(), due[0].ID, 4)
	if err != nil || len(in) != 4 {
		t.Fatal(len(in), err)
	}
	if err := s.SplitParcel(t.Context(), due[0].ID, []string{in[1].ID, in[2].ID}); err != nil {
		t.Fatal(err)
	}
	if got := parcels(t, s); got != "[g:2@0s g:3@0s g:2@0s]" {
		t.Errorf("%s", got)
	}
	if _, err := s.write(t.Context(), change(`DELETE FROM parcels WHERE id = ?`, due[0].ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(t.Context(), Retention{noon.Add(-time.Hour), noon.Add(-time.Hour)}, nil); err != nil {
		t.Fatal(err)
	}
	if singles, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10); err != nil || len(singles) != 2 {
		t.Errorf("%d by themselves, %v", len(singles), err)
	}
}

// Statements with a text for each number of ids do not stay prepared for ever.
func TestPreparedStatementsAreBounded(t *testing.T) {
	s := open(t)
	var ids []string
	for i := range 2 * maxPrepared {
		ids = append(ids, fmt.Sprint("delivery", i))
		if err := s.SplitParcel(t.Context(), "parcel", ids); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.engine.(*sqlite).stmts); n > maxPrepared {
		t.Errorf("%d statements are prepared", n)
	}
}
