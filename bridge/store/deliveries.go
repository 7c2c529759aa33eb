package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// dueRoom is how many bytes of memory the deliveries take that Due gives, about, and
// behindRoom those that DueBehind gives. Each sink may have both at a time.
const (
	dueRoom    = 2 << 20
	behindRoom = 1 << 20
)

// Due gives the deliveries that a sink should send now, each as a message of its
// own: those of the oldest events first, at most limit, and fewer when there is much to
// say of them.
func (s *Store) Due(ctx context.Context, sink string, now time.Time, limit int) ([]bridge.Delivery, error) {
	return s.due(ctx, dueRoom, sink, "", now, limit)
}

// DueBehind is Due for the deliveries that come after another of the same sink.
func (s *Store) DueBehind(ctx context.Context, d bridge.Delivery, now time.Time, limit int) ([]bridge.Delivery, error) {
	return s.due(ctx, behindRoom, d.Sink, " AND (d.not_before, d.event_id, d.id) > (?, ?, ?)", now, limit, micros(d.Due), d.EventID, d.ID)
}

// due is Due with another room and one more condition.
func (s *Store) due(ctx context.Context, room int, sink, which string, now time.Time, limit int, more ...any) ([]bridge.Delivery, error) {
	due, err := listNow(ctx, s, scanSized, selectSized+` WHERE d.sink = ? AND d.state = 'pending' AND d.digest_key IS NULL AND d.not_before <= ?`+which+`
		ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, slices.Concat([]any{sink, micros(now)}, more, []any{limit})...)
	var all []bridge.Delivery
	if err == nil {
		all, err = (&reading{Store: s, room: room}).deliveries(ctx, due, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("read due deliveries of %s: %w", sink, err)
	}
	return all, nil
}

// NextDue is when the first waiting delivery or parcel of a sink is due; false when
// none waits.
func (s *Store) NextDue(ctx context.Context, sink string) (time.Time, bool, error) {
	single, one, err := s.next(ctx, `SELECT not_before FROM deliveries WHERE sink = ? AND state = 'pending' AND digest_key IS NULL ORDER BY not_before LIMIT 1`, sink)
	if err != nil {
		return single, one, err
	}
	parcel, other, err := s.next(ctx, `SELECT closes_at FROM parcels WHERE sink = ? ORDER BY closes_at LIMIT 1`, sink)
	if other && (!one || parcel.Before(single)) {
		single = parcel
	}
	return single, one || other, err
}

// Record stores the outcomes of attempts and what becomes of their deliveries. What
// was recorded already, as happens when a connection was lost before the database
// could say so, is not recorded again.
func (s *Store) Record(ctx context.Context, attempts ...bridge.Attempt) error {
	var outcomes, others []statement
	for _, a := range attempts {
		at := micros(a.At)
		if a.Parcel == "" {
			outcomes = append(outcomes, s.outcome(a)...)
		} else {
			all, err := recordParcel(a)
			if err != nil {
				return fmt.Errorf("record attempts: %w", err)
			}
			others = append(others, all...)
		}
		for _, p := range a.Posts {
			others = append(others, keepPost(a.Sink, p, at))
		}
	}
	if _, err := s.write(ctx, slices.Concat(outcomes, tallied(attempts), others)...); err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	return nil
}

// outcome is what becomes of the delivery of an attempt. One that somebody cancelled
// meanwhile keeps the attempt, and its state.
func (s *Store) outcome(a bridge.Attempt) []statement {
	line := lineOf(a)
	if a.State != bridge.Sent {
		return []statement{
			outcome(a, line, "id = ?", a.DeliveryID),
			change(`UPDATE deliveries SET tries = tries || CAST(? AS TEXT) WHERE id = ? AND state <> 'pending'`+isNew, line, a.DeliveryID, line, line),
		}
	}
	counted := int64(0)
	if a.Counted {
		counted = 1
	}
	return []statement{s.changes.sent.with(a.DeliveryID, micros(a.At), counted, a.Receipt, line)}
}

// recordParcel is the outcome of an attempt to send a parcel.
func recordParcel(a bridge.Attempt) ([]statement, error) {
	all := []statement{
		change(`INSERT INTO tallies (at, sink, outcome, n) SELECT CAST(? AS BIGINT), sink, ?, count(*) FROM deliveries WHERE digest_key = ? AND state = 'pending' GROUP BY sink`+addTally,
			micros(a.At.Truncate(time.Minute)), a.Outcome, a.Parcel),
		outcome(a, lineOf(a), "digest_key = ? AND state = 'pending'", a.Parcel),
	}
	switch {
	case len(a.Apart) > 0:
		split, err := splitOff(a.Parcel, a.Apart)
		return append(all, split...), err
	case a.State != bridge.Pending:
		all = append(all, drop(a.Parcel)...)
	case !a.NotBefore.IsZero():
		all = append(all, change(`UPDATE parcels SET closes_at = ? WHERE id = ?`, micros(a.NotBefore), a.Parcel))
	}
	return all, nil
}

// outcome is what becomes of the deliveries of an attempt, unless they have its line already.
func outcome(a bridge.Attempt, line, which string, id any) statement {
	which += isNew
	at, counted, failing := micros(a.At), 0, int64(0)
	if a.Counted {
		counted, failing = 1, at
	}
	const (
		sent    = `UPDATE deliveries SET state = 'sent', attempts = attempts + ?, receipt = ?, last_error = NULL, updated_at = ?, tries = tries || CAST(? AS TEXT) WHERE `
		ended   = `UPDATE deliveries SET state = ?, attempts = attempts + ?, last_error = ?, updated_at = ?, tries = tries || CAST(? AS TEXT) WHERE state = 'pending' AND `
		waits   = `UPDATE deliveries SET attempts = attempts + ?, last_error = ?, updated_at = ?, tries = tries || CAST(? AS TEXT), failing_since = CASE WHEN failing_since = 0 THEN ? ELSE failing_since END`
		pending = ` WHERE state = 'pending' AND `
	)
	switch {
	case a.State == bridge.Sent:
		return change(sent+which, counted, a.Receipt, at, line, id, line, line)
	case a.State != bridge.Pending:
		return change(ended+which, string(a.State), counted, a.Detail, at, line, id, line, line)
	case a.NotBefore.IsZero() || a.Parcel != "": // it keeps its place in the queue, or in the parcel
		return change(waits+pending+which, counted, a.Detail, at, line, failing, id, line, line)
	default:
		return change(waits+`, not_before = ?`+pending+which, counted, a.Detail, at, line, failing, micros(a.NotBefore), id, line, line)
	}
}
