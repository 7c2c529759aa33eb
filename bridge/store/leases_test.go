package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLeases(t *testing.T) { both(t, testLeases) }

func testLeases(t *testing.T, s *Store) {
	ctx := t.Context()
	got := func(names []string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(names)
	}
	const long, short = time.Hour, 10 * time.Millisecond
	for _, step := range []struct{ what, got, want string }{
		{"a takes two", got(s.Acquire(ctx, "a", "", long, "y", "x")), "[x y]"},
		{"b gets what is free", got(s.Acquire(ctx, "b", "", short, "x", "z")), "[z]"},
		{"a has its own already", got(s.Acquire(ctx, "a", "note", long, "x")), "[x]"},
		{"b renews only its own", got(s.Renew(ctx, "b", short, "x", "y", "z")), "[z]"},
	} {
		if step.got != step.want {
			t.Errorf("%s: %s, want %s", step.what, step.got, step.want)
		}
	}
	time.Sleep(2 * short)
	if names := got(s.Acquire(ctx, "a", "", long, "z")); names != "[z]" {
		t.Errorf("an expired lease cannot be taken: %s", names)
	}
	if names := got(s.Renew(ctx, "b", long, "z")); names != "[]" {
		t.Errorf("b renews what a took: %s", names)
	}
	if err := s.Release(ctx, "b", "x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(ctx, "a", "y", "z"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Leases(ctx)
	if err != nil || len(all) != 1 || all[0].Name != "x" || all[0].Owner != "a" || all[0].Note != "note" || all[0].Left < long-time.Minute || all[0].Left > long {
		t.Errorf("%+v, %v", all, err)
	}
}

// Of many who take a lease at the same time one gets it.
func TestALeaseHasOneOwner(t *testing.T) { both(t, testALeaseHasOneOwner) }

func testALeaseHasOneOwner(t *testing.T, s *Store) {
	var wg sync.WaitGroup
	var owners atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			got, err := s.Acquire(t.Context(), fmt.Sprint(i), "", time.Hour, "x")
			if err != nil {
				t.Error(err)
			}
			owners.Add(int64(len(got)))
		})
	}
	wg.Wait()
	if owners.Load() != 1 {
		t.Errorf("%d owners", owners.Load())
	}
}

func TestLock(t *testing.T) { both(t, testLock) }

func testLock(t *testing.T, s *Store) {
	var wg sync.WaitGroup
	var inside atomic.Int64
	for range 4 {
		wg.Go(func() {
			unlock, err := s.Lock(t.Context(), "token")
			if err != nil {
				t.Error(err)
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two have the lock")
			}
			time.Sleep(time.Millisecond)
			inside.Add(-1)
			unlock()
		})
	}
	wg.Wait()

	unlock, err := s.Lock(t.Context(), "token")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Lock(ctx, "token"); err == nil {
		t.Error("a lock that is held was given")
	}
}

func TestStates(t *testing.T) { both(t, testStates) }

func testStates(t *testing.T, s *Store) {
	for _, value := range []string{"", "one", "two"} {
		if value != "" {
			if err := s.Keep(t.Context(), "sink a", value); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.State(t.Context(), "sink a"); err != nil || got != value {
			t.Errorf("%q, %v, want %q", got, err, value)
		}
	}
}
