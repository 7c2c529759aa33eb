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

// fakeSink answers as its script says, by the message's title, and records what it receives.
type fakeSink struct {
	mu     sync.Mutex
	script func(n int, title string) error // n counts the attempts from 0
	titles []string
	at     []time.Time
}

func (s *fakeSink) Encode(m bridge.Message) (bridge.Payload, error) {
	return bridge.Payload{MessageID: m.ID, Body: []byte(m.Title)}, nil
}

func (s *fakeSink) Send(_ context.Context, p bridge.Payload) (bridge.Receipt, error) {
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

// fixture is a store with events, and a sender for each sink.
type fixture struct {
	t     *testing.T
	path  string
	store *store.Store
	set   *render.Set

	giveUp time.Duration
}

func newFixture(t *testing.T) *fixture {
	r := &fixture{t: t, path: filepath.Join(t.TempDir(), "bridge.db"), set: templates(t), giveUp: 2 * time.Hour}
	r.store = openStore(t, r.path)
	return r
}

// add stores events numbered from..to, and fans them out to the sinks.
func (f *fixture) add(from, to int, sinks ...string) {
	f.t.Helper()
	for i := from; i < to; i++ {
		e := bridge.Event{Source: "s", Type: "UserCreated", CorrelationID: fmt.Sprint(i), ReceivedAt: time.Now(), Raw: fmt.Appendf(nil, `{"n":%d}`, i)}
		stored, err := f.store.Accept(context.Background(), []bridge.Event{e})
		if err != nil {
			f.t.Fatal(err)
		}
		e.ID = stored[0].ID
		var targets []store.Target
		for _, sink := range sinks {
			targets = append(targets, store.Target{Route: "r", Sink: sink})
		}
		if err := f.store.FanOut(context.Background(), e, bridge.NewFacts(e), targets, time.Now()); err != nil {
			f.t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // the next event arrives later
	}
}

// run starts a sender for each sink. The returned function stops them and waits.
func (f *fixture) run(sinks map[string]bridge.Sink, limit bridge.Limit) (stop func()) {
	var senders []*Sender
	messages := NewMessageCache()
	for name, sink := range sinks {
		senders = append(senders, f.sender(messages, name, sink, NewLimiter(LimiterConfig{Name: name, Limit: limit})))
	}
	return runAll(senders...)
}

func (f *fixture) sender(messages *MessageCache, name string, sink bridge.Sink, limiter *Limiter) *Sender {
	f.t.Helper()
	composer, err := NewComposer(messages, Wording{Templates: f.set}, name, sink)
	if err != nil {
		f.t.Fatal(err)
	}
	return NewSender(SenderConfig{
		Name: name, Sink: sink, Store: f.store, Composer: composer, Limiter: limiter, GiveUp: f.giveUp,
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

func (f *fixture) close() {
	f.t.Helper()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// execute changes the database directly.
func (f *fixture) execute(statement string) {
	f.t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) counts(sink string) map[bridge.State]int {
	f.t.Helper()
	all, err := f.store.Counts(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	return all[sink]
}

// inSyntheticTime runs a test with a fixture and a synthetic clock.
func inSyntheticTime(t *testing.T, test func(t *testing.T, r *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newFixture(t)
		test(t, r)
		r.close()
	})
}

// numbered returns the titles of the first n events.
func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("event ", i))
	}
	return all
}
