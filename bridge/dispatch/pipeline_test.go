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

// threadedSink is a sink with threads and updates. It records whole messages.
type threadedSink struct {
	fakeSink
	to   []string // templates of recipients
	sent []bridge.Message
}

func (s *threadedSink) Encode(m bridge.Message) (bridge.Payload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	return s.fakeSink.Encode(m)
}

func (s *threadedSink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	r, err := s.fakeSink.Send(ctx, p)
	r.ID = "id of " + string(p.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Thread = s.sent[len(s.sent)-1].Thread; r.Thread == "" {
		r.Thread = "thread of " + string(p.Body)
	}
	return r, err
}

func (s *threadedSink) Threads() bool        { return true }
func (s *threadedSink) Updates() bool        { return true }
func (s *threadedSink) Recipients() []string { return s.to }

// pipeline is a bridge without its intake. It can be stopped and started.
type pipeline struct {
	*fixture
	routes []Route
	sinks  map[string]bridge.Sink
	limit  bridge.Limit
	router *Router
	stop   func()
}

func (p *pipeline) start() {
	p.t.Helper()
	messages := NewMessageCache()
	senders := map[string]*Sender{}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	routes := map[string]Route{}
	for _, r := range p.routes {
		routes[r.Name] = r
	}
	for name, sink := range p.sinks {
		composer, err := NewComposer(messages, Wording{Templates: p.set}, name, sink)
		if err != nil {
			p.t.Fatal(err)
		}
		senders[name] = NewSender(SenderConfig{
			Name: name, Sink: sink, Store: p.store, Composer: composer, Limiter: NewLimiter(LimiterConfig{Name: name, Limit: p.limit}),
			Routes: routes, BulkTypes: []string{"UserCreated"}, GiveUp: time.Hour, Log: log,
		})
	}
	p.router = NewRouter(p.store, Plan{Routes: p.routes, Templates: p.set}, func(sink string) {
		if s := senders[sink]; s != nil {
			s.Wake()
		}
	}, log)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.router.Run(ctx, nil) })
	for _, s := range senders {
		wg.Go(func() { _ = s.Run(ctx, nil) })
	}
	p.stop = func() { cancel(); wg.Wait() }
}

// restart simulates a new process.
func (p *pipeline) restart() {
	p.stop()
	p.close()
	p.store = openStore(p.t, p.path)
	p.start()
}

// event accepts an event now.
func (p *pipeline) event(eventType, user, correlation string) {
	p.t.Helper()
	e := bridge.Event{
		Source: "s", Type: eventType, UserID: user, CorrelationID: correlation, ReceivedAt: time.Now(),
		Raw: fmt.Appendf(nil, `{"user":%q,"c":%q,"t":%q,"at":%d}`, user, correlation, eventType, time.Now().UnixNano()),
	}
	if _, err := p.store.Accept(context.Background(), []bridge.Event{e}); err != nil {
		p.t.Fatal(err)
	}
	p.router.Accepted(1)
}

func withPipeline(t *testing.T, routes []Route, sink *fakeSink, limit bridge.Limit, test func(l *pipeline)) {
	t.Helper()
	inSyntheticTime(t, func(_ *testing.T, r *fixture) {
		l := &pipeline{fixture: r, routes: routes, sinks: map[string]bridge.Sink{"a": sink}, limit: limit}
		l.start()
		test(l)
		l.stop()
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
