package store

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// like is an event with an id of its own that is like others with the same key.
func like(key, id string, after time.Duration) bridge.Event {
	return bridge.Event{
		Source: "production", Type: "EnrollmentCompletedByLearner", UserID: "u", CorrelationID: id, ReceivedAt: noon.Add(after),
		Entities: map[string]string{"enrollmentId": id}, Raw: fmt.Appendf(nil, `{"id":%q}`, id),
		DedupeKey: bridge.DedupeKey{Key: []byte(key), Within: 5 * time.Minute},
	}
}

func TestAlike(t *testing.T) { both(t, testAlike) }

func testAlike(t *testing.T, s *Store) {
	first := accept(t, s, like("a", "1", 0))[0]
	for name, c := range map[string]struct {
		event bridge.Event
		want  Accepted
	}{
		"another id":         {like("a", "2", time.Minute), Accepted{first.ID, true, true}},
		"an earlier clock":   {like("a", "3", -time.Minute), Accepted{first.ID, true, true}},
		"the same bytes":     {like("a", "1", 2*time.Minute), Accepted{first.ID, true, false}},
		"just within":        {like("a", "4", 5*time.Minute-time.Microsecond), Accepted{first.ID, true, true}},
		"the bytes later on": {like("a", "1", time.Hour), Accepted{first.ID, true, false}},
	} {
		if got := accept(t, s, c.event)[0]; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if e, err := s.Event(t.Context(), first.ID); err != nil || e.Alike != 3 {
		t.Errorf("%d like it, %v", e.Alike, err)
	}
	next := accept(t, s, like("a", "5", 5*time.Minute))[0]
	if next.Duplicate {
		t.Errorf("after the time: %+v", next)
	}
	if got := accept(t, s, like("a", "6", 9*time.Minute))[0]; got != (Accepted{next.ID, true, true}) {
		t.Errorf("the time begins with the event that was taken: %+v", got)
	}
	none := like("", "7", 0)
	none.DedupeKey = bridge.DedupeKey{}
	list := accept(t, s, like("b", "8", 0), like("b", "9", 0), like("c", "10", 0), none)
	if list[0].Duplicate || list[1] != (Accepted{list[0].ID, true, true}) || list[2].Duplicate || list[3].Duplicate {
		t.Errorf("a list: %+v", list)
	}
	if _, err := s.Sweep(t.Context(), Retention{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := accept(t, s, like("c", "11", time.Second))[0]; got.Duplicate {
		t.Errorf("what is older than a day is compared with: %+v", got)
	}
}

// Of events that come at the same time one is taken.
func TestAlikeAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var wg sync.WaitGroup
		var mu sync.Mutex // guards fresh
		fresh := 0
		for i := range 16 {
			wg.Go(func() {
				got, err := s.Accept(t.Context(), []bridge.Event{like("a", fmt.Sprint(i), 0)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if !got[0].Duplicate {
					fresh++
				}
			})
		}
		wg.Wait()
		if fresh != 1 {
			t.Errorf("%d were taken", fresh)
		}
	})
}

func TestAlikeAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	for i := range 2 {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if got := accept(t, s, like("a", fmt.Sprint(i), 0))[0]; got.Alike != (i == 1) {
			t.Errorf("start %d: %+v", i, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
