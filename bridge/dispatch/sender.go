package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/lease"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// maxBatch bounds how many deliveries a sender reads at once.
	maxBatch = 512

	// ahead is how many messages are written while the one before is sent.
	ahead = 4

	// grace is how long a message that is being sent may take when the process
	// is told to stop.
	grace = 10 * time.Second

	// untilNoticed is how long a sender waits for its end when its lease has run
	// out.
	untilNoticed = 100 * time.Millisecond
)

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	Name    string // of the sink
	Of      string // tells its settings from others: what was known of those does not hold for it
	Sink    bridge.Sink
	Store   *store.Store
	Compose *Composer
	Pace    *Pace
	GiveUp  time.Duration // a delivery that keeps failing is dead after this long
	Log     *slog.Logger
}

// Sender sends the deliveries of one sink, one after the other.
type Sender struct {
	SenderConfig
	woken signal
	again signal // see Retry

	// What follows belongs to the goroutine that sends.
	lease  *lease.Lease
	health health
	kept   string // of health, as the store has it
}

// NewSender makes a sender.
func NewSender(c SenderConfig) *Sender {
	c.Log = c.Log.With("sink", c.Name)
	return &Sender{SenderConfig: c, woken: newSignal(), again: newSignal()}
}

// Wake tells the sender that there are new deliveries.
func (s *Sender) Wake() { s.woken.raise() }

// Retry is Wake by somebody who has changed or mended something: a sink that is left
// alone because of its own trouble is tried at once.
func (s *Sender) Retry() {
	s.again.raise()
	s.woken.raise()
}

// Run sends until the context ends, and only while the lease is valid. A message
// under way then is given some time to end; if it does not, it goes back to the
// queue as if it had not been tried.
func (s *Sender) Run(ctx context.Context, l *lease.Lease) error {
	late, cancel := outlive(ctx, grace)
	defer cancel()
	s.lease = l
	for ctx.Err() == nil {
		err := s.resume(ctx)
		if err == nil {
			break
		}
		rest(ctx, s.Log, err)
	}
	for ctx.Err() == nil {
		// What is read now is sent soon: during a pause somebody may call it off.
		if !sleep(ctx, s.Pace.paused()) || !s.leaveAlone(ctx) {
			break
		}
		if !s.lease.Valid() {
			sleep(ctx, untilNoticed)
			continue
		}
		limit := s.Pace.batch()
		if s.health.probing() {
			limit = 1
		}
		due, err := s.Store.Due(ctx, s.Name, time.Now(), limit)
		if err != nil {
			rest(ctx, s.Log, err)
			continue
		}
		if len(due) > 0 {
			s.sendAll(ctx, late, due)
			continue
		}
		at, known, err := s.Store.NextDue(ctx, s.Name)
		if err != nil {
			rest(ctx, s.Log, err)
			continue
		}
		s.woken.wait(ctx, at, known)
	}
	return nil
}

// leaveAlone waits while the sink's own trouble asks for it, or until somebody has
// mended it. It tells whether the context let it.
func (s *Sender) leaveAlone(ctx context.Context) bool {
	d := time.Until(s.health.Until)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.again:
		s.health.Until = time.Time{}
	case <-ctx.Done():
		return false
	}
	return true
}

// outlive is a context that ends some time after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(late, by)
		cancel()
	})
	return late, func() { stop(); cancel() }
}

// prepared is a delivery with its message, or with the reason why it has none.
type prepared struct {
	bridge.Delivery
	payload bridge.Payload
	err     error
}

// sendAll sends a batch in order, and returns when every outcome is on disk. A
// failure that pauses the sink ends the batch early.
func (s *Sender) sendAll(ctx, late context.Context, due []bridge.Delivery) {
	ctx, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	outcomes := make(chan bridge.Attempt, len(due))
	others.Go(func() { s.record(late, outcomes) })
	defer others.Wait()
	defer close(outcomes)
	defer stop()

	ready := make(chan prepared, ahead)
	others.Go(func() {
		defer close(ready)
		for _, d := range due {
			select {
			case ready <- s.prepare(ctx, d):
			case <-ctx.Done():
				return
			}
		}
	})
	for p := range ready {
		attempt, pause, rests := s.attempt(ctx, late, p)
		if attempt == nil {
			return
		}
		outcomes <- *attempt
		s.remember(late)
		if pause > 0 {
			if err := s.Pace.Pause(late, s.Store, pause); err != nil {
				s.Log.Warn("the sink's pause could not be kept", "err", err)
			}
		}
		if pause > 0 || rests {
			return
		}
	}
}

func (s *Sender) prepare(ctx context.Context, d bridge.Delivery) prepared {
	p := prepared{Delivery: d}
	m, err := s.Compose.Message(ctx, d)
	if err != nil {
		p.err = bridge.Rejectedf("the message cannot be written: %v", err)
		return p
	}
	p.payload, p.err = guarded(s.Log, "encode", func() (bridge.Payload, error) { return s.Sink.Encode(m) })
	if errors.Is(p.err, errPanic) {
		p.err = bridge.Rejectedf("%v", p.err) // again would be no better
	}
	return p
}

// turn waits for the turn of a message. It is false when there is none: the process
// stops, or another one goes on.
func (s *Sender) turn(ctx context.Context, p prepared) bool {
	if p.err == nil {
		ok, err := s.Pace.Wait(ctx, s.Store)
		if err != nil {
			rest(ctx, s.Log, err)
		}
		if !ok {
			return false
		}
	}
	return ctx.Err() == nil && s.lease.Valid()
}

// attempt sends one message in its turn. It gives what to record, or nil when it
// was not sent; how long the platform asks to pause; and whether the sink should
// rest.
func (s *Sender) attempt(ctx, late context.Context, p prepared) (a *bridge.Attempt, pause time.Duration, rests bool) {
	if !s.turn(ctx, p) {
		return nil, 0, false
	}
	began := time.Now()
	var receipt bridge.Receipt
	err := p.err
	if err == nil {
		receipt, err = guarded(s.Log, "send", func() (bridge.Receipt, error) { return s.Sink.Send(late, p.payload) })
		s.Pace.Sent()
	}
	if err != nil && late.Err() != nil {
		return nil, 0, false // interrupted: neither counted nor blamed
	}
	var done bridge.Attempt
	if err == nil {
		done, pause = sent(p.Delivery, receipt), receipt.Pause
		s.health.ok()
	} else {
		failure := bridge.AsSendError(err)
		done = failed(p.Delivery, failure, began, s.GiveUp)
		pause, rests = s.health.note(p.Delivery, failure, time.Now())
	}
	done.At, done.Took = began, time.Since(began)
	s.say(p, done, max(pause, time.Until(s.health.Until)))
	return &done, pause, rests
}

func (s *Sender) say(p prepared, a bridge.Attempt, pause time.Duration) {
	log := s.Log.With("delivery", p.ID, "event", p.EventID, "attempt", p.Attempts+1)
	if len(p.payload.Shortened) > 0 {
		log.Info("message shortened to fit", "cut", p.payload.Shortened)
	}
	switch {
	case a.State == bridge.Sent:
		log.Info("delivered", "took", a.Took)
	case a.State == bridge.Dead:
		log.Error("delivery is dead; see the dead letters", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail)
	case s.health.Broken != "":
		log.Error("the destination must be mended; its deliveries wait", "status", a.Status, "detail", a.Detail, "next_probe", pause)
	default:
		log.Warn("delivery failed; it will be tried again", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail, "pause", pause)
	}
}

// record stores outcomes, those that wait together. It insists: a delivery that
// was sent and not recorded would be sent again.
func (s *Sender) record(late context.Context, outcomes <-chan bridge.Attempt) {
	for first := range outcomes {
		batch := append([]bridge.Attempt{first}, waiting(outcomes)...)
		for {
			err := s.Store.Record(late, batch...)
			if err == nil || late.Err() != nil {
				break
			}
			rest(late, s.Log, err)
		}
	}
}

func waiting(outcomes <-chan bridge.Attempt) []bridge.Attempt {
	var all []bridge.Attempt
	for {
		select {
		case a, open := <-outcomes:
			if !open {
				return all
			}
			all = append(all, a)
		default:
			return all
		}
	}
}
