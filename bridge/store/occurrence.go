package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

const (
	// sameWithin is how far apart two tales of the same thing that happened to the
	// same person may be: a webhook without a time of its own that was repeated for
	// hours, and the time by Absorb's API.
	sameWithin = 24 * time.Hour

	// leanWithin is the same for a webhook that does not say which course it is
	// about.
	leanWithin = 10 * time.Minute
)

// occurrence is what an event tells of, hashed.
type occurrence struct {
	keys [][]byte
	lean []byte // a byte longer than keys: so it is told from them
}

func occurrenceOf(e bridge.Event) (o occurrence) {
	told := absorb.OccurrenceOf(e)
	hash := func(key string) []byte {
		sum := sha256.Sum256([]byte(e.Source + "\x00" + key))
		return sum[:16]
	}
	for _, key := range told.Keys {
		o.keys = append(o.keys, hash(key))
	}
	if told.Lean != "" {
		o.lean = append(hash(told.Lean), 0)
	}
	return o
}

// name is what the event is found by; nil for one that is never caught up.
func (o occurrence) name() []byte {
	if len(o.keys) > 0 {
		return o.keys[0]
	}
	return o.lean
}

// unlessKnown is the condition that what a new event n tells of was not caught up, and
// that its person was not forgotten since it came for the first time.
func unlessKnown() string {
	return fmt.Sprintf(`NOT EXISTS (SELECT 1 FROM known k WHERE k.key = n.occurrence
		AND abs(k.at - CASE WHEN n.occurred_at > 0 THEN n.occurred_at ELSE n.received_at END) <= CASE WHEN length(n.occurrence) = 17 THEN %d ELSE %d END)
	AND NOT EXISTS (SELECT 1 FROM known k WHERE k.key = n.dedupe_key)`, leanWithin.Microseconds(), sameWithin.Microseconds())
}

// known tells whether that is why an event was not taken, and which event came before
// it, if it is still there.
func (s *Store) known(ctx context.Context, r eventRow) (Accepted, bool, error) {
	all, err := list(ctx, s, func(row scanner) (id string, err error) { return id, row.Scan(&id) },
		`SELECT k.event_id FROM known k WHERE k.key = ? OR k.key = ? ORDER BY abs(k.at - ?), k.event_id DESC LIMIT 1`, r.name(), r.key, micros(r.event.Time()))
	if err != nil || len(all) == 0 {
		return Accepted{}, false, err
	}
	return Accepted{ID: all[0], Duplicate: true}, true, nil
}

// cameAlready is the condition that a webhook told of an event already, or that it
// was caught up, or forgotten.
const cameAlready = `(EXISTS (SELECT 1 FROM known k WHERE k.key IN (?, ?, ?) AND k.at BETWEEN ? AND ?)
	OR EXISTS (SELECT 1 FROM known k WHERE k.key = ? AND k.event_id = '' AND k.at BETWEEN ? AND ?)
	OR EXISTS (SELECT 1 FROM events o WHERE o.occurrence IN (?, ?, ?) AND o.id <> ?
		AND CASE WHEN o.occurred_at > 0 THEN o.occurred_at ELSE o.received_at END BETWEEN ? AND ?)
	OR EXISTS (SELECT 1 FROM events o WHERE o.occurrence = ?
		AND CASE WHEN o.occurred_at > 0 THEN o.occurred_at ELSE o.received_at END BETWEEN ? AND ?))`

// already are the values of cameAlready.
func (r eventRow) already() []any {
	at := r.event.Time()
	from, to := micros(at.Add(-sameWithin)), micros(at.Add(sameWithin))
	soon, late := micros(at.Add(-leanWithin)), micros(at.Add(leanWithin))
	key := func(i int) []byte { return r.keys[min(i, len(r.keys)-1)] }
	return []any{
		key(0), key(1), key(2), from, to, r.lean, soon, late,
		key(0), key(1), key(2), r.id, from, to, r.lean, soon, late,
	}
}

// Missing gives those of the events that nobody has told of: no webhook did, and they
// were not caught up.
func (s *Store) Missing(ctx context.Context, events []bridge.Event) (missing []bridge.Event, err error) {
	for _, e := range events {
		r := eventRow{event: e, occurrence: occurrenceOf(e)}
		if len(r.keys) == 0 {
			continue
		}
		var came bool
		if err := s.row(ctx, `SELECT `+cameAlready, r.already()...).Scan(&came); err != nil {
			return nil, fmt.Errorf("look for what did not come: %w", err)
		}
		if !came {
			missing = append(missing, e)
		}
	}
	return missing, nil
}

// CatchUp stores events that no webhook brought, in their order, unless one has
// brought them meanwhile, together with what whoever goes on with the work must
// know (see Keep); it gives how many were new. They are deduplicated against
// whatever comes at the same moment, in this process or another.
func (s *Store) CatchUp(ctx context.Context, events []bridge.Event, state, value string) (int, error) {
	now := time.Now().UTC()
	var all []statement
	var inserts []int
	for i, e := range events {
		e.CaughtUp, e.ReceivedAt = true, now.Add(time.Duration(i)*time.Microsecond)
		r, err := newEventRow(e)
		if err != nil {
			return 0, fmt.Errorf("catch up: %w", err)
		}
		if len(r.keys) == 0 {
			return 0, fmt.Errorf("catch up: %s events cannot be told apart", e.Type)
		}
		inserts = append(inserts, len(all))
		all = append(all, r.insert(s.events), change(`DELETE FROM events WHERE id = ? AND `+cameAlready, append([]any{r.id}, r.already()...)...))
		for _, key := range append(r.keys, r.lean) {
			if key == nil {
				continue
			}
			all = append(all, change(`INSERT INTO known (key, event_id, at) SELECT COALESCE(?, occurrence), id, CAST(? AS BIGINT) FROM events WHERE id = ? ON CONFLICT DO NOTHING`,
				key, micros(e.Time()), r.id))
		}
	}
	if state != "" {
		all = append(all, keep(state, value))
	}
	changed, err := s.writeEvents(ctx, all...)
	if err != nil {
		return 0, fmt.Errorf("catch up: %w", err)
	}
	created := 0
	for _, i := range inserts {
		created += int(changed[i] - changed[i+1])
	}
	return created, nil
}

// Kinds is how many events of each type webhooks of a source brought, and up to
// which id they were counted.
type Kinds struct {
	Counts map[string]int `json:"counts"`
	UpTo   string         `json:"up_to"`
}

// CountKinds counts on from what was counted before.
func (s *Store) CountKinds(ctx context.Context, source string, k *Kinds) error {
	type count struct {
		kind, last string
		n          int
	}
	counts, err := list(ctx, s, func(row scanner) (c count, err error) { return c, row.Scan(&c.kind, &c.last, &c.n) },
		`SELECT type, max(id), count(*) FROM events WHERE source = ? AND caught_up = 0 AND id > ? GROUP BY type`, source, k.UpTo)
	if err != nil {
		return fmt.Errorf("count the events of source %s: %w", source, err)
	}
	if k.Counts == nil {
		k.Counts = map[string]int{}
	}
	for _, c := range counts {
		k.Counts[c.kind] += c.n
		k.UpTo = max(k.UpTo, c.last)
	}
	return nil
}

// LastVerified is when what the newest webhook of a source told of happened; zero when
// none came yet.
func (s *Store) LastVerified(ctx context.Context, source string) (time.Time, error) {
	at, _, err := s.next(ctx, `SELECT CASE WHEN occurred_at > 0 THEN occurred_at ELSE received_at END FROM events WHERE source = ? AND caught_up = 0 ORDER BY id DESC LIMIT 1`, source)
	return at, err
}
