package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Unrouted is an accepted event that was not fanned out yet.
type Unrouted struct {
	bridge.Event
	Lookups int // how often it was looked up already
}

// Unrouted gives the oldest events that wait to be routed and are due, at most
// limit.
func (s *Store) Unrouted(ctx context.Context, now time.Time, limit int) ([]Unrouted, error) {
	all, _, err := s.UnroutedWithin(ctx, now, limit, math.MaxInt)
	return all, err
}

// UnroutedWithin is Unrouted for no more webhooks than have so many bytes together, but
// for one at least. It tells whether that left any out.
func (s *Store) UnroutedWithin(ctx context.Context, now time.Time, limit, bytes int) (all []Unrouted, more bool, err error) {
	if s.arrivals != nil {
		s.arrivals.moving.Lock() // nothing leaves the inbox between the two readings
		defer s.arrivals.moving.Unlock()
	}
	due, err := s.unrouted(ctx, now, limit)
	if err != nil {
		return nil, false, fmt.Errorf("read unrouted events: %w", err)
	}
	some := fitting(due, bytes)
	for few := range slices.Chunk(some, atOnce) {
		c := &conditions{}
		c.in("e.id", "IN", idsOf(few))
		c.add("COALESCE(e.routed_at, 0) = 0") // not by the index of those that wait, which has many that were routed meanwhile
		found, err := listNow(ctx, s, scanUnrouted, `SELECT `+storedColumns+`, e.lookups, COALESCE(e.repeats, '') FROM events e`+c.where(), c.args...)
		if err != nil {
			return nil, false, fmt.Errorf("read unrouted events: %w", err)
		}
		all = append(all, inOrder(few, found, func(u Unrouted) string { return u.ID })...)
	}
	if s.arrivals == nil || len(some) < len(due) || len(due) == limit {
		return all, len(some) < len(due), nil
	}
	for _, z := range some {
		bytes -= z.bytes
	}
	fresh, more, err := s.arrivals.unrouted(limit-len(due), max(1, bytes))
	if err != nil {
		return nil, false, fmt.Errorf("read unrouted events: %w", err)
	}
	return append(all, fresh...), more, nil
}

func (s *Store) unrouted(ctx context.Context, now time.Time, limit int) ([]sized, error) {
	return listNow(ctx, s, scanSized, `SELECT id, length(body) FROM events WHERE routed_at IS NULL AND route_after <= ? ORDER BY route_after, id LIMIT ?`, micros(now), limit)
}

func scanUnrouted(row scanner) (u Unrouted, err error) {
	var r storedEvent
	if err := row.Scan(append(r.into(), &u.Lookups, &r.Repeats)...); err != nil {
		return u, err
	}
	err = r.read()
	u.Event = r.Event
	return u, err
}

// NextUnrouted is when the first of the waiting events is due; false when none
// waits.
func (s *Store) NextUnrouted(ctx context.Context) (time.Time, bool, error) {
	return s.next(ctx, `SELECT route_after FROM events WHERE routed_at IS NULL ORDER BY route_after LIMIT 1`)
}

// Postpone has an event looked up again later, and counts it.
func (s *Store) Postpone(ctx context.Context, eventID string, until time.Time) error {
	err := s.changeEvent(ctx, change(`UPDATE events SET route_after = ?, lookups = lookups + 1 WHERE id = ? AND routed_at IS NULL`, micros(until), eventID))
	if err != nil {
		return fmt.Errorf("postpone event %s: %w", eventID, err)
	}
	return nil
}
