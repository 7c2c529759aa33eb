package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
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
	kind string
	keys [][]byte
	lean []byte // a byte longer than keys: so it is told from them
}

func occurrenceOf(e bridge.Event) (o occurrence) {
	told := absorb.OccurrenceOf(e)
	o.kind = told.Kind
	for _, key := range told.Keys {
		o.keys = append(o.keys, hashed(e.Source, key))
	}
	if told.Lean != "" {
		o.lean = append(hashed(e.Source, told.Lean), 0)
	}
	return o
}

// hashed is what is stored of a key.
func hashed(source, key string) []byte {
	sum := sha256.Sum256([]byte(source + "\x00" + key))
	return sum[:16]
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

// The conditions by which an event is known, for the values of isKnown and cameSince.
// What webhooks told of has no index: one that every webhook pays for would serve
// those few who catch up. It is looked for by time instead, which ids begin with.
const (
	// isKnown: it was caught up, or forgotten.
	isKnown = `(EXISTS (SELECT 1 FROM known k WHERE k.key IN (?, ?, ?) AND k.at BETWEEN ? AND ?)
	OR EXISTS (SELECT 1 FROM known k WHERE k.key = ? AND k.event_id = '' AND k.at BETWEEN ? AND ?))`

	// cameSince: a webhook told of it, and came after an id.
	cameSince = `EXISTS (SELECT 1 FROM events o WHERE o.id > ? AND o.id <> ? AND (o.occurrence IN (?, ?, ?) AND ` + happened + ` BETWEEN ? AND ?
		OR o.occurrence = ? AND ` + happened + ` BETWEEN ? AND ?))`

	// happened is when what an event o tells of did, as far as it says.
	happened = `CASE WHEN o.occurred_at > 0 THEN o.occurred_at ELSE o.received_at END`
)

const (
	// lookedForAtOnce is how many events Missing looks for in one reading of what came.
	lookedForAtOnce = 500

	// underWay is how long an event may be on its way into the store after its id was
	// made, by a clock that may be another replica's.
	underWay = 5 * time.Minute
)

// tellings are the values by which an event is looked for: its keys and its lean one,
// each with the time in which it happened.
func (r eventRow) tellings() []any {
	at := r.event.Time()
	key := func(i int) []byte { return r.keys[min(i, len(r.keys)-1)] }
	return []any{
		key(0), key(1), key(2), micros(at.Add(-sameWithin)), micros(at.Add(sameWithin)),
		r.lean, micros(at.Add(-leanWithin)), micros(at.Add(leanWithin)),
	}
}

// Untold are events that nobody has told of, as far as was seen when they were looked
// for.
type Untold struct {
	Events []bridge.Event

	// seen is the id up to which webhooks were seen; those after it may have told of the
	// events meanwhile.
	seen string
}

// Missing gives those of the events that nobody has told of: no webhook did, and they
// were not caught up.
func (s *Store) Missing(ctx context.Context, events []bridge.Event) (Untold, error) {
	missing := Untold{seen: firstID(time.Now().Add(-underWay))}
	for some := range slices.Chunk(events, lookedForAtOnce) {
		var rows []eventRow
		for _, e := range some {
			if r := (eventRow{event: e, occurrence: occurrenceOf(e)}); len(r.keys) > 0 {
				rows = append(rows, r)
			}
		}
		came, err := s.came(ctx, rows)
		if err != nil {
			return Untold{}, fmt.Errorf("look for what did not come: %w", err)
		}
		for _, r := range rows {
			if r.among(came) {
				continue
			}
			var known bool
			if err := s.row(ctx, `SELECT `+isKnown, r.tellings()...).Scan(&known); err != nil {
				return Untold{}, fmt.Errorf("look for what did not come: %w", err)
			}
			if !known {
				missing.Events = append(missing.Events, r.event)
			}
		}
	}
	return missing, nil
}

// came gives when the webhooks came that could have told of the events, by occurrence.
func (s *Store) came(ctx context.Context, rows []eventRow) (map[string][]time.Time, error) {
	type telling struct {
		key []byte
		at  int64
	}
	since := time.Now()
	args := []any{""}
	for _, r := range rows {
		if at := r.event.Time().Add(-sameWithin); at.Before(since) {
			since = at
		}
		for _, key := range r.keys {
			args = append(args, key)
		}
		if r.lean != nil {
			args = append(args, r.lean)
		}
	}
	if len(args) == 1 {
		return nil, nil
	}
	args[0] = firstID(since)
	all, err := list(ctx, s, func(row scanner) (t telling, err error) { return t, row.Scan(&t.key, &t.at) },
		`SELECT o.occurrence, `+happened+` FROM events o WHERE o.id > ? AND o.occurrence IN (`+marks(len(args)-1)+`)`, args...)
	came := map[string][]time.Time{}
	for _, t := range all {
		came[string(t.key)] = append(came[string(t.key)], time.UnixMicro(t.at))
	}
	return came, err
}

// among tells whether one of those that came told of the event.
func (r eventRow) among(came map[string][]time.Time) bool {
	near := func(key []byte, within time.Duration) bool {
		return slices.ContainsFunc(came[string(key)], func(at time.Time) bool { return at.Sub(r.event.Time()).Abs() <= within })
	}
	return slices.ContainsFunc(r.keys, func(key []byte) bool { return near(key, sameWithin) }) || r.lean != nil && near(r.lean, leanWithin)
}

// CatchUp stores events that no webhook brought, in their order, unless one has
// brought them meanwhile, together with what whoever goes on with the work must
// know (see Keep); it gives how many were new. They are deduplicated against
// whatever comes at the same moment, in this process or another.
func (s *Store) CatchUp(ctx context.Context, missing Untold, state, value string) (int, error) {
	now := time.Now().UTC()
	var all []statement
	var inserts []int
	var keys [][]byte
	for i, e := range missing.Events {
		e.CaughtUp, e.ReceivedAt = true, now.Add(time.Duration(i)*time.Microsecond)
		r, err := newEventRow(e)
		if err != nil {
			return 0, fmt.Errorf("catch up: %w", err)
		}
		if len(r.keys) == 0 {
			return 0, fmt.Errorf("catch up: %s events cannot be distinguished", e.Type)
		}
		inserts = append(inserts, len(all))
		keys = append(append(keys, r.key, r.lean), r.keys...)
		told := r.tellings()
		all = append(all, r.insert(s.events), change(`DELETE FROM events WHERE id = ? AND (`+isKnown+` OR `+cameSince+`)`,
			slices.Concat([]any{r.id}, told, []any{missing.seen, r.id}, told)...))
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
	changed, err := s.writeEvents(ctx, keys, all...)
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
	_ = s.settle(ctx)
	at, _, err := s.next(ctx, `SELECT CASE WHEN occurred_at > 0 THEN occurred_at ELSE received_at END FROM events WHERE source = ? AND caught_up = 0 ORDER BY id DESC LIMIT 1`, source)
	return at, err
}
