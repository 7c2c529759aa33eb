package store

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Retention is what Sweep deletes: events that arrived before Done and whose
// deliveries all ended, and among them dead letters that ended before Dead.
type Retention struct{ Done, Dead time.Time }

// Sweep deletes what is finished and old: by the retention of its source, or, for
// sources that have none of their own, by the usual one. It deletes a few at a time,
// gives space back to the disk, and gives how many events went.
func (s *Store) Sweep(ctx context.Context, usual Retention, own map[string]Retention) (total int, err error) {
	others := &conditions{}
	others.in("e.source", "NOT IN", slices.Sorted(maps.Keys(own)))
	oldest := usual.Done
	total, err = s.sweep(ctx, others, usual)
	if err == nil {
		err = s.sweepParts(ctx, slices.Sorted(maps.Keys(own)), "NOT IN", usual.Done)
	}
	for _, source := range slices.Sorted(maps.Keys(own)) {
		if err != nil {
			return total, err
		}
		one := &conditions{}
		one.equal("e.source", source)
		var n int
		n, err = s.sweep(ctx, one, own[source])
		total += n
		if err == nil {
			err = s.sweepParts(ctx, []string{source}, "IN", own[source].Done)
		}
		if own[source].Done.Before(oldest) {
			oldest = own[source].Done
		}
	}
	if err == nil {
		err = s.tidy(ctx, oldest)
	}
	if err != nil {
		return total, err
	}
	return total, s.shrink(ctx)
}

func (s *Store) sweep(ctx context.Context, c *conditions, r Retention) (int, error) {
	c.add("e.id < ?", firstID(r.Done))
	c.add(`e.routed_at IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM deliveries d WHERE d.event_id = e.id
			AND (d.state = 'pending' OR d.state = 'dead' AND d.updated_at >= ? OR d.updated_at >= ?))`, micros(r.Dead), micros(r.Done))
	return s.each(ctx, "sweep", `SELECT e.id FROM events e`+and(c, "e.id > ?")+` ORDER BY e.id LIMIT ?`, c.args, func(id string) []statement {
		return one(`DELETE FROM events WHERE id = ? AND routed_at IS NOT NULL`, id)
	})
}

// spareParts is how long before the oldest finished event a shared part must have been
// used last to be deleted: events that are routed at this moment may name it.
const spareParts = time.Hour

// sweepParts deletes the shared parts of some sources that no event names any more. An
// event that names one arrived before the part was used last; of the events before that
// time, few are left: those that wait, and dead letters.
func (s *Store) sweepParts(ctx context.Context, sources []string, which string, done time.Time) error {
	unused := micros(done.Add(-spareParts))
	c := &conditions{}
	c.in("p.source", which, sources)
	c.add("p.used_at < ?", unused)
	old, err := list(ctx, s, func(row scanner) (hash string, err error) { return hash, row.Scan(&hash) }, `SELECT p.hash FROM parts p`+c.where(), c.args...)
	if err != nil || len(old) == 0 {
		return err
	}
	named := map[string]bool{}
	c = &conditions{}
	c.in("e.source", which, sources)
	c.add("e.id < ? AND e.facts IS NOT NULL", firstID(done.Add(maxSkew)))
	err = s.eachFacts(ctx, c, func(r *factsRow) {
		for _, hash := range r.names {
			named[hash] = true
		}
	})
	if err != nil {
		return err
	}
	old = slices.DeleteFunc(old, func(hash string) bool { return named[hash] })
	for few := range slices.Chunk(old, atOnce) {
		c := &conditions{}
		c.in("hash", "IN", few)
		c.add("used_at < ?", unused)
		if _, err := s.write(ctx, change(`DELETE FROM parts`+c.where(), c.args...)); err != nil {
			return fmt.Errorf("sweep parts: %w", err)
		}
	}
	return nil
}

// eachFacts reads what is stored of the facts of events, a few events at a time. What
// cannot be read is left out.
func (s *Store) eachFacts(ctx context.Context, c *conditions, use func(*factsRow)) error {
	for after := ""; ; {
		rows, err := list(ctx, s, func(row scanner) (*factsRow, error) {
			r := &factsRow{}
			return r, row.Scan(&r.ID, &r.text)
		}, `SELECT e.id, e.facts FROM events e`+and(c, "e.id > ?")+` ORDER BY e.id LIMIT ?`, append(slices.Clone(c.args), after, atOnce)...)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if r.readNames() == nil {
				use(r)
			}
		}
		after = rows[len(rows)-1].ID
	}
}

// spare is how many free pages the file keeps, because they will be needed again.
const spare = 2000

// shrink gives free pages back to the disk, a few at a time.
func (s *Store) shrink(ctx context.Context) error {
	count, reclaim := s.engine.reclaim()
	for before := math.MaxInt; count != ""; {
		free, err := list(ctx, s, func(row scanner) (n int, err error) { return n, row.Scan(&n) }, count)
		if err != nil || free[0] <= spare || free[0] >= before { // it may be that they cannot be given back
			return err
		}
		before = free[0]
		if _, err := s.write(ctx, change(reclaim)); err != nil {
			return fmt.Errorf("give space back to the disk: %w", err)
		}
	}
	return nil
}

// firstID is below the ids of all events that arrived at t or later: a UUIDv7
// begins with the milliseconds since 1970 (RFC 9562, section 5.7).
func firstID(t time.Time) string {
	text := fmt.Sprintf("%012x", max(t.UnixMilli(), 0))
	return text[:8] + "-" + text[8:]
}
