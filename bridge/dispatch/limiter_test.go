package dispatch

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// memoryStates is a stateStore in memory. It counts the writes.
type memoryStates struct {
	mu    sync.Mutex
	kept  map[string]string
	times int // of Keep
}

func (n *memoryStates) State(_ context.Context, name string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.kept[name], nil
}

func (n *memoryStates) Keep(_ context.Context, name, value string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kept == nil {
		n.kept = map[string]string{}
	}
	n.times++
	n.kept[name] = value
	return nil
}

func wait(ctx context.Context, t *testing.T, p *Limiter, m stateStore) bool {
	t.Helper()
	ok, err := p.Wait(ctx, m)
	if err != nil {
		t.Error(err)
	}
	return ok
}

func pause(t *testing.T, p *Limiter, m stateStore, d time.Duration) {
	t.Helper()
	if err := p.Pause(t.Context(), m, d); err != nil {
		t.Error(err)
	}
}

func TestLimiterKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewLimiter(LimiterConfig{Limit: bridge.Limit{Rate: 0.5, Burst: 2}})
		m := &memoryStates{}
		began := time.Now()
		for i, want := range []time.Duration{0, 0, 2 * time.Second, 4 * time.Second} {
			if !wait(t.Context(), t, p, m) {
				t.Fatal("Wait gives up")
			}
			if got := time.Since(began); got != want {
				t.Errorf("message %d goes after %v, want %v", i, got, want)
			}
		}
		pause(t, p, m, time.Minute)
		pause(t, p, m, time.Second) // a shorter one does not shorten it
		before := time.Now()
		wait(t.Context(), t, p, m)
		if got := time.Since(before); got != time.Minute {
			t.Errorf("paused for %v, want a minute", got)
		}
	})
}

func TestLimiterStopsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewLimiter(LimiterConfig{Limit: bridge.Limit{Rate: 1.0 / 3600, Burst: 1}})
		m := &memoryStates{}
		wait(t.Context(), t, p, m)
		done := make(chan bool)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- wait(ctx, t, p, m) }()
		synctest.Wait()
		cancel()
		if <-done {
			t.Error("Wait lets a message through although its context ended")
		}
	})
}

// However often the process restarts, it sends no more messages in any span of time than a
// process that never stopped.
func TestLimiterKeepsTheRateAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := bridge.Limit{Rate: 2, Burst: 5}
		config := LimiterConfig{Name: "a", Destination: "x", Limit: limit}
		m := &memoryStates{}
		random := rand.New(rand.NewPCG(1, 2))
		var sent []time.Time
		for range 60 {
			p := NewLimiter(config)
			if err := p.restore(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			for range random.IntN(8) {
				wait(t.Context(), t, p, m)
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
			t.Errorf("the store got %d writes for %d messages", m.times, len(sent))
		}
	})
}

func TestPausesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memoryStates{}
		pause(t, NewLimiter(LimiterConfig{Name: "a", Destination: "x"}), m, time.Hour)
		for of, want := range map[string]time.Duration{"x": time.Hour, "another destination": 0} {
			p := NewLimiter(LimiterConfig{Name: "a", Destination: of})
			if err := p.restore(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if got := max(p.pauseLeft(), 0); got != want {
				t.Errorf("%s pauses for %v, want %v", of, got, want)
			}
		}
	})
}

// Two sinks with one limiter together keep its rate.
func TestSinksOfOneBucketShareALimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewLimiter(LimiterConfig{Name: "shared", Limit: bridge.Limit{Rate: 1, Burst: 1}})
		m := &memoryStates{}
		began := time.Now()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 5 {
					wait(t.Context(), t, p, m)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took < 9*time.Second {
			t.Errorf("ten messages in %v", took)
		}
	})
}

// The rate counts from the arrival of a message: tokens that came back while the message was
// on its way are not used.
func TestLimiterCountsFromArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for burst, want := range map[int][]time.Duration{
			1: {4 * time.Second, 6 * time.Second},
			3: {2 * time.Second, 2 * time.Second, 4 * time.Second}, // two more of the burst are left
		} {
			p, m := NewLimiter(LimiterConfig{Limit: bridge.Limit{Rate: 0.5, Burst: burst}}), &memoryStates{}
			began := time.Now()
			wait(t.Context(), t, p, m)
			sleep(t.Context(), 2*time.Second)
			p.Sent()
			for i, w := range want {
				wait(t.Context(), t, p, m)
				if got := time.Since(began); got != w {
					t.Errorf("burst %d: message %d goes after %v, want %v", burst, i+2, got, w)
				}
			}
		}
	})
}
