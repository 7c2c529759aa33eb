package store

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// What is stored together is one insert: each caller still hears of its own events.
func TestRepetitionsWithinABurst(t *testing.T) { both(t, testRepetitionsWithinABurst) }

func testRepetitionsWithinABurst(t *testing.T, s *Store) {
	const different, times = 40, 5
	var fresh atomic.Int64
	var mu sync.Mutex // guards ids
	ids := map[int]map[string]bool{}
	var wg sync.WaitGroup
	for i := range different * times {
		wg.Go(func() {
			n := i % different
			e := event(n)
			e.CorrelationID, e.UserAgent = "c", "odd \x00 and \xff"
			stored, err := s.Accept(t.Context(), []bridge.Event{e, e, event(1000 + i)})
			if err != nil {
				t.Error(err)
				return
			}
			if !stored[1].Duplicate || stored[1].ID != stored[0].ID || stored[2].Duplicate {
				t.Errorf("one request with an event twice, and another one: %+v", stored)
			}
			if !stored[0].Duplicate {
				fresh.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			if ids[n] == nil {
				ids[n] = map[string]bool{}
			}
			ids[n][stored[0].ID] = true
		})
	}
	wg.Wait()
	if fresh.Load() != different {
		t.Errorf("%d events were new, want %d", fresh.Load(), different)
	}
	for n, all := range ids {
		if len(all) != 1 {
			t.Errorf("event %d has %d ids", n, len(all))
		}
	}
	if all := unrouted(t, s); len(all) == 0 || all[0].ID == "" {
		t.Errorf("%d events wait", len(all))
	}
}
