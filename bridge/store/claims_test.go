package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// nameless is a completion that names neither a course nor a time.
func nameless(user string) bridge.Event {
	return bridge.Event{Source: "production", Type: "EnrollmentCompletedByLearner", UserID: user, CorrelationID: "k", ReceivedAt: noon, Raw: fmt.Appendf(nil, `{"u":%q}`, user)}
}

// about is an event with the ids of an enrollment, at its date.
func about(e bridge.Event, course string, at time.Time) bridge.Event {
	e = e.Infer(map[string]string{"courseId": course, "enrollmentId": "e-" + course})
	e.OccurredAt = at
	return e
}

func TestSameBytesAgain(t *testing.T) { both(t, testSameBytesAgain) }

func testSameBytesAgain(t *testing.T, s *Store) {
	first := accept(t, s, nameless("u1"))[0]
	second := accept(t, s, nameless("u1"))[0]
	if first.Duplicate || second.Duplicate || first.ID == second.ID {
		t.Fatalf("first %+v, second %+v", first, second)
	}
	// The sender of the second one gave up waiting: what comes next is that one again.
	row, err := newEventRow(nameless("u1"))
	if err != nil {
		t.Fatal(err)
	}
	row.id = second.ID
	gone, cancel := context.WithCancel(t.Context())
	s.unanswered(gone, []eventRow{row}) // it was answered
	cancel()
	if third := accept(t, s, nameless("u1"))[0]; third.Duplicate {
		t.Errorf("after an answer: %+v", third)
	} else {
		row.id = third.ID
	}
	s.unanswered(gone, []eventRow{row})
	again := accept(t, s, nameless("u1"))[0]
	if !again.Duplicate || again.ID != row.id {
		t.Errorf("after no answer: %+v", again)
	}
	if next := accept(t, s, nameless("u1"))[0]; next.Duplicate {
		t.Errorf("once that was answered: %+v", next)
	}
	waiting, err := s.Unrouted(t.Context(), time.Now(), 10)
	if err != nil || len(waiting) != 4 || waiting[0].Repeats != "" || waiting[1].Repeats != first.ID {
		t.Errorf("%+v, %v", waiting, err)
	}
}

func TestClaims(t *testing.T) { both(t, testClaims) }

func testClaims(t *testing.T, s *Store) {
	ctx := t.Context()
	claim := func(e bridge.Event, courses ...string) (claimed int, free []int) {
		t.Helper()
		candidates := make([]bridge.Event, len(courses))
		for i, course := range courses {
			candidates[i] = about(e, course, noon.Add(time.Duration(i)*time.Second))
		}
		claimed, free, err := s.Claim(ctx, e, candidates)
		if err != nil {
			t.Fatal(err)
		}
		return claimed, free
	}
	event := func(e bridge.Event) bridge.Event {
		e.ID = accept(t, s, e)[0].ID
		return e
	}
	one := event(nameless("u1"))
	if claimed, free := claim(one, "a", "b"); claimed != -1 || len(free) != 2 {
		t.Errorf("one event, two courses: %d of %v", claimed, free)
	}
	two := event(nameless("u1"))
	if claimed, _ := claim(two, "a", "b"); claimed != 1 { // the second event, the second course
		t.Errorf("the second of two events: %d", claimed)
	}
	if claimed, free := claim(one, "a", "b"); claimed != 0 || len(free) != 1 {
		t.Errorf("the first of two events: %d of %v", claimed, free)
	}
	// Of two events and one course, the first one has it, whoever asks first.
	early, again := event(nameless("u9")), event(nameless("u9"))
	again.Repeats = early.ID
	if claimed, free := claim(again, "a"); claimed != -1 || len(free) != 1 {
		t.Errorf("the repetition, before the first: %d of %v", claimed, free)
	}
	if claimed, _ := claim(early, "a"); claimed != 0 {
		t.Error("the first has nothing")
	}
	if claimed, free := claim(again, "a"); claimed != -1 || len(free) != 0 {
		t.Errorf("the repetition, after the first: %d of %v", claimed, free)
	}
	if claimed, free := claim(event(nameless("u1")), "a", "b"); claimed != -1 || len(free) != 0 {
		t.Errorf("the third of two: %d of %v", claimed, free)
	}
	if claimed, _ := claim(event(nameless("u2")), "a"); claimed != 0 {
		t.Error("another person's course is taken")
	}
	routed := event(nameless("u8"))
	if err := s.FanOut(ctx, routed, nil, nil, noon); err != nil {
		t.Fatal(err)
	}
	if claimed, _ := claim(routed, "a"); claimed != -1 { // another replica was faster
		t.Errorf("an event that was routed: %d", claimed)
	}
	event(completed("u3", "a", noon, false))
	if claimed, free := claim(event(nameless("u3")), "a", "b"); claimed != 1 || len(free) != 1 {
		t.Errorf("what a webhook names: %d of %v", claimed, free)
	}
	missing := listed("u4", "a", noon)
	if n, err := s.CatchUp(ctx, Untold{Events: []bridge.Event{missing}}, "", ""); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	late := nameless("u4")
	late.ReceivedAt = noon.Add(leanWithin + time.Minute) // any earlier it is a duplicate at once
	if claimed, free := claim(event(late), "a"); claimed != -1 || len(free) != 0 {
		t.Errorf("what was created by catching up: %d of %v", claimed, free)
	}
	waiting, err := s.Unrouted(ctx, time.Now(), 100)
	if err != nil || waiting[0].Entities["courseId"] != "a" || waiting[0].Inferred["enrollmentId"] != "e-a" {
		t.Errorf("%+v, %v", waiting[0], err)
	}
	// What was inferred is what a webhook reported: nothing is missing.
	if missing, err := s.Missing(ctx, []bridge.Event{listed("u1", "a", noon), listed("u1", "b", noon), listed("u1", "c", noon.Add(time.Hour))}); err != nil || len(missing.Events) != 1 {
		t.Errorf("missing %+v, %v", missing.Events, err)
	}
}
