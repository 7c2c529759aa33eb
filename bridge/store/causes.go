package store

import (
	"context"
	"fmt"
	"time"
)

// causeLength is how much of the platform's words tells one cause from another.
const causeLength = 80

// maxCauses bounds how many beginnings of words are told apart.
const maxCauses = 2000

// cause is the beginning of the platform's last words in SQL; an index has it.
const cause = `substr(d.last_error, 1, 80)`

// Cause is what dead letters of a sink have in common: how the platform's last
// words begin.
type Cause struct {
	Sink  string
	Words string
	N     int
	First time.Time // when the event of the oldest of them was routed
	Last  time.Time
	ID    string // of the newest delivery
}

// Causes groups the dead letters, the largest groups first.
func (s *Store) Causes(ctx context.Context) ([]Cause, error) {
	return list(ctx, s, func(row scanner) (c Cause, err error) {
		var first string
		err = row.Scan(&c.Sink, &c.Words, &c.N, &first, &c.ID)
		c.First, c.Last = Arrival(first), Arrival(c.ID)
		return c, err
	}, `SELECT d.sink, COALESCE(`+cause+`, ''), count(*), min(d.id), max(d.id) FROM deliveries d
		WHERE d.state = 'dead' GROUP BY d.sink, `+cause+` ORDER BY 3 DESC LIMIT ?`, maxCauses)
}

// CountDeliveries tells how many deliveries a filter chooses, up to a bound.
func (s *Store) CountDeliveries(ctx context.Context, f Filter, most int) (int, error) {
	c, err := s.chosenDeliveries(ctx, f)
	if err != nil {
		return 0, err
	}
	return s.count(ctx, `SELECT 1 AS one FROM deliveries d JOIN events e ON e.id = d.event_id`+c.where(), c.args, most)
}

// CountEvents tells how many events a filter chooses, up to a bound.
func (s *Store) CountEvents(ctx context.Context, f Filter, most int) (int, error) {
	c, err := s.chosenEvents(ctx, f)
	if err != nil {
		return 0, err
	}
	return s.count(ctx, `SELECT 1 AS one FROM events e`+c.where(), c.args, most)
}

func (s *Store) count(ctx context.Context, query string, args []any, most int) (n int, err error) {
	err = s.row(ctx, `SELECT count(*) FROM (`+query+` LIMIT ?) chosen`, append(args, most)...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count what is chosen: %w", err)
	}
	return n, nil
}
