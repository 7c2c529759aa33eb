package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// both runs a test with each engine.
func both(t *testing.T, test func(*testing.T, *Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, openAt(t, pgtest.Shared(t).Database(t))) })
}

func open(t *testing.T) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "bridge.db"))
}

func openAt(t *testing.T, where string) *Store {
	t.Helper()
	s, err := Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func event(n int) bridge.Event {
	return bridge.Event{
		Source: "production", Type: "CertificateAwarded", UserID: "u1", CorrelationID: fmt.Sprint("c", n),
		Entities: map[string]string{"courseId": "k1"}, ReceivedAt: noon.Add(time.Duration(n) * time.Second),
		Raw: fmt.Appendf(nil, `{"eventName":"Certificate Awarded","n":%d,"credits":1.50}`, n),
	}
}

func accept(t *testing.T, s *Store, events ...bridge.Event) []Accepted {
	t.Helper()
	got, err := s.Accept(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func unrouted(t *testing.T, s *Store) []Unrouted {
	t.Helper()
	all, err := s.Unrouted(t.Context(), noon.Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAcceptKeepsTheEvent(t *testing.T) { both(t, testAcceptKeepsTheEvent) }

func testAcceptKeepsTheEvent(t *testing.T, s *Store) {
	id := accept(t, s, event(1))[0].ID
	all := unrouted(t, s)
	if len(all) != 1 {
		t.Fatalf("%d unrouted events, want 1", len(all))
	}
	got := all[0]
	if got.ID != id || got.UserID != "u1" || got.Entities["courseId"] != "k1" || !got.ReceivedAt.Equal(event(1).ReceivedAt) {
		t.Errorf("read back %+v", got)
	}
	if credits := fmt.Sprint(got.Body["credits"]); credits != "1.50" {
		t.Errorf("credits = %s, want 1.50: numbers keep their digits", credits)
	}
}

func TestDuplicates(t *testing.T) { both(t, testDuplicates) }

func testDuplicates(t *testing.T, s *Store) {
	first := accept(t, s, event(1))[0]

	again := accept(t, s, event(1))[0]
	if !again.Duplicate || again.ID != first.ID {
		t.Errorf("the same body again = %+v, want a duplicate of %s", again, first.ID)
	}
	other := event(1)
	other.Source = "sandbox"
	if got := accept(t, s, other)[0]; got.Duplicate {
		t.Error("the same body from another source is taken for a duplicate")
	}
	bulk := event(2)
	bulk.CorrelationID = event(1).CorrelationID
	if got := accept(t, s, bulk)[0]; got.Duplicate {
		t.Error("another body of the same transaction is taken for a duplicate")
	}
	pair := accept(t, s, event(5), event(5))
	if pair[0].Duplicate || !pair[1].Duplicate {
		t.Errorf("equal events in one body = %+v, want the second to be a duplicate", pair)
	}
}

func TestDuplicatesExpireWithoutCorrelation(t *testing.T) {
	both(t, testDuplicatesExpireWithoutCorrelation)
}

func testDuplicatesExpireWithoutCorrelation(t *testing.T, s *Store) {
	e := event(1)
	e.CorrelationID = ""
	first := accept(t, s, e)[0]

	e.ReceivedAt = e.ReceivedAt.Add(duplicateWindow - time.Second)
	if got := accept(t, s, e)[0]; !got.Duplicate {
		t.Error("within ten minutes it is no duplicate")
	}
	e.ReceivedAt = e.ReceivedAt.Add(time.Minute)
	second := accept(t, s, e)[0]
	if second.Duplicate {
		t.Error("after ten minutes it is still a duplicate")
	}
	if got := accept(t, s, e)[0]; !got.Duplicate || got.ID != second.ID || got.ID == first.ID {
		t.Errorf("repeated once more = %+v, want a duplicate of %s", got, second.ID)
	}

	e = event(2)
	first = accept(t, s, e)[0]
	e.ReceivedAt = e.ReceivedAt.Add(24 * time.Hour)
	if got := accept(t, s, e)[0]; !got.Duplicate || got.ID != first.ID {
		t.Errorf("a day later, with a correlation id = %+v, want a duplicate of %s", got, first.ID)
	}
}

func TestFanOutHappensOnce(t *testing.T) { both(t, testFanOutHappensOnce) }

func testFanOutHappensOnce(t *testing.T, s *Store) {
	e := event(1)
	e.ID = accept(t, s, e)[0].ID
	targets := []Target{{Route: "all", Sink: "a"}, {Route: "all", Sink: "b"}, {Route: "some", Sink: "a"}}
	for range 2 {
		if err := s.FanOut(t.Context(), e, bridge.NewFacts(e), targets, noon); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if counts["a"][bridge.Pending] != 2 || counts["b"][bridge.Pending] != 1 {
		t.Errorf("deliveries = %v, want 2 for a and 1 for b", counts)
	}
	if left := unrouted(t, s); len(left) != 0 {
		t.Errorf("%d events still unrouted", len(left))
	}
}

func TestDueKeepsTheOrderOfArrival(t *testing.T) { both(t, testDueKeepsTheOrderOfArrival) }

func testDueKeepsTheOrderOfArrival(t *testing.T, s *Store) {
	var events []bridge.Event
	for n := range 3 {
		e := event(n)
		e.ID = accept(t, s, e)[0].ID
		events = append(events, e)
	}
	for _, n := range []int{2, 0, 1} { // looked up with different speed
		if err := s.FanOut(t.Context(), events[n], bridge.NewFacts(events[n]), []Target{{Route: "r", Sink: "a"}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.Due(t.Context(), "a", noon.Add(time.Hour), 10)
	if err != nil {
		t.Fatal(err)
	}
	for n, d := range due {
		if d.EventID != events[n].ID || d.EventType != "CertificateAwarded" || d.Facts["source"] != "production" {
			t.Errorf("due[%d] = %+v, want the delivery of event %d", n, d, n)
		}
	}
	if len(due) != 3 {
		t.Fatalf("%d due, want 3", len(due))
	}
	for n, d := range due {
		behind, err := s.DueBehind(t.Context(), d, noon.Add(time.Hour), 10)
		if err != nil || len(behind) != 2-n || n < 2 && behind[0].ID != due[n+1].ID {
			t.Errorf("behind the delivery of event %d: %+v, %v", n, behind, err)
		}
	}
}

func TestRecord(t *testing.T) { both(t, testRecord) }

func testRecord(t *testing.T, s *Store) {
	e := event(1)
	e.ID = accept(t, s, e)[0].ID
	if err := s.FanOut(t.Context(), e, bridge.NewFacts(e), []Target{{Route: "r", Sink: "a"}}, noon); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(time.Hour)
	due := func(at time.Time) []bridge.Delivery {
		all, err := s.Due(t.Context(), "a", at, 10)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	id := due(later)[0].ID
	record := func(a bridge.Attempt) {
		a.DeliveryID, a.At = id, noon
		for range 2 { // as after a connection that was lost before the answer came
			if err := s.Record(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
	}

	record(bridge.Attempt{Outcome: "limited", State: bridge.Pending})
	if got := due(later); len(got) != 1 || got[0].Attempts != 0 {
		t.Errorf("after being limited = %+v, want it due and uncounted", got)
	}
	record(bridge.Attempt{Outcome: "temporary", Counted: true, State: bridge.Pending, NotBefore: later.Add(time.Minute)})
	if got := due(later); len(got) != 0 {
		t.Error("a rescheduled delivery is due too early")
	}
	if at, waits, err := s.NextDue(t.Context(), "a"); err != nil || !waits || !at.Equal(later.Add(time.Minute)) {
		t.Errorf("NextDue = %v, %v, %v", at, waits, err)
	}
	if got := due(later.Add(time.Minute)); len(got) != 1 || got[0].Attempts != 1 {
		t.Errorf("after a minute = %+v, want it due with one attempt", got)
	}
	record(bridge.Attempt{Outcome: "sent", Counted: true, State: bridge.Sent, Receipt: "42"})
	record(bridge.Attempt{Outcome: "rejected", State: bridge.Dead})
	counts, err := s.Counts(t.Context())
	if err != nil || counts["a"][bridge.Sent] != 1 {
		t.Errorf("counts = %v, %v; a sent delivery stays sent", counts, err)
	}
	if d, err := s.Delivery(t.Context(), id); err != nil || len(d.Tries) != 4 || d.Attempts != 2 {
		t.Errorf("%d tries, %d of them counted, %v; want those four, and two", len(d.Tries), d.Attempts, err)
	}
	if err := s.Record(t.Context(), bridge.Attempt{DeliveryID: "of an event that was deleted", At: noon}); err != nil {
		t.Error(err)
	}
}

func TestPostpone(t *testing.T) { both(t, testPostpone) }

func testPostpone(t *testing.T, s *Store) {
	id := accept(t, s, event(1))[0].ID
	if err := s.Postpone(t.Context(), id, noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if all := unrouted(t, s); len(all) != 0 {
		t.Error("a postponed event is taken up too early")
	}
	at, waits, err := s.NextUnrouted(t.Context())
	if err != nil || !waits || !at.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("NextUnrouted = %v, %v, %v", at, waits, err)
	}
	all, err := s.Unrouted(t.Context(), noon.Add(3*time.Hour), 10)
	if err != nil || len(all) != 1 || all[0].Lookups != 1 {
		t.Errorf("later = %+v, %v; want it once, looked up once", all, err)
	}
}

func TestOneFaultyWriteDoesNotSpoilTheBatch(t *testing.T) {
	both(t, testOneFaultyWriteDoesNotSpoilTheBatch)
}

func testOneFaultyWriteDoesNotSpoilTheBatch(t *testing.T, s *Store) {
	batch := make([]*job, 5)
	for i := range batch {
		name := any("n")
		if i == 2 {
			name = nil
		}
		batch[i] = &job{done: make(chan error, 1), statements: []statement{
			change(`INSERT INTO names (source, kind, id, name) VALUES ('s', 'k', ?, ?)`, fmt.Sprint(i), name),
		}}
	}
	writer{engine: s.engine}.commit(batch)
	for i, j := range batch {
		if err := <-j.done; (i == 2) != (err != nil) {
			t.Errorf("write %d: %v", i, err)
		}
		name, err := s.Name(t.Context(), "s", "k", fmt.Sprint(i))
		if err != nil || (name == "n") != (i != 2) {
			t.Errorf("name of %d = %q, %v", i, name, err)
		}
	}
}

func TestConcurrentAcceptsAreAllKept(t *testing.T) { both(t, testConcurrentAcceptsAreAllKept) }

func testConcurrentAcceptsAreAllKept(t *testing.T, s *Store) {
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			if _, err := s.Accept(t.Context(), []bridge.Event{event(n)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(unrouted(t, s)); got != 64 {
		t.Errorf("%d events, want 64", got)
	}
}

func TestReopenFindsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "bridge.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	accept(t, s, event(1))
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open = %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(t.Context(), []bridge.Event{event(2)}); !errors.Is(err, ErrClosed) {
		t.Errorf("Accept after Close = %v, want ErrClosed", err)
	}
	again, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if all := unrouted(t, again); len(all) != 1 {
		t.Errorf("%d events after reopening, want 1", len(all))
	}
}

func TestTokensAndNames(t *testing.T) { both(t, testTokensAndNames) }

func testTokensAndNames(t *testing.T, s *Store) {
	ctx := t.Context()
	for _, token := range []string{"first", "second"} {
		if err := s.SaveToken(ctx, "production", token, noon); err != nil {
			t.Fatal(err)
		}
		if err := s.RememberName(ctx, "production", "courses", "k1", token); err != nil {
			t.Fatal(err)
		}
	}
	token, expires, err := s.Token(ctx, "production")
	if err != nil || token != "second" || !expires.Equal(noon) {
		t.Errorf("Token = %q, %v, %v", token, expires, err)
	}
	if name, err := s.Name(ctx, "production", "courses", "k1"); err != nil || name != "second" {
		t.Errorf("Name = %q, %v", name, err)
	}
	if name, err := s.Name(ctx, "production", "courses", "k2"); err != nil || name != "" {
		t.Errorf("Name of an unknown = %q, %v, want nothing", name, err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}

// A body that cannot be read any more does not keep the others from being routed;
// a byte order mark before it does no harm at all.
func TestOddBodiesAreRouted(t *testing.T) { both(t, testOddBodiesAreRouted) }

func testOddBodiesAreRouted(t *testing.T, s *Store) {
	marked, broken := event(1), event(2)
	marked.Raw = append([]byte(byteOrderMark), marked.Raw...)
	broken.Raw = []byte("{ no JSON")
	accept(t, s, marked)
	accept(t, s, broken)
	accept(t, s, event(3))
	all := unrouted(t, s)
	if len(all) != 3 || all[0].Body["eventName"] != "Certificate Awarded" || len(all[1].Body) != 0 || all[2].Body["eventName"] == nil {
		t.Errorf("%+v", all)
	}
}
