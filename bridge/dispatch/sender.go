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

	// ahead is how many messages are written while the one before is sent.
	maxPrepared = 4

	// unrecorded bounds how many messages of a sink were sent and are not recorded: so
	// many may be sent twice when the process dies.
	maxUnrecorded = 64

	// recordAt is how many outcomes are recorded at once, while recordEvery, which is
	// what the store itself waits for more, has not passed since the last time. The
	// messages that are sent meanwhile have room among those that are not recorded.
	recordBatch = maxUnrecorded / 2
	recordEvery = 5 * time.Millisecond

	// recordAgain is the wait between two tries to record outcomes: short, so that
	// they are in a store that is back before another process reads what is due.
	recordRetry = 100 * time.Millisecond

	// grace is how long a message that is being sent may take when the process
	// is told to stop.
	grace = 10 * time.Second

	// untilNoticed is how long a sender waits for its end when its lease has run
	// out.
	leasePoll = 100 * time.Millisecond
)

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	Name      string // of the sink
	Settings  string // tells its settings from others: what was known of those does not hold for it
	Sink      bridge.Sink
	Store     *store.Store
	Composer  *Composer
	Limiter   *Limiter
	Routes    map[string]Route // those that lead to the sink, by name
	BulkTypes []string         // types of events that come in bulk
	GiveUp    time.Duration    // a delivery that keeps failing is dead after this long
	Log       *slog.Logger
	Metrics   *metrics.Sink
	Tracer    *tracing.Tracer

	// Parcels has a place for each parcel whose facts are in memory, of all senders that
	// share it; nil means a place of the sender's own.
	ParcelSlots chan struct{}

	// Life ends when the process is told to stop; nil means with the context of Run.
	// Until then outcomes are recorded even when the lease was lost: the messages were
	// sent.
	Lifetime context.Context
}

// Sender sends the deliveries of one sink, one after the other.
type Sender struct {
	SenderConfig
	wakeUp         signal
	retry          signal // see Retry
	recordOutcomes func(context.Context, ...bridge.Attempt) error

	// What follows belongs to the goroutine that sends.
	lease       *lease.Lease
	health      health
	savedHealth string    // of health, as the store has it
	nextBurst   time.Time // when to look for a burst again
	recentPosts map[postKey]string
}

// NewSender makes a sender.
func NewSender(c SenderConfig) *Sender {
	c.Log = c.Log.With("sink", c.Name)
	if c.ParcelSlots == nil {
		c.ParcelSlots = make(chan struct{}, 1)
	}
	return &Sender{SenderConfig: c, wakeUp: newSignal(), retry: newSignal(), recordOutcomes: c.Store.Record, recentPosts: map[postKey]string{}}
}

// Wake tells the sender that there are new deliveries.
func (s *Sender) Wake() { s.wakeUp.raise() }

// Retry is Wake by somebody who has changed or mended something: a sink that is left
// alone because of its own trouble is tried at once.
func (s *Sender) Retry() {
	s.retry.raise()
	s.wakeUp.raise()
}

// Run sends until the context ends, and only while the lease is valid. A message
// under way then is given some time to end; if it does not, it goes back to the
// queue as if it had not been tried.
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
		// What is read now is sent soon: during a pause somebody may call it off.
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

// leaveAlone waits while the sink's own trouble asks for it, until somebody has
// mended it, or until a message comes that may show that there is none. It tells
// whether the context let it.
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

// outlive is a context that ends some time after ctx does.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(late, by)
		cancel()
	})
	return late, func() { stop(); cancel() }
}
