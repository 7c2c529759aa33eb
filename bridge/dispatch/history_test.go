package dispatch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// flakySink is a platform that answers at random until the test makes it healthy.
type flakySink struct {
	fakeSink
	random *rand.Rand
	good   bool
	taken  map[string]int
}

func newFlakySink(seed uint64) *flakySink {
	f := &flakySink{random: rand.New(rand.NewPCG(seed, 7)), taken: map[string]int{}}
	f.script = func(_ int, title string) error {
		pick := f.random.IntN(100)
		switch {
		case f.good || pick < 55:
			f.taken[title]++
			return nil
		case pick < 65:
			return fails(bridge.Limited, time.Duration(f.random.IntN(30))*time.Second)
		case pick < 85:
			return fails(bridge.Temporary, 0)
		case pick < 95:
			return fails(bridge.MessageRejected, 0)
		}
		return fails(bridge.DestinationBroken, 0)
	}
	return f
}

// randomHistory is a random sequence of steps: events arrive, people retry and cancel, the
// configuration is reloaded and the process restarts, with a flaky platform.
type randomHistory struct {
	*fixture
	random    *rand.Rand
	sink      *flakySink
	events    int
	cancelled map[string]bool
	of        string // the sink's settings
	sender    *Sender
	ended     chan struct{}
	cancel    context.CancelFunc
}

func (w *randomHistory) start() {
	composer, err := NewComposer(NewMessageCache(), Wording{Templates: w.set}, "a", w.sink)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sender = NewSender(SenderConfig{
		Name: "a", Settings: w.of, Sink: w.sink, Store: w.store, Composer: composer, Limiter: NewLimiter(LimiterConfig{Name: "a"}), GiveUp: time.Hour,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.ended = cancel, make(chan struct{})
	sender, ended := w.sender, w.ended
	go func() { defer close(ended); _ = sender.Run(ctx, nil) }()
}

func (w *randomHistory) step() {
	switch w.random.IntN(7) {
	case 0, 1: // events come
		n := 1 + w.random.IntN(5)
		w.add(w.events, w.events+n, "a")
		w.events += n
		w.sender.Wake()
	case 2: // a reload, with other settings or the same
		w.cancel()
		<-w.ended
		w.of = fmt.Sprint(w.random.IntN(2))
		w.start()
	case 3: // a restart
		w.cancel()
		<-w.ended
		w.close()
		w.store = openStore(w.t, w.path)
		w.start()
	case 4: // somebody fixes the cause and retries
		if _, err := w.store.Retry(context.Background(), store.Filter{State: string(bridge.Dead)}); err != nil {
			w.t.Fatal(err)
		}
		w.sender.Wake()
	case 5: // somebody cancels a delivery
		all, err := w.store.Deliveries(context.Background(), store.Filter{State: string(bridge.Pending), Limit: 1000})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(all) > 0 {
			w.cancelDelivery(all[w.random.IntN(len(all))].ID)
		}
	}
	time.Sleep(time.Duration(w.random.IntN(20_000)) * time.Millisecond)
}

func (w *randomHistory) cancelDelivery(id string) {
	n, err := w.store.Cancel(context.Background(), store.Filter{IDs: []string{id}})
	if err != nil {
		w.t.Fatal(err)
	}
	if n == 1 {
		w.cancelled[id] = true
	}
}

// TestAnyHistory runs random histories: nothing is lost, nothing is delivered twice, and first
// attempts keep the order of arrival.
func TestAnyHistory(t *testing.T) {
	histories, steps := 8, 40
	if testing.Short() {
		histories = 2
	}
	first := rand.Uint64()
	var report sync.Once
	for i := range histories {
		seed := first + uint64(i)
		inSyntheticTime(t, func(t *testing.T, r *fixture) {
			w := &randomHistory{fixture: r, random: rand.New(rand.NewPCG(seed, 3)), sink: newFlakySink(seed), cancelled: map[string]bool{}}
			w.start()
			for range steps {
				w.step()
			}
			w.sink.mu.Lock()
			w.sink.good = true
			w.sink.mu.Unlock()
			if _, err := w.store.Retry(context.Background(), store.Filter{State: string(bridge.Dead)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(70 * time.Minute) // longer than any pause
			w.cancel()
			<-w.ended
			w.check(t)
			if t.Failed() {
				report.Do(func() { t.Logf("seed %d", seed) })
			}
		})
	}
}

func (w *randomHistory) check(t *testing.T) {
	c := w.counts("a")
	if c[bridge.Pending]+c[bridge.Dead] != 0 || c[bridge.Sent]+c[bridge.Cancelled] != w.events {
		t.Errorf("of %d events: %v", w.events, c)
	}
	if len(w.sink.taken) < w.events-len(w.cancelled) {
		t.Errorf("%d of %d events arrived, %d were cancelled", len(w.sink.taken), w.events, len(w.cancelled))
	}
	for title, n := range w.sink.taken {
		if n > 1 {
			t.Errorf("%s arrived %d times", title, n)
		}
	}
	var firsts []int
	seen := map[string]bool{}
	for _, title := range w.sink.got() {
		if !seen[title] {
			seen[title] = true
			var n int
			if _, err := fmt.Sscanf(title, "event %d", &n); err != nil {
				t.Fatal(err)
			}
			firsts = append(firsts, n)
		}
	}
	if !slices.IsSorted(firsts) {
		t.Errorf("first attempts out of order: %v", firsts)
	}
}
