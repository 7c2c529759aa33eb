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

// preparedMessage is a queue entry with its message, or with the reason why it has none.
type preparedMessage struct {
	queueEntry
	message   bridge.Message
	updateKey string // identifies what the message is about, if it may replace an earlier message
	payload   bridge.Payload
	err       error
	log       *slog.Logger // for everything that happens to the message
}

// errLeaseLost means that the message was not sent, because another replica may send it now.
var errLeaseLost = errors.New("the lease was lost")

// sendAll sends a batch in order, and continues with the next batches as long as every message
// succeeds. It returns when all outcomes are on disk. A failure that pauses the sink stops it
// early. When ctx ends, sendAll starts no new message; when late ends, it interrupts the
// current one; when recording ends, it stops trying to record outcomes.
func (s *Sender) sendAll(ctx, late, recording context.Context, due []queueEntry) {
	ctx, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	outcomes := make(chan bridge.Attempt, maxUnrecorded)
	room := make(chan struct{}, maxUnrecorded) // one entry for each message that was started and is not recorded yet
	others.Go(func() { s.record(recording, outcomes, room, stop) })
	defer others.Wait()
	defer close(outcomes)
	defer stop()
	clear(s.recentPosts) // earlier posts are in the store

	var over atomic.Bool
	over.Store(s.health.failuresInRow() > 0 || s.health.probing()) // failed entries are at the end of the queue; a probe is sent alone
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
				s.Log.Warn("cannot store the sink's pause", "err", err)
			}
		}
		if pause > 0 || rests {
			return
		}
	}
}

// prepareAll prepares the messages of all batches, in order.
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

// prepare writes and encodes the message of a queue entry. An error comes from the store.
func (s *Sender) prepare(ctx context.Context, e queueEntry) (p preparedMessage, err error) {
	p.queueEntry = e
	if e.parcel.ID != "" {
		select {
		case s.ParcelSlots <- struct{}{}:
		case <-ctx.Done():
			return p, ctx.Err()
		}
		defer func() { dropFacts(p.deliveries); <-s.ParcelSlots }()
		if p.deliveries, err = s.closeParcel(ctx, e.parcel); err != nil {
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

// dropFacts frees the facts of deliveries whose message is written.
func dropFacts(all []bridge.Delivery) {
	for i := range all {
		all[i].Facts = nil
	}
}

// encode converts a message into the platform's format. If the template's native part makes
// that impossible, encode leaves the native part out.
func (s *Sender) encode(log *slog.Logger, m *bridge.Message) (bridge.Payload, error) {
	payload, err := guarded(log, "encode", func() (bridge.Payload, error) { return s.Sink.Encode(*m) })
	if err != nil && len(m.Native) > 0 {
		log.Warn("cannot use the native part of a template; the message is sent without it", "err", err)
		m.Native = nil
		return s.encode(log, m)
	}
	if errors.Is(err, errPanic) {
		err = bridge.Rejectedf("%v", err) // a retry would panic again
	}
	return payload, err
}

// waitForLimit waits until the rate limit allows a message. It returns false if the message
// must not be sent: the process stops, or the store does not answer.
func (s *Sender) waitForLimit(ctx context.Context) bool {
	ok, err := s.Limiter.Wait(ctx, s.Store)
	if err != nil {
		pauseAfterError(ctx, s.Log, err)
	}
	return ok
}

// attempt sends one message when the rate limit allows it. It returns the attempt to record,
// or nil if nothing was sent; how long the platform asks to pause; and whether the sink should
// rest.
func (s *Sender) attempt(ctx, late context.Context, p preparedMessage) (a *bridge.Attempt, pause time.Duration, rests bool) {
	whole := p.asDelivery()
	if len(p.deliveries) == 0 { // the deliveries were cancelled
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
		return nil, 0, false // interrupted: this is no failed attempt
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

// outcome adds the sink and the parcel to an attempt.
func (s *Sender) outcome(p preparedMessage, a bridge.Attempt) *bridge.Attempt {
	a.Sink, a.Parcel = s.Name, p.parcel.ID
	return &a
}

// send makes one attempt. If the platform refuses the message, send tries simpler forms of it.
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

// sendOnce passes a message to the sink once.
func (s *Sender) sendOnce(late context.Context, p *preparedMessage) (bridge.Receipt, error) {
	defer s.Limiter.Sent()
	return guarded(p.log, "send", func() (bridge.Receipt, error) { return s.Sink.Send(late, p.payload) })
}

// logAttempt logs what an attempt achieved and what happens next.
func (s *Sender) logAttempt(p preparedMessage, a bridge.Attempt, pause time.Duration) {
	if len(p.payload.Shortened) > 0 {
		p.log.Info("message shortened to fit", "cut", p.payload.Shortened)
	}
	switch {
	case a.State == bridge.Sent:
		p.log.Info("delivered", "took", a.Took)
	case len(a.Apart) > 0:
		p.log.Warn("the platform refused a message of several events; it is split in two and sent again", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail)
	case a.State == bridge.Dead:
		p.log.Error("delivery failed for good; see the dead letters", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail)
	case s.health.Broken != "":
		p.log.Error("somebody must fix the destination; its deliveries wait", "status", a.Status, "detail", a.Detail, "next_probe", pause)
	default:
		p.log.Warn("delivery failed; it will be retried", "outcome", a.Outcome, "status", a.Status, "detail", a.Detail, "pause", pause)
	}
}

// record stores outcomes, as many as possible together. It retries until the store answers: a
// message that was sent but not recorded would be sent again. Meanwhile the sender sends
// nothing more.
func (s *Sender) record(ctx context.Context, outcomes <-chan bridge.Attempt, room <-chan struct{}, stop func()) {
	var last time.Time
	for first := range outcomes {
		batch := collectOutcomes(first, outcomes, time.Until(last.Add(recordEvery)))
		last = time.Now()
		err := s.recordOutcomes(ctx, batch...)
		if err != nil {
			stop()
			s.Log.Error("cannot record outcomes; retrying until the store answers", "outcomes", len(batch), "err", err)
		}
		for err != nil && sleep(ctx, recordRetry) {
			err = s.recordOutcomes(ctx, batch...)
		}
		for range batch {
			<-room
		}
	}
}

// collectOutcomes returns an outcome and those that are already waiting. It waits for more
// until there are recordBatch, or until d has passed.
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

// drain returns the outcomes that wait in the channel, without blocking.
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
