package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// full makes a store with something in each table.
func full(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	routedEvents(t, s, 210, "a", "b")
	waits := event(9000)
	waits.Raw = []byte("{\"eventName\":\"Ünïcode \\u0000\", \"id\": \"\xff\"}")
	accept(t, s, waits)
	all, err := s.Deliveries(ctx, Filter{Limit: 10000})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range all {
		for n := range i % 4 {
			state := []bridge.State{bridge.Pending, bridge.Pending, bridge.Sent, bridge.Dead}[(n+i)%4]
			if err := s.Record(ctx, bridge.Attempt{DeliveryID: d.ID, At: noon.Add(time.Duration(n) * time.Second), Outcome: "temporary", Status: 500 + n, Detail: "words", Counted: true, State: state}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 250 {
		if err := s.RememberName(ctx, fmt.Sprint("s", i%3), fmt.Sprint("k", i%2), fmt.Sprint(i), "a name"); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		s.SaveToken(ctx, "production", "token", noon), s.Verified(ctx, "production", noon), s.Keep(ctx, "sink a", "{}"),
		s.Capture(ctx, Capture{Source: "production", Received: noon, Body: []byte{0, 1, 255}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// dump gives every row of every table that is copied, as text.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	var all []string
	for _, table := range tables() {
		columns := slices.Concat(table.key, table.columns)
		rows, err := list(t.Context(), s, scanAll(len(columns)), "SELECT "+strings.Join(columns, ", ")+" FROM "+table.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			all = append(all, fmt.Sprintf("%s %q", table.name, row))
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(all, func(row string) bool { return strings.HasPrefix(row, `states ["`+closed) })
}

func silent(string, int) {}

// A copy that is interrupted again and again has everything once at its end.
func TestCopyGoesOnWhereItWasInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	for _, way := range []string{"sqlite to postgres", "postgres to sqlite"} {
		t.Run(way, func(t *testing.T) {
			from, to := open(t), openAt(t, pgtest.Shared(t).Database(t))
			if strings.HasPrefix(way, "postgres") {
				from, to = to, from
			}
			full(t, from)
			want := dump(t, from)
			for interrupted := 0; ; interrupted++ {
				ctx, cancel := context.WithCancel(t.Context())
				pages := 0
				err := from.Copy(ctx, to, "the other", func(string, int) {
					if pages++; pages == 2 {
						cancel()
					}
				})
				cancel()
				if err == nil {
					if interrupted < 3 {
						t.Errorf("interrupted %d times", interrupted)
					}
					break
				}
				if closed := to.InUse(t.Context()); closed == nil || !strings.Contains(closed.Error(), "not ended") {
					t.Fatalf("half of a copy may be used: %v", closed)
				}
				if interrupted > 100 {
					t.Fatal(err)
				}
			}
			if got := dump(t, to); !slices.Equal(got, want) {
				t.Errorf("%d rows, want %d", len(got), len(want))
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] {
						t.Fatalf("row %d:\n%s\n%s", i, got[i], want[i])
					}
				}
			}
			if err := to.InUse(t.Context()); err != nil {
				t.Error(err)
			}
			if err := from.InUse(t.Context()); err == nil || !strings.Contains(err.Error(), "the other") {
				t.Errorf("both may be used: %v", err)
			}
			if err := from.TakeBack(t.Context()); err != nil || from.InUse(t.Context()) != nil {
				t.Error("it cannot be taken back:", err)
			}
		})
	}
}

// What the other store has already stays as it is.
func TestCopyIntoAStoreInUse(t *testing.T) {
	from, to := open(t), openAt(t, filepath.Join(t.TempDir(), "other.db"))
	full(t, from)
	accept(t, to, event(1)) // the portal sent it to both
	for range 2 {
		if err := from.Copy(t.Context(), to, "the other", silent); err != nil {
			t.Fatal(err)
		}
	}
	a, err := from.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := to.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a["events"] != b["events"] || b["deliveries"] != a["deliveries"]-2 {
		t.Errorf("from %v to %v: want the event once, and not the deliveries of the other one", a, b)
	}
}

func TestCopyOfAStoreThatIsUsed(t *testing.T) {
	from, to := open(t), open(t)
	if _, err := from.Acquire(t.Context(), "me", "", time.Minute, "replica me"); err != nil {
		t.Fatal(err)
	}
	if err := from.Copy(t.Context(), to, "the other", silent); err == nil || !strings.Contains(err.Error(), "stop it") {
		t.Error(err)
	}
}
