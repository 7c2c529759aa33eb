package dispatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// healthTest records failures in the health of a sink.
type healthTest struct {
	health
	waiting bool // whether others wait
	now     time.Time
}

func (h *healthTest) note(d bridge.Delivery, e bridge.SendError) (a bridge.Attempt, pause, until time.Duration) {
	if h.now.IsZero() {
		h.now = noon
	}
	a, pause, _ = h.judge(failure{d, &e, h.now, 24 * time.Hour, false, func() bool { return h.waiting }})
	return a, pause, max(0, h.Until.Sub(h.now))
}

// What happens to a delivery whose sink has just accepted another one.
func TestJudgedDelivery(t *testing.T) {
	const giveUp = 24 * time.Hour
	fresh, failing := bridge.Delivery{ID: "d"}, bridge.Delivery{ID: "d", FailingSince: noon, Attempts: 1}
	for _, c := range []struct {
		name     string
		delivery bridge.Delivery
		err      bridge.SendError
		at       time.Time
		state    bridge.State
		counted  bool
		earliest time.Duration // of the next attempt, after the failure
		latest   time.Duration
	}{
		{"first failure", fresh, bridge.SendError{}, noon, bridge.Pending, true, 1, 5*time.Second + 1},
		{"fourth failure", bridge.Delivery{FailingSince: noon, Attempts: 3}, bridge.SendError{}, noon, bridge.Pending, true, 1, 40*time.Second + 1},
		{"hundredth failure", bridge.Delivery{FailingSince: noon, Attempts: 99}, bridge.SendError{}, noon, bridge.Pending, true, 1, 15*time.Minute + 1},
		{"platform asks to wait", fresh, bridge.SendError{RetryAfter: time.Minute}, noon, bridge.Pending, true, time.Minute, time.Minute},
		{"after a day", failing, bridge.SendError{Detail: "x"}, noon.Add(giveUp), bridge.Dead, true, 0, 0},
		{"first failure after a year of waiting", fresh, bridge.SendError{}, noon.Add(365 * 24 * time.Hour), bridge.Pending, true, 1, 5*time.Second + 1},
		{"rejected", fresh, bridge.SendError{Kind: bridge.MessageRejected, Status: 400}, noon, bridge.Dead, true, 0, 0},
		{"limited", fresh, bridge.SendError{Kind: bridge.Limited, RetryAfter: time.Second}, noon, bridge.Pending, false, 0, 0},
		{"broken", fresh, bridge.SendError{Kind: bridge.DestinationBroken}, noon, bridge.Pending, false, 0, 0},
		{"broken for a week", failing, bridge.SendError{Kind: bridge.DestinationBroken}, noon.Add(7 * 24 * time.Hour), bridge.Pending, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := healthTest{now: c.at}
			h.succeeded(bridge.Delivery{ID: "another"})
			a, _, _ := h.note(c.delivery, c.err)
			if a.State != c.state || a.Counted != c.counted {
				t.Errorf("state %s, counted %v; want %s, %v", a.State, a.Counted, c.state, c.counted)
			}
			if a.State == bridge.Dead {
				return
			}
			if c.latest == 0 {
				if !a.NotBefore.IsZero() {
					t.Errorf("rescheduled to %v; it should keep its place in the queue", a.NotBefore)
				}
				return
			}
			if wait := a.NotBefore.Sub(c.at); wait < c.earliest || wait > c.latest {
				t.Errorf("tried again after %v, want %v to %v", wait, c.earliest, c.latest)
			}
		})
	}
}

func TestBreaker(t *testing.T) {
	var h healthTest
	for i := range breakerAt - 1 {
		if _, pause, until := h.note(bridge.Delivery{ID: fmt.Sprint(i)}, bridge.SendError{}); pause+until != 0 {
			t.Errorf("pauses after %d failures", i+1)
		}
	}
	for range 10 { // one failing delivery does not blame the sink
		if _, pause, until := h.note(bridge.Delivery{ID: "0"}, bridge.SendError{}); pause+until != 0 || h.probing() {
			t.Fatal("one delivery that fails often opens the breaker")
		}
	}
	var last time.Duration
	for range 3 {
		_, _, until := h.note(bridge.Delivery{ID: "another"}, bridge.SendError{})
		if until <= last || !h.probing() {
			t.Errorf("rests %v after %v, probing = %v; want growing rests while the breaker is open", until, last, h.probing())
		}
		last = until
	}
	if h.succeeded(bridge.Delivery{ID: "7"}); h.probing() {
		t.Error("a success does not close the breaker")
	}
}

// A destination is broken if two messages are refused, or one while no other waits.
func TestBrokenDestination(t *testing.T) {
	one, two := bridge.Delivery{ID: "1"}, bridge.Delivery{ID: "2"}
	broken := bridge.SendError{Kind: bridge.DestinationBroken, Status: 404, Detail: "no_service"}
	alone := healthTest{}
	if _, _, until := alone.note(one, broken); until != firstProbe || !alone.unconfirmed() {
		t.Errorf("one that is alone: %v, %+v", until, alone.health)
	}
	h := healthTest{waiting: true}
	if _, _, until := h.note(one, broken); until != 0 || h.Broken != "" {
		t.Errorf("another waits: %v, %+v", until, h.health)
	}
	last := time.Duration(0)
	for range 10 {
		_, _, until := h.note(two, broken)
		if until < last || h.Broken == "" || !h.probing() || h.unconfirmed() {
			t.Errorf("two are refused: %v after %v, %+v", until, last, h.health)
		}
		last = until
	}
	if last != lastProbe {
		t.Errorf("probed every %v", last)
	}
	if h.succeeded(two); h.Broken != "" {
		t.Error("a success does not mend the destination")
	}
	if a, _, until := h.note(one, broken); a.State != bridge.Pending || a.NotBefore.IsZero() || until != 0 {
		t.Errorf("one that fails alone: %+v, the sink rests %v", a, until)
	}
	one.Attempts = maxRefusals - 1
	if a, _, until := h.note(one, broken); a.State != bridge.Dead || until != 0 {
		t.Errorf("one that fails alone again and again: %+v, the sink rests %v", a, until)
	}
}

// A refused message is dead if there is no other to compare with, or if another one has
// succeeded. Messages that are refused in a row wait, and after some of them the sink rests.
func TestRefusals(t *testing.T) {
	refused := bridge.SendError{Kind: bridge.MessageRejected, Status: 400}
	delivery := func(i int) bridge.Delivery { return bridge.Delivery{ID: fmt.Sprint(i)} }
	alone := healthTest{}
	if a, _, until := alone.note(delivery(0), refused); a.State != bridge.Dead || until != 0 {
		t.Errorf("one that is alone: %+v, the sink rests %v", a, until)
	}
	if a, _, _ := alone.note(delivery(1), refused); a.State != bridge.Pending {
		t.Errorf("the next one that is alone, and none has passed: %+v", a)
	}
	h := healthTest{waiting: true}
	for i := range breakerAt {
		if a, _, until := h.note(delivery(i), refused); a.State != bridge.Pending || (until == 0) != (i < breakerAt-1) {
			t.Errorf("refusal %d: %+v, the sink rests %v", i, a, until)
		}
	}
	h.succeeded(bridge.Delivery{ID: "good"})
	if a, _, _ := h.note(delivery(breakerAt-1), refused); a.State != bridge.Dead {
		t.Errorf("since another has passed: %+v", a)
	}
	h = healthTest{waiting: true}
	h.note(delivery(0), refused)
	h.waiting = false // the other one was cancelled
	if a, _, _ := h.note(delivery(0), refused); a.State != bridge.Dead {
		t.Errorf("one that is left alone: %+v", a)
	}
}

func TestPausesOfALimitedSink(t *testing.T) {
	var h healthTest
	if _, pause, _ := h.note(bridge.Delivery{ID: "1"}, bridge.SendError{Kind: bridge.Limited, RetryAfter: 7 * time.Second}); pause != 7*time.Second {
		t.Errorf("limited: pause %v, want what the platform asked for", pause)
	}
	if _, pause, _ := h.note(bridge.Delivery{ID: "1"}, bridge.SendError{Kind: bridge.Limited}); pause < limitedPause {
		t.Errorf("limited without a time: pause %v, want at least %v", pause, limitedPause)
	}
	if h.hasFailed("1") {
		t.Error("another delivery passes one that was limited twice")
	}
	if h.note(bridge.Delivery{ID: "1"}, bridge.SendError{Kind: bridge.Limited}); !h.hasFailed("1") {
		t.Error("no other delivery is tried, although one is always limited")
	}
}
