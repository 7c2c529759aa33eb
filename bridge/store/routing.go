package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// routings are the events of the inbox that the router has taken up, and what becomes of
// them. Most are routed while they are still in the inbox: then an event and its
// deliveries are written together, and each page of the tables once.
type routings struct {
	mu       sync.Mutex
	until    inbox.Position      // the events that the router has taken up end here
	taken    map[string]struct{} // their ids, while they are neither routed nor moved
	routed   map[string]*routing // by the event's id, until it is moved
	complete chan struct{}       // closed when no event is taken any more; nil when nobody waits
	leading  bool                // a goroutine moves what is routed
}

// routing is what an event of the inbox becomes.
type routing struct {
	facts, trace []byte
	at           int64
	others       []statement   // its deliveries, and the parts of its facts
	ended        chan struct{} // closed when the fields below are set
	stored       bool          // all of it is in the tables
	err          error         // why the event is still in the inbox
}

const (
	// routedTogether is how long routed events wait for those that were taken up with
	// them: they are moved in the order of their arrival.
	routedTogether = 50 * time.Millisecond

	// moveEvery is the least time between two moves of fewer routed events than fewRouted:
	// each move writes whole pages of tables and indexes, however few rows there are.
	moveEvery = 20 * time.Millisecond
	fewRouted = 64
)

var errUnread = errors.New("the disk no longer gives the event that the inbox had")

// insertRouted is how events are stored that were routed already.
func insertRouted() *rows {
	return newRows("events", eventColumnTypes+`, facts bytea, trace bytea, routed_at bigint`, "", "ON CONFLICT DO NOTHING")
}

// insertDeliveries is how the deliveries of such events are stored.
func insertDeliveries() *rows {
	return newRows("deliveries", `id text, event_id text, route text, sink text, state text, attempts bigint, not_before bigint, created_at bigint, updated_at bigint`,
		"", "ON CONFLICT DO NOTHING")
}

// take notes that the router takes up events, which end at a position.
func (r *routings) take(all []Unrouted, until inbox.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until.Before(until) {
		r.until = until
	}
	for _, e := range all {
		if r.routed[e.ID] == nil {
			r.taken[e.ID] = struct{}{}
		}
	}
}

// add notes what becomes of an event. It returns false when the event is not one that the
// router has taken up, or no longer in the inbox; lead says that the caller must have
// what is routed moved.
func (r *routings) add(id string, to *routing) (added, lead bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.taken[id]; !taken {
		return false, false
	}
	r.routed[id] = to
	r.drop(id)
	lead, r.leading = !r.leading, true
	return true, lead
}

// drop ends the wait for an event, and for all when it was the last one. The caller holds mu.
func (r *routings) drop(id string) {
	delete(r.taken, id)
	if len(r.taken) == 0 && r.complete != nil {
		close(r.complete)
		r.complete = nil
	}
}

// moves gives what becomes of an event that is moved now; nil when it is not routed.
func (r *routings) moves(id string) *routing {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := r.routed[id]
	delete(r.routed, id)
	r.drop(id)
	return to
}

// all is closed when every event that was taken up is routed or moved.
func (r *routings) all() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.complete == nil {
		r.complete = make(chan struct{})
	}
	complete := r.complete
	r.drop("") // there may be none already
	return complete
}

// next tells up to where events are to be moved, and how many are routed. The leading ends
// when none is.
func (r *routings) next() (until inbox.Position, routed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leading = len(r.routed) > 0
	return r.until, len(r.routed)
}

// fail ends the routings of events up to a position that were not moved with the others.
func (r *routings) fail(until inbox.Position, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until.Before(r.until) {
		return // they may come after it
	}
	for id, to := range r.routed {
		to.end(false, err)
		delete(r.routed, id)
	}
}

func (t *routing) end(stored bool, err error) {
	t.stored, t.err = stored, err
	close(t.ended)
}

// routeArrival is arrivals.route for a store that is not closed meanwhile.
func (s *Store) routeArrival(id string, to *routing) (stored bool, err error) {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return false, ErrClosed
	}
	return s.arrivals.route(id, to)
}

// route stores what becomes of an event that is still in the inbox, and moves it. It
// returns false when it is not there, or is in the tables without its routing.
func (a *arrivals) route(id string, to *routing) (stored bool, err error) {
	to.ended = make(chan struct{})
	added, lead := a.routings.add(id, to)
	if !added {
		return false, nil
	}
	if lead {
		go a.moveRouted()
	}
	<-to.ended
	return to.stored, to.err
}

// moveRouted moves what is routed until nothing is.
func (a *arrivals) moveRouted() {
	for {
		timer := time.NewTimer(routedTogether)
		select {
		case <-a.routings.all():
		case <-timer.C:
		}
		timer.Stop()
		until, n := a.routings.next()
		if n == 0 {
			return
		}
		if n < fewRouted {
			time.Sleep(time.Until(a.lastMove().Add(moveEvery)))
		}
		moved, err := a.moveSome(context.Background(), until, false)
		if err == nil && (moved == 0 || !a.movedTo().Before(until)) { // nothing else comes
			err = errUnread
		}
		if err != nil {
			a.routings.fail(until, err)
		}
	}
}

// routingOf is what an event of the inbox becomes by fan-out.
func (a *arrivals) routingOf(event bridge.Event, facts, trace []byte, parts []statement, targets []Target, now time.Time) (*routing, error) {
	to := &routing{facts: facts, trace: trace, at: micros(now), others: parts}
	for _, target := range targets {
		if !target.alone() {
			all, err := target.gather(event.ID, now)
			if err != nil {
				return nil, err
			}
			to.others = append(to.others, all...)
			continue
		}
		to.others = append(to.others, a.deliveries.with(
			deliveryID(event.ID, target), event.ID, target.Route, target.Sink, string(bridge.Pending), int64(0), micros(event.ReceivedAt), to.at, to.at,
		))
	}
	return to, nil
}

// deliveryID is the id of a delivery that is made from the inbox. A power cut may undo that
// after the message was sent: then the delivery is made again, and has the same id. Like
// the event's id, it begins with the time when the event arrived.
func deliveryID(event string, target Target) string {
	id, _ := uuid.Parse(event) // it always is one
	hash := sha256.Sum256([]byte(event + "\x00" + target.Route + "\x00" + target.Sink))
	copy(id[6:], hash[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80 // version 7, and the variant
	return id.String()
}

// unrouted gives the first events of the inbox to the router. It stops when there are limit
// events, or bytes of webhooks; more says that the bytes were the reason. It gives the
// events of one read at least.
func (a *arrivals) unrouted(limit, bytes int) (all []Unrouted, more bool, err error) {
	from := a.movedTo()
	for len(all) < limit {
		records, next, err := a.log.Read(from, a.log.End(), takenAtOnce)
		if err != nil {
			return nil, false, fmt.Errorf("read the inbox: %w", err)
		}
		if len(records) == 0 {
			break
		}
		some, err := a.eventsOf(records)
		if err != nil {
			return nil, false, err
		}
		for _, e := range some {
			bytes -= len(e.Raw)
		}
		if bytes < 0 && len(all) > 0 {
			return all, true, nil
		}
		a.routings.take(some, next)
		all, from = append(all, some...), next
	}
	return all, false, nil
}

// eventsOf gives the events among records.
func (a *arrivals) eventsOf(records [][]byte) (all []Unrouted, err error) {
	for _, r := range records {
		kind, values, err := a.read(r)
		if err != nil {
			return nil, err
		}
		if kind != recordEvent {
			continue
		}
		e, err := unroutedOf(values)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
