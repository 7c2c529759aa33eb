package store

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

func keyOf(n int) []byte {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return sum[:16]
}

// A filter never denies what was added, and seldom says that something was which was not.
func TestSeen(t *testing.T) {
	var f seen
	if !f.has(keyOf(1)) {
		t.Error("an empty filter says that something is new")
	}
	const keys = leastKeys
	round := f.begin(keys / 2)
	for n := range keys {
		f.add(keyOf(n))
	}
	if !f.has(keyOf(-1)) {
		t.Error("a filter that is not filled yet says that something is new")
	}
	f.end(round)
	wrong := 0
	for n := range keys {
		if !f.has(keyOf(n)) {
			t.Fatalf("key %d was added", n)
		}
		if f.has(keyOf(keys + n)) {
			wrong++
		}
	}
	if wrong > keys/50 {
		t.Errorf("%d of %d keys are taken for others", wrong, keys)
	}
	if f.full() {
		t.Error("it is full with as many keys as it is for")
	}
	f.add(keyOf(-2))
	f.add(keyOf(-3))
	if !f.full() {
		t.Error("it is never full")
	}
	if f.full() || !f.has(keyOf(-4)) {
		t.Error("a full filter is still asked, or learned again by two")
	}
	round = f.begin(1)
	f.invalidate()
	f.end(round)
	if !f.has(keyOf(-4)) {
		t.Error("what was learned before something else became known counts")
	}
}

// A filter knows the events of a store that is opened again, those that come while it
// learns, and more than it was made for.
func TestSeenLearns(t *testing.T) {
	s := open(t)
	const before = 300
	for n := range before {
		accept(t, s, event(n))
	}
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.arrivals.learn(s)
		accept(t, s, event(before))
		s.arrivals.learners.Wait()
	}
	for n := range before + 1 {
		if again := accept(t, s, event(n))[0]; !again.Duplicate {
			t.Fatalf("event %d is new", n)
		}
	}
	row, err := newEventRow(event(before + 1))
	if err != nil {
		t.Fatal(err)
	}
	if s.arrivals.seen.has(row.key) {
		t.Error("what is new is looked for in the tables")
	}
	e := event(before + 1)
	e.ReceivedAt = noon.Add(time.Minute)
	if got := accept(t, s, e)[0]; got.Duplicate {
		t.Errorf("%+v", got)
	}
}
