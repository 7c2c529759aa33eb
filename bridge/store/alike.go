package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// MaxLikeness bounds the time within which events may be alike.
const MaxLikeness = 24 * time.Hour

// unlessAlike is the condition that a new event n is the one of its likeness: claimLike
// said so in the same transaction.
func unlessAlike() string {
	return unlessKnown() + ` AND EXISTS (SELECT 1 FROM alike a WHERE a.event_id = n.id)`
}

// claimLike makes an event the one of its likeness, unless another one is within the
// time. Who claims it at the same time waits for the row, in any process. The same
// bytes as an event that is stored claim nothing.
func (r eventRow) claimLike() statement {
	return change(`INSERT INTO alike (key, event_id, at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, at = excluded.at
		WHERE abs(excluded.at - alike.at) >= ? AND NOT EXISTS (SELECT 1 FROM events e WHERE e.dedupe_key = ?)`,
		r.event.Likeness.Key, r.id, micros(r.event.ReceivedAt), r.event.Likeness.Within.Microseconds(), r.key)
}

// inserts are the statements that store an event; the last one does.
func (s *Store) inserts(r eventRow) []statement {
	if r.event.Likeness.Key == nil {
		return []statement{r.insert(s.events)}
	}
	return []statement{r.claimLike(), r.insert(s.likeEvents)}
}

// alike tells whether an event was not taken because another one is like it, and
// counts it there.
func (s *Store) alike(ctx context.Context, r eventRow) (Accepted, bool, error) {
	l := r.event.Likeness
	if l.Key == nil {
		return Accepted{}, false, nil
	}
	var first string
	var at int64
	err := s.row(ctx, `SELECT event_id, at FROM alike WHERE key = ?`, l.Key).Scan(&first, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Accepted{}, false, nil
	}
	apart := r.event.ReceivedAt.Sub(fromMicros(at)).Abs()
	if err != nil || first == r.id || apart >= l.Within {
		return Accepted{}, false, err
	}
	_, err = s.writeNow(ctx, change(`UPDATE events SET alike = alike + 1 WHERE id = ?`, first))
	return Accepted{ID: first, Duplicate: true, Alike: true}, true, err
}

// forgetLikes deletes what is too old to be compared with.
func forgetLikes(now time.Time) statement {
	return change(`DELETE FROM alike WHERE at < ?`, micros(now.Add(-MaxLikeness)))
}
