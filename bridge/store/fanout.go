package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Target is where a route sends an event.
type Target struct {
	Route  string
	Sink   string
	Join   string // key of a parcel that the delivery goes into if it is open, or ""
	Gather Gather // the parcel that it goes into otherwise
}

// Gather is a parcel that is opened if it is not open.
type Gather struct {
	Key    string    // what belongs together; "" for a message of its own
	Closes time.Time // when it is due, unless more joins until then …
	Latest time.Time // … and then, however much does
	Room   int       // it is due when so many have joined
}

// FanOut turns an event into a delivery for each target, in one transaction,
// once: for an event that was fanned out before it does nothing. An event
// without targets is kept, as routed to nobody. Nil facts leave those that are
// kept as they are.
func (s *Store) FanOut(ctx context.Context, event bridge.Event, facts bridge.Facts, targets []Target, now time.Time) error {
	if err := s.fanOut(ctx, event, facts, targets, now); err != nil {
		return fmt.Errorf("fan out event %s: %w", event.ID, err)
	}
	return nil
}

func (s *Store) fanOut(ctx context.Context, event bridge.Event, facts bridge.Facts, targets []Target, now time.Time) error {
	var kept packed
	var err error
	if facts != nil {
		if kept, err = pack(event, facts); err != nil {
			return err
		}
	}
	trace, err := encodeTrace(event.Trace)
	if err != nil {
		return err
	}
	parts, hashes := s.keepParts(event.Source, kept, now)
	if s.arrivals != nil && len(event.Inferred) == 0 {
		to, err := s.arrivals.routingOf(event, kept.text, trace, parts, targets, now)
		if err != nil {
			return err
		}
		if stored, err := s.routeArrival(event.ID, to); stored || err != nil {
			s.parts.note(hashes, now, err)
			return err
		}
	}
	// The event comes first: another replica that routes it at this moment waits for
	// its row, and then finds that it has nothing to do.
	all := []statement{s.changes.routed.with(event.ID, kept.text, trace, micros(now))}
	all = append(all, parts...)
	if len(event.Inferred) > 0 {
		named, err := infer(event, nil)
		if err != nil {
			return err
		}
		all = append([]statement{named}, all...)
	}
	for _, target := range targets {
		statements, err := s.deliver(target, event.ID, now)
		if err != nil {
			return err
		}
		all = append(all, statements...)
	}
	err = s.changeEvent(ctx, all...)
	s.parts.note(hashes, now, err)
	return err
}

// deliver makes the delivery of an event that was fanned out now, and not before.
func (s *Store) deliver(t Target, event string, now time.Time) ([]statement, error) {
	if !t.alone() {
		return t.gather(event, now)
	}
	delivery, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return []statement{s.changes.deliver.with(delivery.String(), event, t.Route, t.Sink, micros(now))}, nil
}

// alone tells whether the delivery is a message of its own.
func (t Target) alone() bool { return t.Join == "" && t.Gather.Key == "" }

// gather makes the delivery of an event that was fanned out now, and not before, and puts
// it into its parcel.
func (t Target) gather(event string, now time.Time) (all []statement, err error) {
	delivery, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	const open = "p.sink = ? AND p.route = ? AND p.key = ? AND p.closed = 0"
	if t.Join != "" { // nobody closes it before the delivery is in it
		all = append(all, change(`UPDATE parcels AS p SET room = room WHERE `+open, t.Sink, t.Route, t.Join))
	}
	if t.Gather.Key != "" {
		parcel, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		all = append(all, change(`INSERT INTO parcels (id, sink, route, key, closes_at, latest, room, closed)
			SELECT ?, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), 0 FROM events WHERE id = ? AND routed_at = ?
			AND NOT EXISTS (SELECT 1 FROM parcels p WHERE `+open+`)
			ON CONFLICT (sink, route, key) WHERE closed = 0 DO UPDATE SET room = parcels.room`,
			parcel.String(), t.Sink, t.Route, t.Gather.Key, micros(t.Gather.Closes), micros(t.Gather.Latest), t.Gather.Room, event, micros(now), t.Sink, t.Route, t.Join))
	}
	return append(all, change(`INSERT INTO deliveries (id, event_id, route, sink, state, attempts, not_before, created_at, updated_at, digest_key)
		SELECT ?, id, ?, ?, 'pending', 0, received_at, ?, ?, COALESCE((SELECT p.id FROM parcels p WHERE `+open+`), (SELECT p.id FROM parcels p WHERE `+open+`))
		FROM events WHERE id = ? AND routed_at = ?
		ON CONFLICT (event_id, route, sink) DO NOTHING`,
		delivery.String(), t.Route, t.Sink, micros(now), micros(now), t.Sink, t.Route, t.Join, t.Sink, t.Route, t.Gather.Key, event, micros(now)),
		change(`UPDATE parcels SET room = room - 1, closed = CASE WHEN room <= 1 THEN 1 ELSE closed END, closes_at = CASE
				WHEN room <= 1 THEN CAST(? AS BIGINT)
				WHEN key = ? THEN CASE WHEN latest < ? THEN latest ELSE CAST(? AS BIGINT) END
				WHEN latest < ? THEN latest ELSE CAST(? AS BIGINT) END
			WHERE id = (SELECT digest_key FROM deliveries WHERE id = ?)`,
			micros(now), t.Join, micros(now.Add(JoinWait)), micros(now.Add(JoinWait)), micros(t.Gather.Closes), micros(t.Gather.Closes), delivery.String())), nil
}
