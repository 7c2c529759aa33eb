package dispatch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
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

// notes is a memory of its own.
type notes struct {
	mu    sync.Mutex
	kept  map[string]string
	times int // of Keep
}

func (n *notes) State(_ context.Context, name string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.kept[name], nil
}

func (n *notes) Keep(_ context.Context, name, value string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kept == nil {
		n.kept = map[string]string{}
	}
	n.times++
	n.kept[name] = value
	return nil
}

func wait(t *testing.T, ctx context.Context, p *Pace, m memory) bool {
	t.Helper()
	ok, err := p.Wait(ctx, m)
	if err != nil {
		t.Error(err)
	}
	return ok
}

func pause(t *testing.T, p *Pace, m memory, d time.Duration) {
	t.Helper()
	if err := p.Pause(t.Context(), m, d); err != nil {
		t.Error(err)
	}
}

func TestPaceHoldsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace(PaceConfig{Limit: bridge.Limit{Rate: 0.5, Burst: 2}})
		m := &notes{}
		began := time.Now()
		for i, want := range []time.Duration{0, 0, 2 * time.Second, 4 * time.Second} {
			if !wait(t, t.Context(), p, m) {
				t.Fatal("Wait gives up")
			}
			if got := time.Since(began); got != want {
				t.Errorf("message %d goes after %v, want %v", i, got, want)
			}
		}
		pause(t, p, m, time.Minute)
		pause(t, p, m, time.Second) // a shorter one does not shorten it
		before := time.Now()
		wait(t, t.Context(), p, m)
		if got := time.Since(before); got != time.Minute {
			t.Errorf("paused for %v, want a minute", got)
		}
	})
}

func TestPaceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace(PaceConfig{Limit: bridge.Limit{Rate: 1.0 / 3600, Burst: 1}})
		m := &notes{}
		wait(t, t.Context(), p, m)
		done := make(chan bool)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- wait(t, ctx, p, m) }()
		synctest.Wait()
		cancel()
		if <-done {
			t.Error("Wait lets a message through although its context ended")
		}
	})
}

// Whoever goes on, at any moment and however often, sends no more in any span of
// time than one that had never stopped might have.
func TestPaceHoldsTheRateAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := bridge.Limit{Rate: 2, Burst: 5}
		config := PaceConfig{Name: "a", Of: "x", Limit: limit}
		m := &notes{}
		random := rand.New(rand.NewPCG(1, 2))
		var sent []time.Time
		for range 60 {
			p := NewPace(config)
			if err := p.resume(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			for range random.IntN(8) {
				wait(t, t.Context(), p, m)
				sleep(t.Context(), time.Duration(random.IntN(900))*time.Millisecond)
				sent = append(sent, time.Now()) // it arrives
				sleep(t.Context(), time.Duration(random.IntN(300))*time.Millisecond)
				p.Sent()
			}
			sleep(t.Context(), time.Duration(random.IntN(3000))*time.Millisecond)
		}
		for i, from := range sent {
			for j, to := range sent[i:] {
				if allowed := float64(limit.Burst) + to.Sub(from).Seconds()*limit.Rate + 1e-6; float64(j+1) > allowed {
					t.Fatalf("%d messages in %v, more than %.2f", j+1, to.Sub(from), allowed)
				}
			}
		}
		if m.times > len(sent)/2+60 {
			t.Errorf("the store was told %d times of %d messages", m.times, len(sent))
		}
	})
}

func TestPausesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &notes{}
		pause(t, NewPace(PaceConfig{Name: "a", Of: "x"}), m, time.Hour)
		for of, want := range map[string]time.Duration{"x": time.Hour, "another destination": 0} {
			p := NewPace(PaceConfig{Name: "a", Of: of})
			if err := p.resume(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if got := max(p.paused(), 0); got != want {
				t.Errorf("%s pauses for %v, want %v", of, got, want)
			}
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
		got := goesTo(t, routes, bridge.Event{Type: c.event, Source: c.source})
		if got != c.want {
			t.Errorf("%s of %s goes to %s, want %s", c.event, c.source, got, c.want)
		}
	}
}

// goesTo gives where routes send an event.
func goesTo(t *testing.T, routes []Route, e bridge.Event) string {
	t.Helper()
	plan := Plan{Routes: routes, Templates: templates(t)}
	all, _ := plan.targets(routes, e, nil, time.Now())
	type target struct{ route, sink string }
	short := []target{}
	for _, one := range all {
		short = append(short, target{one.Route, one.Sink})
	}
	return fmt.Sprint(short)
}
