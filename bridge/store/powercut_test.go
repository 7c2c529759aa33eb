package store

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// rounds is how often a test with many rounds repeats: as a variable of the environment
// says, else what is usual.
func rounds(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// TestPowerCuts cuts the power below SQLite and the inbox, while events are accepted,
// routed and sent. Of what was not synced any sectors may be on disk. Each event that was
// answered is in the store after the cut, once, and is routed once; what was recorded
// as sent stays so.
func TestPowerCuts(t *testing.T) {
	usual := 40
	if testing.Short() {
		usual = 4
	}
	const lives = 20 // of a store; then the next one begins
	cuts := rounds(t, "BRIDGE_TEST_CUTS", usual)
	seed := uint64(rounds(t, "BRIDGE_TEST_SEED", cuts))
	answered := 0
	for n := range (cuts + lives - 1) / lives {
		w := &world{dice: rand.New(rand.NewPCG(seed, uint64(n))), answered: map[string]bool{}, sent: map[string]bool{}}
		folder := t.TempDir()
		for range min(lives, cuts-n*lives) {
			folder = w.live(t, folder)
			if t.Failed() {
				t.Fatalf("seed %d, store %d, %d cuts", seed, n, w.cuts)
			}
		}
		w.finish(t, folder)
		answered += len(w.answered)
	}
	t.Logf("%d cuts, %d events answered", cuts, answered)
	if answered < cuts {
		t.Error("that is too few: the test tests little")
	}
}

// world is what outlives a power cut.
type world struct {
	cuts   int
	events int

	mu       sync.Mutex      // guards what follows
	dice     *rand.Rand      // of the worker that has mu
	answered map[string]bool // correlation ids
	sent     map[string]bool // ids of events
}

// chance is a number below n.
func (w *world) chance(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dice.IntN(n)
}

// openOn opens a store whose files are on a disk.
func openOn(d *hardDisk) (*Store, error) {
	path := filepath.Join(d.folder, "bridge.db")
	s, err := Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	err = s.arrivals.log.Close()
	log, _, opened := inbox.OpenOn(d, inboxPath(path), s.arrivals.movedTo())
	if err = errors.Join(err, opened); err != nil {
		_ = s.Close()
		return nil, err
	}
	s.arrivals.log = log
	return s, nil
}

// live opens the store in a folder, works with it, and cuts the power at some moment. It
// gives the folder that is left.
func (w *world) live(t *testing.T, folder string) string {
	t.Helper()
	d := newHardDisk(t, folder)
	defer d.stop()
	if w.chance(5) == 0 {
		d.offAfter(w.chance(60)) // while the store is opened
	}
	s, err := openOn(d)
	if err == nil {
		if err := w.check(t, s); err != nil && !d.isOff() {
			t.Fatal(err)
		}
		if w.chance(4) > 0 {
			d.offAfter(1 + w.chance(1<<w.chance(10)))
		}
		w.work(t, s)
		if w.chance(2) == 0 {
			d.offAfter(w.chance(12)) // while it is closed
		} else if w.chance(2) == 0 {
			d.offAfter(0)
		}
		_ = s.Close()
	} else if !d.isOff() {
		t.Fatal(err)
	}
	w.cuts++
	return d.cut(t, w.dice)
}

// work does what a bridge does, until it is done or the power is off.
func (w *world) work(t *testing.T, s *Store) {
	t.Helper()
	if e, is := s.engine.(*sqlite); is && w.chance(2) == 0 { // checkpoints are more frequent
		e.mu.Lock()
		_, _ = e.conn.ExecContext(t.Context(), "PRAGMA wal_autocheckpoint = 20")
		e.mu.Unlock()
	}
	var posters, others sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		posters.Go(func() { w.post(s) })
	}
	for _, other := range []func(*Store) bool{w.route, w.send, w.tidy} {
		others.Go(func() {
			for other(s) {
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	posters.Wait()
	close(done)
	others.Wait()
}

// post has events accepted.
func (w *world) post(s *Store) {
	for range 1 + w.chance(12) {
		size := 0
		if w.chance(40) == 0 {
			size = 300 << 10
		}
		var all []bridge.Event
		w.mu.Lock()
		for range 1 + w.dice.IntN(3) {
			w.events++
			e := event(w.events)
			e.Raw = append(e.Raw, make([]byte, size)...)
			all = append(all, e)
		}
		w.mu.Unlock()
		if _, err := s.Accept(context.Background(), all); err != nil {
			return
		}
		w.mu.Lock()
		for _, e := range all {
			w.answered[e.CorrelationID] = true
		}
		w.mu.Unlock()
	}
}

// route routes some of the events that wait.
func (w *world) route(s *Store) bool {
	waiting, err := s.Unrouted(context.Background(), noon.Add(24*time.Hour), 30)
	if err != nil {
		return false
	}
	var all sync.WaitGroup
	for _, e := range waiting {
		if w.chance(4) > 0 {
			all.Go(func() {
				_ = s.FanOut(context.Background(), e.Event, bridge.NewFacts(e.Event), []Target{{Route: "r", Sink: "a"}}, noon)
			})
		}
	}
	all.Wait()
	return true
}

// send records some deliveries as sent.
func (w *world) send(s *Store) bool {
	due, err := s.Due(context.Background(), "a", noon.Add(24*time.Hour), 1+w.chance(5))
	if err != nil {
		return false
	}
	for _, d := range due {
		if s.Record(context.Background(), bridge.Attempt{DeliveryID: d.ID, Sink: "a", At: noon, Outcome: "sent", State: bridge.Sent}) != nil {
			return false
		}
		w.mu.Lock()
		w.sent[d.EventID] = true
		w.mu.Unlock()
	}
	time.Sleep(time.Millisecond)
	return true
}

// tidy does one of the things that change the files as a whole.
func (w *world) tidy(s *Store) bool {
	var err error
	switch w.chance(8) {
	case 0:
		err = s.scrub(context.Background())
	case 1:
		err = s.arrivals.move(context.Background())
	case 2:
		e, _ := s.engine.(*sqlite)
		e.mu.Lock()
		_, err = e.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(RESTART)")
		e.mu.Unlock()
	case 3:
		err = s.settle(context.Background())
	default:
		time.Sleep(2 * time.Millisecond)
	}
	return err == nil
}

// check compares a store with what is known of it. The error is that it cannot be read.
func (w *world) check(t *testing.T, s *Store) error {
	t.Helper()
	type row struct{ id, correlation, state string }
	rows, err := listNow(t.Context(), s, func(from scanner) (r row, err error) { return r, from.Scan(&r.id, &r.correlation, &r.state) },
		`SELECT e.id, e.correlation_id, COALESCE(d.state, '') FROM events e LEFT JOIN deliveries d ON d.event_id = e.id`)
	if err != nil {
		return err
	}
	lost, sent, found := maps.Clone(w.answered), maps.Clone(w.sent), map[string]bool{}
	for _, r := range rows {
		if found[r.correlation] {
			t.Errorf("event %s is stored or routed twice", r.correlation)
		}
		found[r.correlation] = true
		delete(lost, r.correlation)
		if r.state == string(bridge.Sent) {
			delete(sent, r.id)
		}
	}
	if len(lost) > 0 || len(sent) > 0 {
		t.Errorf("%d of %d events that were answered are lost, and %d of %d that were sent are not recorded", len(lost), len(w.answered), len(sent), len(w.sent))
	}
	var whole string
	var orphans int
	if err := s.rowNow(t.Context(), "PRAGMA quick_check(1)").Scan(&whole); err != nil {
		return err
	}
	if err := s.rowNow(t.Context(), "SELECT count(*) FROM pragma_foreign_key_check").Scan(&orphans); err != nil {
		return err
	}
	if whole != "ok" || orphans > 0 {
		t.Errorf("the tables are damaged: %s, %d rows without another", whole, orphans)
	}
	return nil
}

// finish routes what is left, and looks whether each event has one delivery.
func (w *world) finish(t *testing.T, folder string) {
	t.Helper()
	s := openAt(t, filepath.Join(folder, "bridge.db"))
	for left := unrouted(t, s); len(left) > 0; left = unrouted(t, s) {
		for _, e := range left {
			if err := s.FanOut(t.Context(), e.Event, bridge.NewFacts(e.Event), []Target{{Route: "r", Sink: "a"}}, noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.check(t, s); err != nil {
		t.Fatal(err)
	}
	var events, deliveries int
	if err := s.row(t.Context(), `SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM deliveries)`).Scan(&events, &deliveries); err != nil || events != deliveries {
		t.Errorf("%d events have %d deliveries, %v", events, deliveries, err)
	}
}

// What was moved without a sync is on disk before the inbox forgets it, though nothing else
// is to be moved then.
func TestTheInboxForgetsWhatIsOnDisk(t *testing.T) {
	d := newHardDisk(t, t.TempDir())
	defer d.stop()
	s, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	accept(t, s, event(1))
	if err := s.arrivals.move(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.arrivals.synced = time.Now().Add(time.Hour) // the next move is not synced
	accept(t, s, event(2))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.unsynced("bridge.db-wal") == 0 {
		t.Fatal("the move was synced: the test tests nothing")
	}
	if err := s.arrivals.move(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.unsynced("bridge.db-wal"); n > 0 || s.arrivals.log.Size() > 0 {
		t.Errorf("%d writes are not synced, and the inbox keeps %d bytes", n, s.arrivals.log.Size())
	}
}

// A router gets an answer for an event that the disk no longer has, or that is under way
// when the store is closed.
func TestFanOutEnds(t *testing.T) {
	for _, what := range []string{"the inbox is damaged", "the disk fails", "the store is closed on a disk that fails"} {
		t.Run(what, func(t *testing.T) {
			d := newHardDisk(t, t.TempDir())
			defer d.stop()
			s, err := openOn(d)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			accept(t, s, event(1), event(2))
			waiting := unrouted(t, s)
			switch what {
			case "the inbox is damaged":
				end := s.arrivals.log.End()
				name := inbox.Files(inboxPath(filepath.Join(d.folder, "bridge.db")))[end.Segment%2]
				if err := os.WriteFile(name, make([]byte, end.Offset), 0o600); err != nil {
					t.Fatal(err)
				}
			case "the disk fails":
				d.offAfter(0)
			default:
				d.offAfter(0)
				_ = s.Close()
			}
			var all sync.WaitGroup
			for _, e := range waiting {
				all.Go(func() {
					if err := s.FanOut(context.Background(), e.Event, bridge.NewFacts(e.Event), []Target{{Route: "r", Sink: "a"}}, noon); err == nil {
						t.Errorf("event %s was routed", e.ID)
					}
				})
			}
			all.Wait()
		})
	}
}
