package dispatch

import (
	"context"
	"log/slog"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/lease"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

const (
	// maxBatch bounds how many deliveries a sender reads at once.
	maxBatch = 128

	// maxPrepared is how many messages are written while an earlier one is sent.
	maxPrepared = 4

	// maxUnrecorded bounds how many messages of a sink are sent but not recorded. If the
	// process dies, these may be sent twice.
	maxUnrecorded = 64

	// recordBatch is how many outcomes are recorded at once if the last time is less than
	// recordEvery ago, which is how long the store itself waits for more. Half of
	// maxUnrecorded leaves room for the messages that are sent meanwhile.
	recordBatch = maxUnrecorded / 2
	recordEvery = 5 * time.Millisecond

	// recordRetry is the wait between two attempts to record outcomes. It is short, so that a
	// recovered store has them before another process reads what is due.
	recordRetry = 100 * time.Millisecond

	// grace is how long the current message may take when the process is told to stop.
	grace = 10 * time.Second

	// leasePoll is how often a loop checks a lease that is not valid.
	leasePoll = 100 * time.Millisecond
)

// SenderConfig configures a Sender.
type SenderConfig struct {
	Name      string // of the sink
	Settings  string // identifies the sink's settings; stored health of other settings is ignored
	Sink      bridge.Sink
	Store     *store.Store
	Composer  *Composer
	Limiter   *Limiter
	Routes    map[string]Route // the routes to the sink, by name
	BulkTypes []string         // event types that come in bulk
	GiveUp    time.Duration    // how long a delivery may keep failing before it is dead
	Log       *slog.Logger
	Metrics   *metrics.Sink
	Tracer    *tracing.Tracer

	// ParcelSlots limits how many parcels have their facts in memory, for all senders that
	// share it; nil means one for this sender.
	ParcelSlots chan struct{}

	// Lifetime ends when the process is told to stop; nil means the context of Run. Until then
	// outcomes are recorded even if the lease was lost, because the messages were sent.
	Lifetime context.Context
}

// Sender sends the deliveries of one sink, one after the other.
type Sender struct {
	SenderConfig
	wakeUp         signal
	retry          signal // see Retry
	recordOutcomes func(context.Context, ...bridge.Attempt) error

	// Only the goroutine that sends uses the fields below.
	lease       *lease.Lease
	health      health
	savedHealth string    // the health in the store
	nextBurst   time.Time // when to look for a burst again
	recentPosts map[postKey]string
}

// NewSender returns a Sender.
func NewSender(c SenderConfig) *Sender {
	c.Log = c.Log.With("sink", c.Name)
	if c.ParcelSlots == nil {
		c.ParcelSlots = make(chan struct{}, 1)
	}
	return &Sender{SenderConfig: c, wakeUp: newSignal(), retry: newSignal(), recordOutcomes: c.Store.Record, recentPosts: map[postKey]string{}}
}

// Wake says that there are new deliveries.
func (s *Sender) Wake() { s.wakeUp.raise() }

// Retry is Wake for somebody who may have fixed the sink: the sender tries it at once, and
// does not wait for the next probe.
func (s *Sender) Retry() {
	s.retry.raise()
	s.wakeUp.raise()
}

// Run sends until the context ends, while the lease is valid. The current message gets some
// time to finish; if it does not, it returns to the queue as if it had not been tried.
func (s *Sender) Run(ctx context.Context, l *lease.Lease) error {
	late, cancel := outlasting(ctx, grace)
	defer cancel()
	recording := late
	if s.Lifetime != nil {
		recording, cancel = outlasting(s.Lifetime, grace)
		defer cancel()
	}
	defer s.Metrics.Left()
	s.lease = l
	for ctx.Err() == nil {
		err := s.restoreState(ctx)
		if err == nil {
			break
		}
		pauseAfterError(ctx, s.Log, err)
	}
	for ctx.Err() == nil {
		s.Metrics.In(s.status())
		// Read deliveries after the pause: somebody may cancel them during it.
		if !sleep(ctx, s.Limiter.pauseLeft()) || !s.waitForProbe(ctx) {
			break
		}
		s.Metrics.In(s.status())
		if !s.lease.Valid() {
			sleep(ctx, leasePoll)
			continue
		}
		limit := s.Limiter.batchSize()
		if s.health.probing() {
			limit = 1
		}
		due, err := s.nextEntries(ctx, limit)
		if err != nil {
			pauseAfterError(ctx, s.Log, err)
			continue
		}
		if len(due) > 0 {
			s.sendAll(ctx, late, recording, due)
			continue
		}
		at, known, err := s.Store.NextDue(ctx, s.Name)
		if err != nil {
			pauseAfterError(ctx, s.Log, err)
			continue
		}
		s.wakeUp.wait(ctx, at, known)
	}
	return nil
}

// waitForProbe waits until the next probe of a sink that is at fault, until Retry, or until a
// delivery may show that the sink works. It returns false if the context ended.
func (s *Sender) waitForProbe(ctx context.Context) bool {
	for ctx.Err() == nil {
		d := time.Until(s.health.Until)
		if d <= 0 || s.health.unconfirmed() && s.othersWait(ctx) {
			break
		}
		var woken signal
		if s.health.unconfirmed() {
			d, woken = min(d, pollInterval), s.wakeUp
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-woken:
		case <-s.retry:
			s.health.Until, s.health.Probes = time.Time{}, 0
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return ctx.Err() == nil
}

// outlasting returns a context that ends some time after ctx.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(late, by)
		cancel()
	})
	return late, func() { stop(); cancel() }
}
