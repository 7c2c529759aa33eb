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
// without targets is kept, as routed to nobody, without its facts.
func (s *Store) FanOut(ctx context.Context, event bridge.Event, facts bridge.Facts, targets []Target, now time.Time) error {
	var encoded []byte
	if len(targets) > 0 {
		var err error
		if encoded, err = json.Marshal(facts); err != nil {
			return fmt.Errorf("fan out event %s: %w", event.ID, err)
		}
	}
	ids := make([]string, len(targets))
	for i := range ids {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("fan out event %s: %w", event.ID, err)
		}
		ids[i] = id.String()
	}
	err := s.write(ctx, func(t tx) error {
		n, err := t.exec(`UPDATE events SET facts = COALESCE(?, facts), routed_at = ? WHERE id = ? AND routed_at IS NULL`, encoded, micros(now), event.ID)
		if err != nil || n == 0 {
			return err
		}
		for i, target := range targets {
			_, err := t.exec(`INSERT INTO deliveries
				(id, event_id, route, sink, state, attempts, not_before, created_at, updated_at)
				VALUES (?, ?, ?, ?, 'pending', 0, ?, ?, ?)
				ON CONFLICT (event_id, route, sink) DO NOTHING`,
				ids[i], event.ID, target.Route, target.Sink, micros(event.ReceivedAt), micros(now), micros(now))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("fan out event %s: %w", event.ID, err)
	}
	return nil
}

// Due gives the deliveries that a sink should send now: those of the oldest
// events first, at most limit.
func (s *Store) Due(ctx context.Context, sink string, now time.Time, limit int) ([]bridge.Delivery, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT d.id, d.event_id, e.type, e.source, d.route, d.sink, d.attempts, d.failing_since, COALESCE(e.routed_at, 0), e.facts
		FROM deliveries d JOIN events e ON e.id = d.event_id
		WHERE d.sink = ? AND d.state = 'pending' AND d.not_before <= ?
		ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, sink, micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("read due deliveries of %s: %w", sink, err)
	}
	defer rows.Close()
	var all []bridge.Delivery
	for rows.Next() {
		var d bridge.Delivery
		var failing, routed int64
		var facts []byte
		if err := rows.Scan(&d.ID, &d.EventID, &d.EventType, &d.Source, &d.Route, &d.Sink, &d.Attempts, &failing, &routed, &facts); err != nil {
			return nil, fmt.Errorf("read due deliveries of %s: %w", sink, err)
		}
		d.FailingSince, d.Routed = fromMicros(failing), fromMicros(routed)
		if err := decode(facts, &d.Facts); err != nil {
			return nil, fmt.Errorf("read the facts of delivery %s: %w", d.ID, err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// NextDue is when the first waiting delivery of a sink is due; false when none
// waits.
func (s *Store) NextDue(ctx context.Context, sink string) (time.Time, bool, error) {
	return s.next(ctx, `SELECT not_before FROM deliveries WHERE sink = ? AND state = 'pending' ORDER BY not_before LIMIT 1`, sink)
}

// Record stores the outcomes of attempts and what becomes of their deliveries.
func (s *Store) Record(ctx context.Context, attempts ...bridge.Attempt) error {
	err := s.write(ctx, func(t tx) error {
		for _, a := range attempts {
			if err := record(t, a); err != nil {
				return fmt.Errorf("delivery %s: %w", a.DeliveryID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	return nil
}

func record(t tx, a bridge.Attempt) error {
	at := micros(a.At)
	_, err := t.exec(`INSERT INTO attempts (delivery_id, at, took, outcome, status, detail) VALUES (?, ?, ?, ?, ?, ?)`,
		a.DeliveryID, at, a.Took.Microseconds(), a.Outcome, a.Status, a.Detail)
	if err != nil {
		return err
	}
	counted := 0
	if a.Counted {
		counted = 1
	}
	switch a.State {
	case bridge.Sent:
		_, err = t.exec(`UPDATE deliveries SET state = 'sent', attempts = attempts + ?, receipt = ?, last_error = NULL, updated_at = ? WHERE id = ?`,
			counted, a.Receipt, at, a.DeliveryID)
	case bridge.Pending:
		// not_before 0: it keeps its place in the queue.
		_, err = t.exec(`UPDATE deliveries SET not_before = CASE WHEN ? = 0 THEN not_before ELSE ? END,
			failing_since = CASE WHEN failing_since = 0 AND ? > 0 THEN ? ELSE failing_since END,
			attempts = attempts + ?, last_error = ?, updated_at = ? WHERE id = ? AND state = 'pending'`,
			micros(a.NotBefore), micros(a.NotBefore), counted, at, counted, a.Detail, at, a.DeliveryID)
	default:
		_, err = t.exec(`UPDATE deliveries SET state = ?, attempts = attempts + ?, last_error = ?, updated_at = ? WHERE id = ? AND state = 'pending'`,
			string(a.State), counted, a.Detail, at, a.DeliveryID)
	}
	return err
}
