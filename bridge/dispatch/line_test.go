package dispatch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
)

// talker is a sink that keeps whole messages, has threads, and can replace what it
// was sent.
type talker struct {
	fakeSink
	to   []string // templates of recipients
	sent []bridge.Message
}

func (s *talker) Encode(m bridge.Message) (bridge.Payload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	return s.fakeSink.Encode(m)
}

func (s *talker) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	r, err := s.fakeSink.Send(ctx, p)
	r.ID = "id of " + string(p.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Thread = s.sent[len(s.sent)-1].Thread; r.Thread == "" {
		r.Thread = "thread of " + string(p.Body)
	}
	return r, err
}

func (s *talker) Threads() bool        { return true }
func (s *talker) Updates() bool        { return true }
func (s *talker) Recipients() []string { return s.to }

// line is a whole bridge, without its intake, that can be stopped and started.
type line struct {
	*rig
	routes []Route
	sinks  map[string]bridge.Sink
	limit  bridge.Limit
	router *Router
	halt   func()
}

func (l *line) start() {
	l.t.Helper()
	messages := NewMessages()
	senders := map[string]*Sender{}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	routes := map[string]Route{}
	for _, r := range l.routes {
		routes[r.Name] = r
	}
	for name, sink := range l.sinks {
		composer, err := NewComposer(messages, Wording{Templates: l.set}, name, sink)
		if err != nil {
			l.t.Fatal(err)
		}
		senders[name] = NewSender(SenderConfig{
			Name: name, Sink: sink, Store: l.store, Compose: composer, Pace: NewPace(PaceConfig{Name: name, Limit: l.limit}),
			Routes: routes, Bulk: []string{"UserCreated"}, GiveUp: time.Hour, Log: log,
		})
	}
	l.router = NewRouter(l.store, Plan{Routes: l.routes, Templates: l.set}, func(sink string) {
		if s := senders[sink]; s != nil {
			s.Wake()
		}
	}, log)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = l.router.Run(ctx, nil) })
	for _, s := range senders {
		wg.Go(func() { _ = s.Run(ctx, nil) })
	}
	l.halt = func() { cancel(); wg.Wait() }
}

// restart is a new process.
func (l *line) restart() {
	l.halt()
	l.close()
	l.store = openStore(l.t, l.path)
	l.start()
}

// event accepts one now.
func (l *line) event(eventType, user, correlation string) {
	l.t.Helper()
	e := bridge.Event{
		Source: "s", Type: eventType, UserID: user, CorrelationID: correlation, ReceivedAt: time.Now(),
		Raw: fmt.Appendf(nil, `{"user":%q,"c":%q,"t":%q,"at":%d}`, user, correlation, eventType, time.Now().UnixNano()),
	}
	if _, err := l.store.Accept(context.Background(), []bridge.Event{e}); err != nil {
		l.t.Fatal(err)
	}
	l.router.Accepted(1)
}

func on(t *testing.T, routes []Route, sink *fakeSink, limit bridge.Limit, test func(l *line)) {
	t.Helper()
	bubble(t, func(_ *testing.T, r *rig) {
		l := &line{rig: r, routes: routes, sinks: map[string]bridge.Sink{"a": sink}, limit: limit}
		l.start()
		test(l)
		l.halt()
	})
}

// byUser keys events by the learner they are about.
func byUser(t *testing.T) *condition.Key {
	t.Helper()
	k, faults := condition.NewSchema(nil).Open().Key("event.userId")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return k
}
