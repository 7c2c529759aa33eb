package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Target is where a route sends an event.
type Target struct {
	Route string
	Sink  string
}

// FanOut turns an event into a delivery for each target, in one transaction,
// once: for an event that was fanned out before it does nothing. An event
// without targets is kept, as routed to nobody. Nil facts leave those that are
// kept as they are.
func (s *Store) FanOut(ctx context.Context, event bridge.Event, facts bridge.Facts, targets []Target, now time.Time) error {
	var encoded []byte
	if facts != nil {
		var err error
		if encoded, err = json.Marshal(facts); err != nil {
			return fmt.Errorf("fan out event %s: %w", event.ID, err)
		}
	}
	var all []statement
	for _, target := range targets {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("fan out event %s: %w", event.ID, err)
		}
		all = append(all, change(`INSERT INTO deliveries
			(id, event_id, route, sink, state, attempts, not_before, created_at, updated_at)
			SELECT ?, id, ?, ?, 'pending', 0, received_at, ?, ? FROM events WHERE id = ? AND routed_at IS NULL
			ON CONFLICT (event_id, route, sink) DO NOTHING`,
			id.String(), target.Route, target.Sink, micros(now), micros(now), event.ID))
	}
	all = append(all, change(`UPDATE events SET facts = COALESCE(?, facts), routed_at = ? WHERE id = ? AND routed_at IS NULL`, encoded, micros(now), event.ID))
	if _, err := s.write(ctx, all...); err != nil {
		return fmt.Errorf("fan out event %s: %w", event.ID, err)
	}
	return nil
}

// Due gives the deliveries that a sink should send now: those of the oldest
// events first, at most limit.
func (s *Store) Due(ctx context.Context, sink string, now time.Time, limit int) ([]bridge.Delivery, error) {
	all, err := list(ctx, s, scanDue, `SELECT d.id, d.event_id, e.type, e.source, d.route, d.sink, d.attempts, d.failing_since, COALESCE(e.routed_at, 0), e.facts
		FROM deliveries d JOIN events e ON e.id = d.event_id
		WHERE d.sink = ? AND d.state = 'pending' AND d.not_before <= ?
		ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, sink, micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("read due deliveries of %s: %w", sink, err)
	}
	return all, nil
}

func scanDue(row scanner) (d bridge.Delivery, err error) {
	var failing, routed int64
	var facts []byte
	err = row.Scan(&d.ID, &d.EventID, &d.EventType, &d.Source, &d.Route, &d.Sink, &d.Attempts, &failing, &routed, &facts)
	if err != nil {
		return d, err
	}
	d.FailingSince, d.Routed = fromMicros(failing), fromMicros(routed)
	if err := decode(facts, &d.Facts); err != nil {
		return d, fmt.Errorf("the facts of delivery %s: %w", d.ID, err)
	}
	return d, nil
}

// NextDue is when the first waiting delivery of a sink is due; false when none
// waits.
func (s *Store) NextDue(ctx context.Context, sink string) (time.Time, bool, error) {
	return s.next(ctx, `SELECT not_before FROM deliveries WHERE sink = ? AND state = 'pending' ORDER BY not_before LIMIT 1`, sink)
}

// Record stores the outcomes of attempts and what becomes of their deliveries.
func (s *Store) Record(ctx context.Context, attempts ...bridge.Attempt) error {
	var all []statement
	for _, a := range attempts {
		all = append(all, change(`INSERT INTO attempts (delivery_id, at, took, outcome, status, detail) VALUES (?, ?, ?, ?, ?, ?)`,
			a.DeliveryID, micros(a.At), a.Took.Microseconds(), a.Outcome, a.Status, a.Detail), outcome(a))
	}
	if _, err := s.write(ctx, all...); err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	return nil
}

// outcome is what becomes of the delivery of an attempt.
func outcome(a bridge.Attempt) statement {
	at, counted, failing := micros(a.At), 0, int64(0)
	if a.Counted {
		counted, failing = 1, at
	}
	const (
		sent    = `UPDATE deliveries SET state = 'sent', attempts = attempts + ?, receipt = ?, last_error = NULL, updated_at = ? WHERE id = ?`
		ended   = `UPDATE deliveries SET state = ?, attempts = attempts + ?, last_error = ?, updated_at = ? WHERE id = ? AND state = 'pending'`
		waits   = `UPDATE deliveries SET attempts = attempts + ?, last_error = ?, updated_at = ?, failing_since = CASE WHEN failing_since = 0 THEN ? ELSE failing_since END`
		pending = ` WHERE id = ? AND state = 'pending'`
	)
	switch {
	case a.State == bridge.Sent:
		return change(sent, counted, a.Receipt, at, a.DeliveryID)
	case a.State != bridge.Pending:
		return change(ended, string(a.State), counted, a.Detail, at, a.DeliveryID)
	case a.NotBefore.IsZero(): // it keeps its place in the queue
		return change(waits+pending, counted, a.Detail, at, failing, a.DeliveryID)
	default:
		return change(waits+`, not_before = ?`+pending, counted, a.Detail, at, failing, micros(a.NotBefore), a.DeliveryID)
	}
}
