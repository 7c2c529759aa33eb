package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// channel is where replicas tell each other that there is something new.
	channel = "absorb_bridge"

	// maxNews bounds a payload, in bytes: PostgreSQL takes less than 8000.
	maxNews = 7000

	// newsPause is the least time between two messages: what is told meanwhile
	// goes out together.
	newsPause = 10 * time.Millisecond

	// lastWords bounds how long a process that stops tries to tell what is left.
	lastWords = time.Second
)

// What there may be something new of. The topic of a sink's deliveries is TopicSink
// and its name.
const (
	TopicAll     = ""
	TopicMended  = "mended" // of everything, by somebody who may have mended something
	TopicEvents  = "events"
	TopicLeases  = "leases"
	TopicSources = "sources"
	TopicSink    = "sink "
)

// news is what replicas tell each other by NOTIFY, so that they need not wait for
// the next look into the tables. A message that is lost does no harm.
type news struct {
	engine *postgres
	self   string // this process
	woken  chan struct{}
	cancel context.CancelFunc
	sender sync.WaitGroup

	mu      sync.Mutex // guards pending
	pending map[string]struct{}
}

// message is the payload of a NOTIFY.
type message struct {
	From   string   `json:"from"`
	Topics []string `json:"topics"`
}

func newNews(e *postgres) *news {
	ctx, cancel := context.WithCancel(context.Background())
	n := &news{engine: e, self: uuid.NewString(), woken: make(chan struct{}, 1), cancel: cancel, pending: map[string]struct{}{}}
	n.sender.Go(func() { n.run(ctx) })
	return n
}

// Tell tells the other processes that use the store what there is something new
// of. Without others it does nothing.
func (s *Store) Tell(topic string) {
	if s.news == nil {
		return
	}
	s.news.mu.Lock()
	s.news.pending[topic] = struct{}{}
	s.news.mu.Unlock()
	select {
	case s.news.woken <- struct{}{}:
	default:
	}
}

// run tells what is pending until the context ends, and then the last of it: that
// leases were given up, say.
func (n *news) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			n.send(lastWords)
			return
		case <-n.woken:
		}
		n.send(transactTimeout)
		select {
		case <-ctx.Done():
		case <-time.After(newsPause):
		}
	}
}

// send tells what is pending, and takes no longer than so.
func (n *news) send(atMost time.Duration) {
	n.mu.Lock()
	topics := slices.Sorted(maps.Keys(n.pending))
	clear(n.pending)
	n.mu.Unlock()
	if len(topics) == 0 {
		return
	}
	payload, err := json.Marshal(message{n.self, topics})
	if err != nil || len(payload) > maxNews {
		all := TopicAll
		if slices.Contains(topics, TopicMended) {
			all = TopicMended
		}
		payload, _ = json.Marshal(message{n.self, []string{all}})
	}
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	// Who misses it looks into the tables soon.
	_, _ = n.engine.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, string(payload))
}

func (n *news) close() {
	if n != nil {
		n.cancel()
		n.sender.Wait()
	}
}

// Listen calls heard for each topic that another process tells of until the context
// ends. It survives lost connections.
func (s *Store) Listen(ctx context.Context, heard func(topic string)) error {
	for s.news != nil && ctx.Err() == nil {
		_ = s.news.listen(ctx, heard) // the tables are looked into anyway
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	<-ctx.Done()
	return nil
}

func (n *news) listen(ctx context.Context, heard func(string)) error {
	conn, err := n.engine.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	own := conn.Hijack() // nobody else should get it back while it listens
	defer func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = own.Close(late)
	}()
	if _, err := own.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	heard(TopicAll) // whatever was told before
	for {
		got, err := own.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var m message
		if json.Unmarshal([]byte(got.Payload), &m) != nil || m.From == n.self {
			continue
		}
		for _, topic := range m.Topics {
			heard(topic)
		}
	}
}
