package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// The attempts of a delivery are those that an earlier version recorded, and those that
// this one did, whatever the platform said.
func TestAttempts(t *testing.T) { both(t, testAttempts) }

func testAttempts(t *testing.T, s *Store) {
	routedEvents(t, s, 1, "a")
	id := deliveries(t, s, Filter{})[0].ID
	at := time.Now().Truncate(time.Microsecond).UTC()
	if _, err := s.write(t.Context(), change(`INSERT INTO attempts (delivery_id, at, took, outcome, status, detail, sink) VALUES (?, ?, 7, 'temporary', 502, 'by an earlier version', 'a')`,
		id, micros(at.Add(-time.Minute)))); err != nil {
		t.Fatal(err)
	}
	for i, detail := range []string{"", "two  spaces", "tab\tand\nnew\r\nlines", "quotes ' \" % _ ü \x00"} {
		a := bridge.Attempt{DeliveryID: id, Sink: "a", At: at.Add(time.Duration(i) * time.Second), Took: 1500 * time.Microsecond, Outcome: "message rejected", Status: 400 + i, Detail: bridge.CleanLine(detail), State: bridge.Pending}
		for range 2 {
			if err := s.Record(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := s.Attempts(t.Context(), id)
	if err != nil || len(all) != 5 {
		t.Fatalf("%+v, %v", all, err)
	}
	if a := all[0]; a.Status != 502 || a.Detail != "by an earlier version" || a.Took != 7*time.Microsecond {
		t.Errorf("%+v", a)
	}
	for i, a := range all[1:] {
		if !a.At.Equal(at.Add(time.Duration(i)*time.Second)) || a.Took != 1500*time.Microsecond || a.Outcome != "message rejected" || a.Status != 400+i {
			t.Errorf("%d: %+v", i, a)
		}
	}
	if got := fmt.Sprintf("%q", []string{all[1].Detail, all[2].Detail}); got != fmt.Sprintf("%q", []string{"", bridge.CleanLine("two  spaces")}) {
		t.Error(got)
	}
	tallies, err := s.Tallies(t.Context(), at.Add(-time.Hour), 2*time.Hour)
	n := map[string]int{}
	for _, tally := range tallies {
		n[tally.Outcome] += tally.N
	}
	if err != nil || n["temporary"] != 1 || n["message rejected"] != 8 { // each was recorded twice
		t.Errorf("%+v, %v", tallies, err)
	}
	sent := bridge.Attempt{DeliveryID: id, Sink: "a", At: at.Add(time.Hour), Outcome: "sent", State: bridge.Sent}
	if err := s.Record(t.Context(), sent, sent); err != nil {
		t.Fatal(err)
	}
	if all, err = s.Attempts(t.Context(), id); err != nil || len(all) != 6 || !all[5].At.Equal(sent.At) || all[5].Outcome != "sent" {
		t.Errorf("%+v, %v", all, err)
	}
	if all := attemptsOf("no line\n1\t2\tsent\t200\tok\n\n", 5); len(all) != 1 || all[0].Detail != "ok" {
		t.Errorf("%+v", all)
	}
}

// Nobody needs counts of the week before.
func TestTalliesAreSwept(t *testing.T) {
	s := open(t)
	for _, age := range []time.Duration{time.Hour, talliesFor + time.Hour} {
		if _, err := s.write(t.Context(), tallied([]bridge.Attempt{{Sink: "a", Outcome: "sent", At: time.Now().Add(-age)}})...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sweep(t.Context(), Retention{}, nil); err != nil {
		t.Fatal(err)
	}
	if rows, err := s.Rows(t.Context()); err != nil || rows["tallies"] != 1 {
		t.Errorf("%v, %v", rows, err)
	}
}
