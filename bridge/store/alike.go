package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// MaxDedupeWithin limits the time within which two events can be duplicates by their
// dedupe key.
const MaxDedupeWithin = 24 * time.Hour

// unlessAlike is the condition that a new event n owns its dedupe key: claimLike
// claimed it in the same transaction.
func unlessAlike() string {
	return unlessKnown() + ` AND EXISTS (SELECT 1 FROM alike a WHERE a.event_id = n.id)`
}

// claimLike claims a dedupe key for an event, unless another event claimed it within the
// time. A concurrent claim, in any process, waits for the row. An event with the same
// bytes as a stored event claims nothing.
func (r eventRow) claimLike() statement {
	return change(`INSERT INTO alike (key, event_id, at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, at = excluded.at
		WHERE abs(excluded.at - alike.at) >= ? AND NOT EXISTS (SELECT 1 FROM events e WHERE e.dedupe_key = ?)`,
		r.event.DedupeKey.Key, r.id, micros(r.event.ReceivedAt), r.event.DedupeKey.Within.Microseconds(), r.key)
}

// inserts are the statements that store an event; the last one does.
func (s *Store) inserts(r eventRow) []statement {
	if r.event.DedupeKey.Key == nil {
		return []statement{r.insert(s.events)}
	}
	return []statement{r.claimLike(), r.insert(s.likeEvents)}
}

// alike tells whether an event was not taken because another one is like it, and
// counts it there.
func (s *Store) alike(ctx context.Context, r eventRow) (Accepted, bool, error) {
	l := r.event.DedupeKey
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
	return change(`DELETE FROM alike WHERE at < ?`, micros(now.Add(-MaxDedupeWithin)))
}
