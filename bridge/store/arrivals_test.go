package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// crashed copies the files of a store that is open, and opens the copy: what a process
// finds after the one before was killed.
func crashed(t *testing.T, path string) *Store {
	t.Helper()
	to := filepath.Join(t.TempDir(), "bridge.db")
	for _, end := range []string{"", "-wal", "-inbox-0", "-inbox-1"} {
		data, err := os.ReadFile(path + end)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return openAt(t, to)
}

// all are the ids of all events in the tables, in the order of their arrival.
func all(t *testing.T, s *Store) []string {
	t.Helper()
	ids, err := listNow(t.Context(), s, func(row scanner) (id string, err error) { return id, row.Scan(&id) }, `SELECT id FROM events ORDER BY received_at, id`)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Whenever the process is killed, what was accepted is in the store that the next one
// opens: once, with every column, and in its order.
func TestAcceptedEventsOutliveACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	s := openAt(t, path)
	dice := rand.New(rand.NewPCG(3, 4))
	var ids []string
	for n := range 60 {
		for _, a := range accept(t, s, event(2*n), event(2*n+1)) {
			ids = append(ids, a.ID)
		}
		switch dice.IntN(6) {
		case 0:
			if got := all(t, crashed(t, path)); !slices.Equal(got, ids) {
				t.Fatalf("after %d: %d events are there, want %d", n, len(got), len(ids))
			}
		case 1:
			if _, err := s.settleSome(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	next := crashed(t, path)
	if found, err := next.Event(t.Context(), ids[7]); err != nil || found.EventRow.Event != event(7).Type || found.Correlation != event(7).CorrelationID {
		t.Errorf("%+v, %v", found, err)
	}
	if again := accept(t, next, event(7))[0]; !again.Duplicate || again.ID != ids[7] {
		t.Errorf("the same bytes after a crash: %+v", again)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) < 4 {
		t.Errorf("%v, %v: the store was not used", left, err)
	}
}

// A store that is closed is one file, and nothing is in it twice.
func TestAClosedStoreHasNoInbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	for n := range 3 {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		accept(t, s, event(n))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, name := range inbox.Files(inboxPath(path)) {
			if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := len(all(t, openAt(t, path))); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// After the inbox of another store was used, the place in that one is what counts.
func TestInboxOfAnotherStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	s := openAt(t, path)
	if _, err := s.write(t.Context(), change(`INSERT INTO inbox (log, segment, place) VALUES (1, 1, 64), (2, 9, 99)`)); err != nil {
		t.Fatal(err)
	}
	accept(t, s, event(0))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	var logs int
	var log int64
	if err := s.row(t.Context(), `SELECT count(*), max(log) FROM inbox`).Scan(&logs, &log); err != nil || logs != 1 || log != s.arrivals.movedTo().Log {
		t.Errorf("%d places, the last one of log %d, %v", logs, log, err)
	}
}

// However many bring the same bytes at once, one event is stored for all of them, and each
// is answered with its id. Bytes that name nothing are an event each.
func TestTheSameBytesAtOnce(t *testing.T) {
	s := open(t)
	ids := map[string]map[string]bool{}
	var mu sync.Mutex // guards ids
	var wg sync.WaitGroup
	for n := range 60 {
		wg.Go(func() {
			e, kind := event(n%5), fmt.Sprint(n%5)
			if n%6 == 0 {
				e, kind = nameless("u1"), "nameless"
			}
			got, err := s.Accept(context.Background(), []bridge.Event{e})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if ids[kind] == nil {
				ids[kind] = map[string]bool{}
			}
			if !got[0].Duplicate && ids[kind]["new"] && kind != "nameless" {
				t.Errorf("%s: a second one is new", kind)
			}
			ids[kind]["new"] = ids[kind]["new"] || !got[0].Duplicate
			ids[kind][got[0].ID] = true
		})
	}
	wg.Wait()
	for kind, of := range ids {
		if want := map[bool]int{true: 11, false: 2}[kind == "nameless"]; len(of) != want {
			t.Errorf("%s: %d ids, want %d", kind, len(of)-1, want-1)
		}
	}
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stored := len(all(t, s)); stored != 5+10 {
		t.Errorf("%d events are stored, want 15", stored)
	}
}

// Events that only the tables can judge come after those that are in the inbox.
func TestOrderOfTheTwoWays(t *testing.T) {
	s := open(t)
	var want []string
	for n := range 20 {
		e := event(n)
		if n%3 == 2 {
			e.DedupeKey = bridge.DedupeKey{Key: fmt.Appendf(nil, "like %d", n), Within: time.Minute}
		}
		want = append(want, accept(t, s, e)[0].ID)
		if n%3 == 2 {
			if got := all(t, s); !slices.Equal(got, want) {
				t.Errorf("after %d: %d events in the tables, want %d", n, len(got), len(want))
			}
		}
	}
}

// While the tables cannot be written, events are accepted and reads show what was there.
func TestTablesThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	s := openAt(t, path)
	accept(t, s, event(0))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := s.engine.(*sqlite)
	only := func(n int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if _, err := e.exec(change(fmt.Sprintf("PRAGMA query_only = %d", n))); err != nil {
			t.Fatal(err)
		}
	}
	only(1)
	id := accept(t, s, event(1))[0].ID
	waiting := unrouted(t, s)
	if len(waiting) != 2 || waiting[1].ID != id {
		t.Fatalf("the router is given %v", waiting)
	}
	fanOut := func() error {
		return s.FanOut(t.Context(), waiting[1].Event, bridge.NewFacts(waiting[1].Event), []Target{{Route: "r", Sink: "a"}}, noon)
	}
	if err := fanOut(); err == nil || !strings.Contains(err.Error(), "out of the inbox") {
		t.Errorf("the router is not told: %v", err)
	}
	if counts, err := s.Rows(t.Context()); err != nil || counts["events"] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	if got := all(t, crashed(t, path)); len(got) != 2 || got[1] != id {
		t.Errorf("after a crash: %v", got)
	}
	only(0)
	if err := fanOut(); err != nil {
		t.Error(err)
	}
	if due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10); err != nil || len(due) != 1 || due[0].EventID != id {
		t.Errorf("%v, %v", due, err)
	}
	if n := len(unrouted(t, s)); n != 1 {
		t.Errorf("%d events wait, want 1", n)
	}
}

// Who waits for the inbox for too long is told to send again, and then it is no event of
// its own.
func TestSenderThatGaveUp(t *testing.T) {
	s := open(t)
	e := nameless("u1")
	row, err := newEventRow(e)
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.arrivals.reserved.reserve(t.Context(), []eventRow{row}, s.settle)
	if err != nil {
		t.Fatal(err)
	}
	s.arrivals.seen.add(row.key)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.arrivals.adding.RLock()
	switch err := s.arrivals.add(gone, []eventRow{row}, own); {
	case err == nil:
		s.arrivals.unanswered([]eventRow{row}, own) // it was faster than the sender's patience
	case !errors.Is(err, context.Canceled):
		t.Fatal(err)
	}
	got := accept(t, s, e)[0]
	if !got.Duplicate || got.ID != row.id {
		t.Errorf("%+v, want a duplicate of %s", got, row.id)
	}
	if got := accept(t, s, e)[0]; got.Duplicate {
		t.Error("after it was answered, the same bytes are no event of their own")
	}
}

// What was forgotten is in no file: not in the tables, and not in the inbox.
func TestForgetEmptiesTheInbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	s := openAt(t, path)
	const secret = "somebody-who-wants-to-be-forgotten"
	accept(t, s, bridge.Event{Source: "p", Type: "UserCreated", UserID: secret, ReceivedAt: noon, Raw: []byte(`{"userId":"` + secret + `"}`)})
	var others sync.WaitGroup
	others.Go(func() { // arrive meanwhile
		for n := range 500 {
			if _, err := s.Accept(context.Background(), []bridge.Event{event(100 + n)}); err != nil {
				t.Error(err)
			}
		}
	})
	if _, err := s.Forget(t.Context(), Person{User: secret}, false); err != nil {
		t.Fatal(err)
	}
	others.Wait()
	for _, name := range append(inbox.Files(inboxPath(path)), path) {
		if data, err := os.ReadFile(name); err != nil || strings.Contains(string(data), secret) {
			t.Errorf("%s: %v, or the person is in it", name, err)
		}
	}
	again := accept(t, s, bridge.Event{Source: "p", Type: "UserCreated", UserID: secret, ReceivedAt: noon, Raw: []byte(`{"userId":"` + secret + `"}`)})[0]
	if !again.Duplicate {
		t.Error("the same bytes bring the person back")
	}
	id := accept(t, s, event(1))[0].ID
	if found, err := s.Event(t.Context(), id); err != nil || found.ID != id {
		t.Errorf("what came afterwards: %+v, %v", found, err)
	}
}

func TestRecords(t *testing.T) {
	values := []any{"text", int64(-7), []byte{0, 1, 255}, nil, "", []byte{}, int64(1) << 60}
	record := appendRecord(nil, recordEvent, values)
	kind, got, err := readRecord(record)
	if err != nil || kind != recordEvent || fmt.Sprint(got) != fmt.Sprint(values) {
		t.Errorf("%c, %v, %v", kind, got, err)
	}
	for n := range record {
		if _, got, err := readRecord(record[:n]); err == nil && len(got) >= len(values) {
			t.Errorf("%d bytes of %d are read whole", n, len(record))
		}
	}
	s := open(t)
	if _, _, err := s.arrivals.read(appendRecord(nil, recordEvent, values)); !errors.Is(err, errRecord) {
		t.Errorf("a record with other columns: %v", err)
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add(appendRecord(nil, recordEvent, []any{"text", int64(-7), []byte{0}, nil}))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, values, err := readRecord(data)
		if err != nil {
			return
		}
		again, same, err := readRecord(appendRecord(nil, kind, values))
		if err != nil || again != kind || fmt.Sprint(same) != fmt.Sprint(values) {
			t.Errorf("%c %v becomes %c %v, %v", kind, values, again, same, err)
		}
	})
}
