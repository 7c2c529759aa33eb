package dispatch

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
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
	temporary := &bridge.SendError{}
	var h health
	for i := range breakerAt - 1 {
		if pause := h.note(bridge.Delivery{ID: fmt.Sprint(i)}, temporary); pause != 0 {
			t.Errorf("pauses after %d failures", i+1)
		}
	}
	for range 10 { // one delivery that keeps failing is its own trouble
		if pause := h.note(bridge.Delivery{ID: "0"}, temporary); pause != 0 || h.probing() {
			t.Fatal("one delivery that fails often opens the breaker")
		}
	}
	var last time.Duration
	for range 3 {
		pause := h.note(bridge.Delivery{ID: "another"}, temporary)
		if pause <= last || !h.probing() {
			t.Errorf("pause = %v after %v, probing = %v; want growing pauses while the breaker is open", pause, last, h.probing())
		}
		last = pause
	}
	if h.ok(); h.probing() {
		t.Error("a success does not close the breaker")
	}
	if pause := h.note(bridge.Delivery{}, &bridge.SendError{Kind: bridge.DestinationBroken, Status: 404, Detail: "no_service"}); pause != brokenPause || !h.probing() {
		t.Errorf("broken: pause %v, probing %v", pause, h.probing())
	}
	if h.ok(); h.broken != "" {
		t.Error("a success does not mend the destination")
	}
	if pause := h.note(bridge.Delivery{}, &bridge.SendError{Kind: bridge.Limited, RetryAfter: 7 * time.Second}); pause != 7*time.Second {
		t.Errorf("limited: pause %v, want what the platform asked for", pause)
	}
	if pause := h.note(bridge.Delivery{}, &bridge.SendError{Kind: bridge.Limited}); pause < limitedPause {
		t.Errorf("limited without a time: pause %v, want at least %v", pause, limitedPause)
	}
	if pause := h.note(bridge.Delivery{}, &bridge.SendError{Kind: bridge.MessageRejected}); pause != 0 {
		t.Errorf("a rejected message pauses the sink for %v", pause)
	}
}

func TestPaceHoldsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace(bridge.Limit{Rate: 0.5, Burst: 2})
		began := time.Now()
		for i, want := range []time.Duration{0, 0, 2 * time.Second, 4 * time.Second} {
			if !p.Wait(t.Context()) {
				t.Fatal("Wait gives up")
			}
			if got := time.Since(began); got != want {
				t.Errorf("message %d goes after %v, want %v", i, got, want)
			}
		}
		p.Pause(time.Minute)
		p.Pause(time.Second) // a shorter one does not shorten it
		before := time.Now()
		p.Wait(t.Context())
		if got := time.Since(before); got != time.Minute {
			t.Errorf("paused for %v, want a minute", got)
		}
	})
}

func TestPaceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace(bridge.Limit{Rate: 1.0 / 3600, Burst: 1})
		p.Wait(t.Context())
		done := make(chan bool)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- p.Wait(ctx) }()
		synctest.Wait()
		cancel()
		if <-done {
			t.Error("Wait lets a message through although its context ended")
		}
	})
}

func TestRoutes(t *testing.T) {
	routes := []Route{
		{Name: "all", Events: []string{"*"}, To: []string{"log", "log"}},
		{Name: "courses", Events: []string{"CourseBundle*", "OnlineCourseActivated"}, To: []string{"academy", "log"}},
		{Name: "sandbox", Events: []string{"*"}, Sources: []string{"sandbox"}, To: []string{"test"}},
	}
	for _, c := range []struct {
		event, source, want string
	}{
		{"UserCreated", "production", "[{all log}]"},
		{"CourseBundleDeleted", "production", "[{all log} {courses academy} {courses log}]"},
		{"OnlineCourseActivated", "sandbox", "[{all log} {courses academy} {courses log} {sandbox test}]"},
		{"OnlineCourseDeactivated", "production", "[{all log}]"},
	} {
		got := fmt.Sprint(targets(routes, bridge.Event{Type: c.event, Source: c.source}))
		if got != c.want {
			t.Errorf("%s of %s goes to %s, want %s", c.event, c.source, got, c.want)
		}
	}
}
