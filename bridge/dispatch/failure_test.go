package dispatch

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

func TestLimitedPausesWithoutCounting(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 3, "a")
		sink := &fakeSink{script: func(n int, _ string) error {
			if n == 1 || n == 2 {
				return fails(bridge.Limited, 30*time.Second)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(5 * time.Minute)
		stop()
		if got := sink.got(); !slices.Equal(got, []string{"event 0", "event 1", "event 1", "event 1", "event 2"}) {
			t.Fatalf("sent %v", got)
		}
		if gap := sink.at[2].Sub(sink.at[1]); gap < 30*time.Second {
			t.Errorf("tried again after %v", gap)
		}
		due, _ := r.store.Due(context.Background(), "a", time.Now(), 10)
		if c := r.counts("a"); c[bridge.Sent] != 3 || len(due) != 0 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestTemporaryLetsOthersPass(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 4, "a")
		failed := 0
		sink := &fakeSink{script: func(_ int, title string) error {
			if title == "event 1" && failed < 3 {
				failed++
				return fails(bridge.Temporary, 0)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(10 * time.Minute)
		stop()
		got := sink.got()
		if !slices.Equal(got[:4], numbered(4)) || !slices.Equal(got[4:], []string{"event 1", "event 1", "event 1"}) {
			t.Errorf("sent %v", got)
		}
		if c := r.counts("a"); c[bridge.Sent] != 4 {
			t.Errorf("counts %v", c)
		}
	})
}

// A refused message waits until another one has succeeded. Then it is tried once more, and is
// dead.
func TestRejectedIsDeadOnceAnotherPasses(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 3, "a")
		sink := &fakeSink{script: func(_ int, title string) error {
			if title == "event 1" {
				return fails(bridge.MessageRejected, 0)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(time.Hour)
		stop()
		if got := sink.got(); !slices.Equal(got, append(numbered(3), "event 1")) {
			t.Errorf("sent %v", got)
		}
		if c := r.counts("a"); c[bridge.Sent] != 2 || c[bridge.Dead] != 1 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestBrokenDestinationHoldsAndProbes(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 5, "a")
		sink := &fakeSink{script: func(n int, _ string) error {
			if n < 4 {
				return fails(bridge.DestinationBroken, 0)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(firstProbe / 2)
		if got := sink.got(); !slices.Equal(got, numbered(2)) {
			t.Errorf("before the first probe it was tried %v", got)
		}
		time.Sleep(3 * firstProbe) // 1 + 2
		if got := sink.got(); !slices.Equal(got, numbered(4)) {
			t.Errorf("after two probes it was tried %v; each takes another message", got)
		}
		if c := r.counts("a"); c[bridge.Pending] != 5 {
			t.Errorf("counts %v", c)
		}
		time.Sleep(time.Hour)
		stop()
		if got := sink.got(); !slices.Equal(got[4:], []string{"event 4", "event 0", "event 1", "event 2", "event 3"}) {
			t.Errorf("after it was fixed: %v", got)
		}
	})
}

// One of two sinks in a bucket is broken; the other one still gets its messages. After Retry
// or Forget the broken sink is tried at once, without waiting for the next probe.
func TestBrokenSinkIsNoOthersTrouble(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 5, "a", "b")
		broken := &fakeSink{script: func(n int, _ string) error {
			if n < 3 {
				return fails(bridge.DestinationBroken, 0)
			}
			return nil
		}}
		whole, messages, limiter := &fakeSink{}, NewMessageCache(), NewLimiter(LimiterConfig{Name: "bucket"})
		a := r.sender(messages, "a", broken, limiter)
		stop := runAll(a, r.sender(messages, "b", whole, limiter))
		time.Sleep(firstProbe / 2)
		if a, b := broken.got(), whole.got(); len(a) != 2 || !slices.Equal(b, numbered(5)) {
			t.Errorf("the broken sink was sent %v, the whole one %v", a, b)
		}
		a.Retry()
		time.Sleep(firstProbe / 2)
		stop()
		if got := broken.got(); len(got) != 3 {
			t.Errorf("somebody has tried to mend it: %v", got)
		}
		if err := Forget(context.Background(), r.store, "a"); err != nil {
			t.Fatal(err)
		}
		stop = runAll(r.sender(messages, "a", broken, limiter))
		time.Sleep(firstProbe / 2)
		stop()
		if got := broken.got(); len(got) != 8 {
			t.Errorf("after it was fixed: %v", got)
		}
	})
}

func TestBreakerOpensAfterFiveDeliveries(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 50, "a")
		down := true
		sink := &fakeSink{script: func(int, string) error {
			if down {
				return fails(bridge.Temporary, 0)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(time.Hour)
		if n := len(sink.got()); n < 6 || n > 40 {
			t.Errorf("%d attempts in an hour of outage with 50 deliveries", n)
		}
		sink.mu.Lock()
		down = false
		sink.mu.Unlock()
		time.Sleep(time.Hour)
		stop()
		if c := r.counts("a"); c[bridge.Sent] != 50 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestGivenUp(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 1, "a")
		sink := &fakeSink{script: func(int, string) error { return fails(bridge.Temporary, 0) }}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(3 * time.Hour)
		stop()
		if c := r.counts("a"); c[bridge.Dead] != 1 {
			t.Errorf("counts %v after %d attempts", c, len(sink.got()))
		}
	})
}

// TestTemplateFaultIsDead renders an event whose template fails at run time.
func TestTemplateFaultIsDead(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		e := bridge.Event{Source: "s", Type: "GroupCreated", ReceivedAt: time.Now(), Raw: []byte(`{"count":1}`), Body: map[string]any{"count": "1"}}
		stored, err := r.store.Accept(context.Background(), []bridge.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		e.ID = stored[0].ID
		if err := r.store.FanOut(context.Background(), e, bridge.NewFacts(e), []store.Target{{Route: "r", Sink: "a"}}, time.Now()); err != nil {
			t.Fatal(err)
		}
		sink := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(time.Minute)
		stop()
		if c := r.counts("a"); c[bridge.Dead] != 1 || len(sink.got()) != 0 {
			t.Errorf("counts %v, sent %v", c, sink.got())
		}
	})
}
