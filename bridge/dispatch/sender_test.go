package dispatch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// fakeSink answers as its script says, by the message's title, and keeps what it
// was sent.
type fakeSink struct {
	mu     sync.Mutex
	script func(n int, title string) error // n counts the attempts from 0
	titles []string
	at     []time.Time
}

func (s *fakeSink) Encode(m bridge.Message) (bridge.Payload, error) {
	return bridge.Payload{MessageID: m.ID, Body: []byte(m.Title)}, nil
}

func (s *fakeSink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.titles)
	s.titles, s.at = append(s.titles, string(p.Body)), append(s.at, time.Now())
	if s.script == nil {
		return bridge.Receipt{Status: 200}, nil
	}
	return bridge.Receipt{Status: 200}, s.script(n, string(p.Body))
}

func (s *fakeSink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.titles)
}

func fails(kind bridge.Kind, retryAfter time.Duration) error {
	return &bridge.SendError{Kind: kind, RetryAfter: retryAfter, Status: 500, Detail: "the platform's words"}
}

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func templates(t *testing.T) *render.Set {
	t.Helper()
	set, err := render.Load(render.Options{Dir: "testdata", Escape: map[string]func(string) string{"fake": strings.ToLower}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// rig is a store with events, and a sender for each sink.
type rig struct {
	t     *testing.T
	path  string
	store *store.Store
	set   *render.Set
	stop  func()
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "bridge.db"), set: templates(t)}
	r.store = openStore(t, r.path)
	return r
}

// add stores events numbered from..to, and fans them out to the sinks.
func (r *rig) add(from, to int, sinks ...string) {
	r.t.Helper()
	for i := from; i < to; i++ {
		e := bridge.Event{Source: "s", Type: "UserCreated", CorrelationID: fmt.Sprint(i), ReceivedAt: time.Now(), Raw: fmt.Appendf(nil, `{"n":%d}`, i)}
		stored, err := r.store.Accept(context.Background(), []bridge.Event{e})
		if err != nil {
			r.t.Fatal(err)
		}
		e.ID = stored[0].ID
		var targets []store.Target
		for _, sink := range sinks {
			targets = append(targets, store.Target{Route: "r", Sink: sink})
		}
		if err := r.store.FanOut(context.Background(), e, bridge.NewFacts(e), targets, time.Now()); err != nil {
			r.t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // the next event arrives later
	}
}

// run starts a sender for each sink; the function that it gives stops them and
// waits.
func (r *rig) run(sinks map[string]bridge.Sink, limit bridge.Limit) (stop func()) {
	var senders []*Sender
	messages := NewMessages()
	for name, sink := range sinks {
		senders = append(senders, r.sender(messages, name, sink, NewPace(PaceConfig{Name: name, Limit: limit})))
	}
	return runAll(senders...)
}

func (r *rig) sender(messages *Messages, name string, sink bridge.Sink, pace *Pace) *Sender {
	r.t.Helper()
	composer, err := NewComposer(messages, Wording{Templates: r.set}, name, sink)
	if err != nil {
		r.t.Fatal(err)
	}
	return NewSender(SenderConfig{
		Name: name, Sink: sink, Store: r.store, Compose: composer, Pace: pace, GiveUp: 2 * time.Hour,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

func runAll(senders ...*Sender) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, s := range senders {
		wg.Go(func() { _ = s.Run(ctx, nil) })
	}
	return func() { cancel(); wg.Wait() }
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.store.Close(); err != nil {
		r.t.Error(err)
	}
}

// execute changes the store behind its back.
func (r *rig) execute(statement string) {
	r.t.Helper()
	db, err := sql.Open("sqlite", r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) counts(sink string) map[bridge.State]int {
	r.t.Helper()
	all, err := r.store.Counts(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return all[sink]
}

// bubble runs a test in synthetic time with a rig.
func bubble(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		test(t, r)
		r.close()
	})
}

func numbered(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint("event ", i))
	}
	return all
}

func TestOrderAndPace(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.add(0, 20, "a")
		sink := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{Rate: 1, Burst: 3})
		time.Sleep(time.Minute)
		stop()
		if got := sink.got(); !slices.Equal(got, numbered(0, 20)) {
			t.Fatalf("sent %v", got)
		}
		for i := 3; i < 20; i++ { // in any window of 3 s at most 3 and the burst
			if window := sink.at[i].Sub(sink.at[i-3]); window < 900*time.Millisecond {
				t.Errorf("message %d came %v after the third before it", i, window)
			}
		}
		if c := r.counts("a"); c[bridge.Sent] != 20 || len(c) != 1 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestLimitedPausesWithoutCounting(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
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
	bubble(t, func(t *testing.T, r *rig) {
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
		if !slices.Equal(got[:4], numbered(0, 4)) || !slices.Equal(got[4:], []string{"event 1", "event 1", "event 1"}) {
			t.Errorf("sent %v", got)
		}
		if c := r.counts("a"); c[bridge.Sent] != 4 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestRejectedIsDeadAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
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
		if got := sink.got(); !slices.Equal(got, numbered(0, 3)) {
			t.Errorf("sent %v", got)
		}
		if c := r.counts("a"); c[bridge.Sent] != 2 || c[bridge.Dead] != 1 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestBrokenDestinationHoldsAndProbes(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.add(0, 5, "a")
		sink := &fakeSink{script: func(n int, _ string) error {
			if n < 3 {
				return fails(bridge.DestinationBroken, 0)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(2*time.Hour + 30*time.Minute)
		if got := sink.got(); len(got) != 3 || got[0] != got[2] {
			t.Errorf("in 2.5 hours it was tried %v", got)
		}
		if c := r.counts("a"); c[bridge.Pending] != 5 {
			t.Errorf("counts %v", c)
		}
		time.Sleep(time.Hour)
		stop()
		if got := sink.got(); !slices.Equal(got[3:], numbered(0, 5)) {
			t.Errorf("after it was mended: %v", got)
		}
	})
}

// Of two sinks with one bucket one is broken: the other goes on. Once somebody has
// mended it and says so, nothing waits for the next probe; also when the bridge did
// not run meanwhile.
func TestBrokenSinkIsNoOthersTrouble(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.add(0, 5, "a", "b")
		broken := &fakeSink{script: func(n int, _ string) error {
			if n < 2 {
				return fails(bridge.DestinationBroken, 0)
			}
			return nil
		}}
		whole, messages, pace := &fakeSink{}, NewMessages(), NewPace(PaceConfig{Name: "bucket"})
		a := r.sender(messages, "a", broken, pace)
		stop := runAll(a, r.sender(messages, "b", whole, pace))
		time.Sleep(time.Minute)
		if a, b := broken.got(), whole.got(); len(a) != 1 || !slices.Equal(b, numbered(0, 5)) {
			t.Errorf("the broken sink was sent %v, the whole one %v", a, b)
		}
		a.Retry()
		time.Sleep(time.Minute)
		stop()
		if got := broken.got(); len(got) != 2 {
			t.Errorf("somebody has tried to mend it: %v", got)
		}
		if err := Forget(context.Background(), r.store, "a"); err != nil {
			t.Fatal(err)
		}
		stop = runAll(r.sender(messages, "a", broken, pace))
		time.Sleep(time.Minute)
		stop()
		if got := broken.got(); len(got) != 7 {
			t.Errorf("after it was mended: %v", got)
		}
	})
}

func TestBreakerOpensAfterFiveDeliveries(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
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
	bubble(t, func(t *testing.T, r *rig) {
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

// TestStuckSinkDelaysNoOther has one sink that never answers.
func TestStuckSinkDelaysNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.add(0, 30, "stuck", "free")
		free := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"stuck": stuckSink{}, "free": free}, bridge.Limit{})
		time.Sleep(time.Second)
		if got := free.got(); !slices.Equal(got, numbered(0, 30)) {
			t.Errorf("the free sink got %d", len(got))
		}
		stop()
		if c := r.counts("stuck"); c[bridge.Pending] != 30 {
			t.Errorf("the stuck sink: %v", c)
		}
	})
}

type stuckSink struct{}

func (stuckSink) Encode(m bridge.Message) (bridge.Payload, error) {
	return bridge.Payload{Body: []byte(m.Title)}, nil
}

func (stuckSink) Send(ctx context.Context, _ bridge.Payload) (bridge.Receipt, error) {
	<-ctx.Done()
	return bridge.Receipt{}, &bridge.SendError{Kind: bridge.Temporary, Detail: ctx.Err().Error()}
}

// TestInterruptedSendIsNotBlamed stops while a message is being sent.
func TestInterruptedSendIsNotBlamed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.add(0, 1, "a")
		stop := r.run(map[string]bridge.Sink{"a": stuckSink{}}, bridge.Limit{})
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took < grace || took > 2*grace {
			t.Errorf("a message under way was given %v", took)
		}
		due, err := r.store.Due(context.Background(), "a", time.Now(), 10)
		if err != nil || len(due) != 1 || due[0].Attempts != 0 {
			t.Errorf("%+v, %v", due, err)
		}
	})
}

func TestRestartGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.add(0, 10, "a")
		first := &fakeSink{}
		stop := r.run(map[string]bridge.Sink{"a": first}, bridge.Limit{Rate: 1, Burst: 1})
		time.Sleep(4500 * time.Millisecond)
		stop()
		r.close()
		r.store = openStore(t, r.path)
		second := &fakeSink{}
		stop = r.run(map[string]bridge.Sink{"a": second}, bridge.Limit{Rate: 1, Burst: 1})
		time.Sleep(time.Minute)
		stop()
		if all := append(first.got(), second.got()...); !slices.Equal(all, numbered(0, 10)) || len(first.got()) == 10 {
			t.Errorf("before %v, after %v", first.got(), second.got())
		}
	})
}

// TestTemplateFaultIsDead renders an event whose template fails at run time.
func TestTemplateFaultIsDead(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
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

// TestSinksOfOneBucketShareAPace gives two sinks one pace.
func TestSinksOfOneBucketShareAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace(PaceConfig{Name: "shared", Limit: bridge.Limit{Rate: 1, Burst: 1}})
		m := &notes{}
		began := time.Now()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 5 {
					wait(t, t.Context(), p, m)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took < 9*time.Second {
			t.Errorf("ten messages in %v", took)
		}
	})
}
