package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// prepared is an item with its message, or with the reason why it has none.
type preparedMessage struct {
	queueEntry
	message   bridge.Message
	updateKey string // what the message is about, if it may replace an earlier one
	payload   bridge.Payload
	err       error
	log       *slog.Logger // of what happens to the message
}

// errLost is why a message was not sent: another replica may send it now.
var errLeaseLost = errors.New("the lease was lost")

// sendAll sends a batch in order, and those behind it as long as every message is sent,
// and returns when every outcome is on disk. A failure that pauses the sink ends it
// early. Of the contexts, ctx ends when
// nothing more should begin, late when what is under way must end, and recording when
// outcomes can wait for the store no longer.
func (s *Sender) sendAll(ctx, late, recording context.Context, due []queueEntry) {
	ctx, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	outcomes := make(chan bridge.Attempt, maxUnrecorded)
	room := make(chan struct{}, maxUnrecorded) // holds one for each message that was begun and is not recorded
	others.Go(func() { s.record(recording, outcomes, room, stop) })
	defer others.Wait()
	defer close(outcomes)
	defer stop()
	clear(s.recentPosts) // what was posted before is in the store

	var over atomic.Bool
	over.Store(s.health.failuresInRow() > 0 || s.health.probing()) // what failed was put behind the others; a probe is by itself
	batches := make(chan []queueEntry)
	others.Go(func() { s.readBatches(ctx, due, &over, batches) })
	ready := make(chan preparedMessage, maxPrepared)
	others.Go(func() { s.prepareAll(ctx, batches, ready) })
	for p := range ready {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		attempt, pause, rests := s.attempt(ctx, late, p)
		if attempt == nil {
			return
		}
		if attempt.State != bridge.Sent {
			over.Store(true)
		}
		outcomes <- *attempt
		s.saveHealth(late)
		if pause > 0 {
			if err := s.Limiter.Pause(late, s.Store, pause); err != nil {
				s.Log.Warn("the sink's pause could not be kept", "err", err)
			}
		}
		if pause > 0 || rests {
			return
		}
	}
}

// prepareAll writes the messages of batches, in order.
func (s *Sender) prepareAll(ctx context.Context, batches <-chan []queueEntry, ready chan<- preparedMessage) {
	defer close(ready)
	for batch := range batches {
		for _, i := range batch {
			p, err := s.prepare(ctx, i)
			if err != nil {
				pauseAfterError(ctx, s.Log, err)
				return
			}
			select {
			case ready <- p:
			case <-ctx.Done():
				return
			}
		}
	}
}

// prepare writes an item's message. An error is the store's.
func (s *Sender) prepare(ctx context.Context, i queueEntry) (p preparedMessage, err error) {
	p.queueEntry = i
	if i.parcel.ID != "" {
		select {
		case s.ParcelSlots <- struct{}{}:
		case <-ctx.Done():
			return p, ctx.Err()
		}
		defer func() { dropFacts(p.deliveries); <-s.ParcelSlots }()
		if p.deliveries, err = s.closeParcel(ctx, i.parcel); err != nil {
			return p, err
		}
	}
	p.log = s.logOf(p.queueEntry)
	route := s.Routes[p.route()]
	if len(p.deliveries) > 0 {
		p.message, err = s.Composer.compose(ctx, p.queueEntry)
	}
	if err != nil {
		s.Metrics.Unwritten()
		p.err = bridge.Rejectedf("the message cannot be written: %v", err)
		return p, nil
	}
	p.message.ThreadKey = route.threadKey(p.deliveries, p.message.ThreadKey)
	p.updateKey = route.updateKey(p.deliveries)
	if !s.refersToEarlier(p) {
		p.payload, p.err = s.encode(p.log, &p.message)
	}
	return p, nil
}

// letGo drops the facts of deliveries whose message is written.
func dropFacts(all []bridge.Delivery) {
	for i := range all {
		all[i].Facts = nil
	}
}

// encode puts a message into the platform's format, without its native part if that
// makes it impossible.
func (s *Sender) encode(log *slog.Logger, m *bridge.Message) (bridge.Payload, error) {
	payload, err := guarded(log, "encode", func() (bridge.Payload, error) { return s.Sink.Encode(*m) })
	if err != nil && len(m.Native) > 0 {
		log.Warn("a template's native part cannot be used; the message is sent without it", "err", err)
		m.Native = nil
		return s.encode(log, m)
	}
	if errors.Is(err, errPanic) {
		err = bridge.Rejectedf("%v", err) // again would be no better
	}
	return payload, err
}

// turn waits for the turn of a message. It is false when there is none: the process
// stops, or another one goes on.
func (s *Sender) waitForLimit(ctx context.Context) bool {
	ok, err := s.Limiter.Wait(ctx, s.Store)
	if err != nil {
		pauseAfterError(ctx, s.Log, err)
	}
	return ok
}

// attempt sends one message in its turn. It gives what to record, or nil when it
// was not sent; how long the platform asks to pause; and whether the sink should
// rest.
func (s *Sender) attempt(ctx, late context.Context, p preparedMessage) (a *bridge.Attempt, pause time.Duration, rests bool) {
	whole := p.asDelivery()
	if len(p.deliveries) == 0 { // they were called off
		return s.outcome(p, bridge.Attempt{DeliveryID: whole.ID, At: time.Now(), State: bridge.Cancelled}), 0, false
	}
	if p.err == nil && !s.waitForLimit(ctx) || ctx.Err() != nil || !s.lease.Valid() {
		return nil, 0, false
	}
	if !s.encodeReference(ctx, late, &p) {
		return nil, 0, false
	}
	began := time.Now()
	receipt, err := s.send(ctx, late, &p)
	if err != nil && late.Err() != nil || errors.Is(err, errLeaseLost) {
		return nil, 0, false // interrupted: neither counted nor blamed
	}
	var done bridge.Attempt
	if err == nil {
		done, pause = sentAttempt(whole, receipt), receipt.Pause
		done.Posts = s.newPosts(p, receipt)
		s.health.succeeded(whole)
	} else {
		done, pause, rests = s.health.judge(failure{
			whole, bridge.AsSendError(err), time.Now(), s.GiveUp, len(p.deliveries) > 1, func() bool { return s.othersWait(ctx) },
		})
		done = s.splitRefused(p, done)
	}
	done.At, done.Took = began, time.Since(began)
	s.observe(late, p, done)
	s.logAttempt(p, done, max(pause, time.Until(s.health.Until)))
	return s.outcome(p, done), pause, rests
}

// outcome says what an attempt is about.
func (s *Sender) outcome(p preparedMessage, a bridge.Attempt) *bridge.Attempt {
	a.Sink, a.Parcel = s.Name, p.parcel.ID
	return &a
}

// send makes one attempt, and more with simpler forms of a message that the platform
// refuses.
func (s *Sender) send(ctx, late context.Context, p *preparedMessage) (bridge.Receipt, error) {
	if p.err != nil {
		return bridge.Receipt{}, p.err
	}
	receipt, err := s.sendOnce(late, p)
	if err != nil && bridge.AsSendError(err).Kind == bridge.MessageRejected {
		return s.sendSimpler(ctx, late, p, bridge.AsSendError(err))
	}
	return receipt, err
}

// post hands a message to the sink, once.
func (s *Sender) sendOnce(late context.Context, p *preparedMessage) (bridge.Receipt, error) {
	defer s.Limiter.Sent()
	return guarded(p.log, "send", func() (bridge.Receipt, error) { return s.Sink.Send(late, p.payload) })
}

func (s *Sender) logAttempt(p preparedMessage, a bridge.Attempt, pause time.Duration) {
	if len(p.payload.Shortened) > 0 {
		p.log.Info("message shortened to fit", "cut", p.payload.Shortened)
	}
	switch {
	case a.State == bridge.Sent:
		p.log.Info("delivered", "took", a.Took)
	case len(a.Apart) > 0:
		p.log.Warn("a message of several events is refused; it goes out again as two", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail)
	case a.State == bridge.Dead:
		p.log.Error("delivery is dead; see the dead letters", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail)
	case s.health.Broken != "":
		p.log.Error("somebody must fix the destination; its deliveries wait", "status", a.Status, "detail", a.Detail, "next_probe", pause)
	default:
		p.log.Warn("delivery failed; it will be tried again", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail, "pause", pause)
	}
}

// record stores outcomes, those that wait together. It insists: a delivery that
// was sent and not recorded would be sent again. While the store does not answer
// nothing more is sent.
func (s *Sender) record(ctx context.Context, outcomes <-chan bridge.Attempt, room <-chan struct{}, stop func()) {
	var last time.Time
	for first := range outcomes {
		batch := collectOutcomes(first, outcomes, time.Until(last.Add(recordEvery)))
		last = time.Now()
		err := s.recordOutcomes(ctx, batch...)
		if err != nil {
			stop()
			s.Log.Error("the store does not take outcomes; trying again until it does", "outcomes", len(batch), "err", err)
		}
		for err != nil && sleep(ctx, recordRetry) {
			err = s.recordOutcomes(ctx, batch...)
		}
		for range batch {
			<-room
		}
	}
}

// gatherOutcomes gives an outcome and those that wait. It waits for more, until there are
// recordAt, or for so long.
func collectOutcomes(first bridge.Attempt, outcomes <-chan bridge.Attempt, d time.Duration) []bridge.Attempt {
	all := []bridge.Attempt{first}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for d > 0 && len(all) < recordBatch {
		select {
		case a, open := <-outcomes:
			if !open {
				return all
			}
			all = append(all, a)
		case <-timer.C:
			d = 0
		}
	}
	return append(all, drain(outcomes)...)
}

func drain(outcomes <-chan bridge.Attempt) []bridge.Attempt {
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
