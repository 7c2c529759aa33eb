package dispatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestFailed(t *testing.T) {
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
		{"rejected", fresh, bridge.SendError{Kind: bridge.MessageRejected}, noon, bridge.Dead, true, 0, 0},
		{"limited", fresh, bridge.SendError{Kind: bridge.Limited, RetryAfter: time.Second}, noon, bridge.Pending, false, 0, 0},
		{"broken", fresh, bridge.SendError{Kind: bridge.DestinationBroken}, noon, bridge.Pending, false, 0, 0},
		{"broken for a week", failing, bridge.SendError{Kind: bridge.DestinationBroken}, noon.Add(7 * 24 * time.Hour), bridge.Pending, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := failed(c.delivery, &c.err, c.at, giveUp)
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

func TestHealth(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	temporary := &bridge.SendError{}
	var h health
	note := func(id string, e *bridge.SendError) (pause, until time.Duration) {
		pause, rests := h.note(bridge.Delivery{ID: id}, e, now)
		if h.Until.After(now) {
			until = h.Until.Sub(now)
		}
		if rests != (pause > 0 || until > 0) {
			t.Errorf("after %+v: rests = %v, pause %v, until %v", e, rests, pause, until)
		}
		return pause, until
	}
	for i := range breakerAt - 1 {
		if pause, until := note(fmt.Sprint(i), temporary); pause+until != 0 {
			t.Errorf("pauses after %d failures", i+1)
		}
	}
	for range 10 { // one delivery that keeps failing is its own trouble
		if pause, until := note("0", temporary); pause+until != 0 || h.probing() {
			t.Fatal("one delivery that fails often opens the breaker")
		}
	}
	var last time.Duration
	for range 3 {
		_, until := note("another", temporary)
		if until <= last || !h.probing() {
			t.Errorf("rests %v after %v, probing = %v; want growing rests while the breaker is open", until, last, h.probing())
		}
		last = until
	}
	if h.ok(); h.probing() {
		t.Error("a success does not close the breaker")
	}
	if _, until := note("", &bridge.SendError{Kind: bridge.DestinationBroken, Status: 404, Detail: "no_service"}); until != brokenPause || !h.probing() {
		t.Errorf("broken: rests %v, probing %v", until, h.probing())
	}
	if h.ok(); h.Broken != "" {
		t.Error("a success does not mend the destination")
	}
	if pause, _ := note("", &bridge.SendError{Kind: bridge.Limited, RetryAfter: 7 * time.Second}); pause != 7*time.Second {
		t.Errorf("limited: pause %v, want what the platform asked for", pause)
	}
	if pause, _ := note("", &bridge.SendError{Kind: bridge.Limited}); pause < limitedPause {
		t.Errorf("limited without a time: pause %v, want at least %v", pause, limitedPause)
	}
	if pause, until := note("", &bridge.SendError{Kind: bridge.MessageRejected}); pause+until != 0 {
		t.Errorf("a rejected message pauses the sink for %v", pause+until)
	}
}
