package store

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// unstable is a store whose disk forgets what was not synced.
type unstable struct {
	*Store
	path   string
	mu     sync.Mutex
	synced int64 // bytes of the write-ahead log that are on disk
}

func openUnstable(t *testing.T, path string) *unstable {
	t.Helper()
	u := &unstable{Store: openAt(t, path), path: path}
	move := u.arrivals.transact
	u.arrivals.transact = func(ctx context.Context, all []statement, sync bool) error {
		err := move(ctx, all, sync)
		if sync && err == nil {
			u.sync(t)
		}
		return err
	}
	u.sync(t)
	return u
}

func (u *unstable) sync(t *testing.T) {
	info, err := os.Stat(u.path + "-wal")
	if err != nil {
		t.Error(err)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.synced = info.Size()
}

// cut opens what a power cut leaves: of what was written and not synced, any part.
func (u *unstable) cut(t *testing.T, dice *rand.Rand) *unstable {
	t.Helper()
	to := filepath.Join(t.TempDir(), "bridge.db")
	for _, end := range []string{"", "-wal", "-inbox-0", "-inbox-1"} {
		data, err := os.ReadFile(u.path + end)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if end == "-wal" {
			lost := data[u.synced:]
			for len(lost) > 0 && dice.IntN(3) > 0 { // sectors that were never written
				sector := lost[dice.IntN(len(lost)):]
				clear(sector[:min(512, len(sector))])
				if dice.IntN(4) == 0 {
					break
				}
			}
			data = data[:int(u.synced)+dice.IntN(len(lost)+1)]
		}
		if err := os.WriteFile(to+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return openUnstable(t, to)
}

// Events are routed while they are in the inbox, and are moved by others meanwhile; power
// is cut at any moment. Each accepted event is there, once, and is routed once.
func TestRoutingOutOfTheInbox(t *testing.T) {
	dice := rand.New(rand.NewPCG(5, 6))
	for range 4 {
		u := openUnstable(t, filepath.Join(t.TempDir(), "bridge.db"))
		var ids []string
		for n := range 30 {
			for _, a := range accept(t, u.Store, event(2*n), event(2*n+1)) {
				ids = append(ids, a.ID)
			}
			waiting := unrouted(t, u.Store)
			var others sync.WaitGroup
			for _, e := range waiting {
				if dice.IntN(4) == 0 {
					continue
				}
				others.Go(func() { fanOutSaid(t, u.Store, e.Event) })
			}
			if dice.IntN(3) == 0 {
				others.Go(func() {
					if err := u.settle(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			others.Wait()
			switch dice.IntN(8) {
			case 0:
				if err := u.arrivals.move(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 1:
				u = u.cut(t, dice)
			}
		}
		for _, e := range unrouted(t, u.Store) {
			fanOutSaid(t, u.Store, e.Event)
		}
		due, err := u.Due(t.Context(), "a", noon.Add(time.Hour), 1000)
		if err != nil {
			t.Fatal(err)
		}
		var routed []string
		for _, d := range due {
			if routed = append(routed, d.EventID); d.Facts["said"] != d.EventID {
				t.Errorf("facts %v of event %s", d.Facts, d.EventID)
			}
		}
		if got := all(t, u.Store); !slices.Equal(got, ids) || !slices.Equal(routed, ids) {
			t.Fatalf("%d events and %d deliveries, want %d of each, in their order", len(got), len(routed), len(ids))
		}
	}
}

func fanOutSaid(t *testing.T, s *Store, e bridge.Event) {
	facts := bridge.NewFacts(e)
	facts["said"] = e.ID
	if err := s.FanOut(context.Background(), e, facts, []Target{{Route: "r", Sink: "a"}}, noon); err != nil {
		t.Error(err)
	}
}

// An event has the same row, and the same deliveries, whether it was routed in the inbox or
// in the tables.
func TestBothWaysOfRouting(t *testing.T) {
	var rows, deliveries [2]any
	for way := range 2 {
		s := open(t)
		e := event(3)
		e.Traceparent, e.OccurredAt, e.Signature = "00-1-2-01", noon.Add(-time.Hour), "hex"
		accept(t, s, e)
		if way == 1 {
			if err := s.settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		e = unrouted(t, s)[0].Event
		e.Trace = bridge.LookupTrace{Repeats: "x"}
		targets := []Target{
			{Route: "r", Sink: "a"}, {Route: "r", Sink: "a"},
			{Route: "r", Sink: "b", Gather: Gather{Key: "k", Closes: noon.Add(time.Minute), Latest: noon.Add(time.Hour), Room: 10}},
			{Route: "q", Sink: "b", Join: "none", Gather: Gather{Key: "k", Closes: noon.Add(time.Minute), Latest: noon.Add(time.Hour), Room: 1}},
		}
		if err := s.FanOut(t.Context(), e, bridge.NewFacts(e), targets, noon); err != nil {
			t.Fatal(err)
		}
		found, err := s.Event(t.Context(), e.ID)
		if err != nil || len(found.To) != 3 {
			t.Fatal(found, err)
		}
		var to []DeliveryRow
		for _, d := range found.To {
			d.ID, d.EventID = "", ""
			to = append(to, d)
		}
		found.ID, found.To = "", nil
		found.Facts["event"].(map[string]any)["id"] = ""
		rows[way], deliveries[way] = found, to
	}
	if a, b := asJSON(t, rows[0]), asJSON(t, rows[1]); a != b {
		t.Errorf("events differ:\n%s\n%s", a, b)
	}
	if a, b := asJSON(t, deliveries[0]), asJSON(t, deliveries[1]); a != b {
		t.Errorf("deliveries differ:\n%s\n%s", a, b)
	}
}

// A delivery that is made once more after a power cut has the id that it had.
func TestDeliveryIDs(t *testing.T) {
	const event = "01a22352-a4ce-7b01-bd5f-459ae110942e"
	id := deliveryID(event, Target{Route: "r", Sink: "a"})
	if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 || parsed.Variant() != uuid.RFC4122 || !Arrival(id).Equal(Arrival(event)) {
		t.Errorf("%s is not a UUIDv7 of the event's time: %v", id, err)
	}
	if again := deliveryID(event, Target{Route: "r", Sink: "a", Gather: Gather{Room: 1}}); again != id {
		t.Errorf("%s, then %s", id, again)
	}
	others := map[string]bool{id: true}
	for _, target := range []Target{{Route: "r", Sink: "b"}, {Route: "q", Sink: "a"}, {Route: "ra"}, {Sink: "ra"}} {
		others[deliveryID(event, target)] = true
	}
	if others[deliveryID(event[:35]+"f", Target{Route: "r", Sink: "a"})] || len(others) != 5 {
		t.Errorf("two deliveries have the same id: %v", others)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A store that is closed while events are routed keeps all of them.
func TestClosedWhileRouting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	for range 5 {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		before := len(all(t, s))
		for n := range 20 {
			accept(t, s, event(before+n))
		}
		var routers sync.WaitGroup
		for _, e := range unrouted(t, s) {
			routers.Go(func() {
				err := s.FanOut(context.Background(), e.Event, bridge.NewFacts(e.Event), []Target{{Route: "r", Sink: "a"}}, noon)
				if err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			})
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		routers.Wait()
		next := openAt(t, path)
		waiting, due := unrouted(t, next), 0
		if rows, err := next.Due(t.Context(), "a", noon.Add(time.Hour), 1000); err != nil {
			t.Fatal(err)
		} else {
			due = len(rows)
		}
		if len(waiting)+due != before+20 {
			t.Errorf("%d events wait and %d are routed, want %d", len(waiting), due, before+20)
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
