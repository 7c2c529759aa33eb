package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// atOnce is how many rows one transaction changes: few enough that events are
// accepted meanwhile.
const atOnce = 200

// found is how many rows are looked for at once: to find them may need a look at
// all that the sink has.
const found = 10_000

// Failed is the state, to those who ask, of deliveries that are dead or wait for another
// try.
const Failed = "failed"

// Retry makes deliveries due now, as if they had never been tried: those that are
// dead or cancelled, and those that wait for their next try. What was tried together
// is tried together again. It gives how many.
func (s *Store) Retry(ctx context.Context, f Filter) (int, error) {
	now := micros(time.Now())
	return s.eachDelivery(ctx, f, "retry", func(id string) []statement {
		return []statement{
			change(`UPDATE deliveries SET attempts = 0, failing_since = 0, updated_at = ?, state = 'pending',
				digest_key = CASE WHEN state = 'pending' AND EXISTS (SELECT 1 FROM parcels p WHERE p.id = digest_key AND p.closed = 1) THEN digest_key END,
				not_before = (SELECT received_at FROM events e WHERE e.id = event_id)
				WHERE id = ? AND state IN ('dead', 'cancelled', 'pending')`, now, id),
			change(`UPDATE parcels SET closes_at = ? WHERE closed = 1 AND closes_at > ? AND id = (SELECT d.digest_key FROM deliveries d WHERE d.id = ?)`, now, now, id),
		}
	})
}

// Cancel calls deliveries off: those that wait, and those that are dead. It
// gives how many.
func (s *Store) Cancel(ctx context.Context, f Filter) (int, error) {
	return s.eachDelivery(ctx, f, "cancel", func(id string) []statement {
		return one(`UPDATE deliveries SET state = 'cancelled', updated_at = ? WHERE id = ? AND state IN ('pending', 'dead')`, micros(time.Now()), id)
	})
}

// Move hands deliveries that wait or are dead over to another sink, to be sent
// there from the first try on. A delivery whose route sends the event to that
// sink already stays where it is. It gives how many were moved.
func (s *Store) Move(ctx context.Context, f Filter, sink string) (int, error) {
	return s.eachDelivery(ctx, f, "move", func(id string) []statement {
		return one(`UPDATE deliveries SET sink = ?, state = 'pending', attempts = 0, failing_since = 0, digest_key = NULL, updated_at = ?,
			not_before = (SELECT received_at FROM events e WHERE e.id = event_id)
			WHERE id = ? AND state IN ('pending', 'dead') AND sink <> ? AND NOT EXISTS (
				SELECT 1 FROM deliveries o WHERE o.event_id = deliveries.event_id AND o.route = deliveries.route AND o.sink = ?)`,
			sink, micros(time.Now()), id, sink, sink)
	})
}

// Reroute has events looked up and routed once more. What was delivered or waits
// already stays as it is; routes that are new get their deliveries. It gives how
// many.
func (s *Store) Reroute(ctx context.Context, f Filter) (int, error) {
	c, err := s.chosenEvents(ctx, f)
	if err != nil {
		return 0, err
	}
	query := `SELECT e.id FROM events e` + and(c, "e.id > ?") + ` ORDER BY e.id LIMIT ?`
	return s.each(ctx, "reroute", query, c.args, func(id string) []statement {
		return one(`UPDATE events SET routed_at = NULL, route_after = ?, lookups = 0 WHERE id = ? AND routed_at IS NOT NULL`, micros(time.Now()), id)
	})
}

func (s *Store) eachDelivery(ctx context.Context, f Filter, what string, by func(id string) []statement) (int, error) {
	c, err := s.chosenDeliveries(ctx, f)
	if err != nil {
		return 0, err
	}
	query := `SELECT d.id FROM deliveries d JOIN events e ON e.id = d.event_id` + and(c, "d.id > ?") + ` ORDER BY d.id LIMIT ?`
	return s.each(ctx, what, query, c.args, by)
}

// and is a WHERE clause with one more condition.
func and(c *conditions, condition string) string {
	all := conditions{parts: append(append([]string{}, c.parts...), condition)}
	return all.where()
}

// each changes the rows whose ids a query gives, a few in one transaction. The
// query's last two values are the id to begin after and the size
// of a page.
func (s *Store) each(ctx context.Context, what, query string, args []any, by func(id string) []statement) (total int, err error) {
	after := ""
	for {
		ids, err := list(ctx, s, func(row scanner) (id string, err error) { return id, row.Scan(&id) }, query, append(append([]any{}, args...), after, found)...)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		for few := range slices.Chunk(ids, atOnce) {
			n, err := s.changeFew(ctx, few, by)
			if err != nil {
				return total, fmt.Errorf("%s: %w", what, err)
			}
			total += n
		}
		after = ids[len(ids)-1]
	}
}

// changeFew does to each id what it says, and counts the rows of each one's first
// statement.
func (s *Store) changeFew(ctx context.Context, ids []string, by func(id string) []statement) (total int, err error) {
	var few []statement
	var firsts []int
	for _, id := range ids {
		firsts = append(firsts, len(few))
		few = append(few, by(id)...)
	}
	changed, err := s.write(ctx, few...)
	if err != nil {
		return 0, err
	}
	for _, i := range firsts {
		total += int(changed[i])
	}
	return total, nil
}

func one(query string, args ...any) []statement { return []statement{change(query, args...)} }

// Counts gives how many deliveries each sink has in each state.
func (s *Store) Counts(ctx context.Context) (map[string]map[bridge.State]int, error) {
	type count struct {
		sink  string
		state bridge.State
		n     int
	}
	counts, err := list(ctx, s, func(row scanner) (c count, err error) { return c, row.Scan(&c.sink, &c.state, &c.n) },
		`SELECT sink, state, count(*) FROM deliveries GROUP BY sink, state`)
	if err != nil {
		return nil, err
	}
	all := map[string]map[bridge.State]int{}
	for _, c := range counts {
		if all[c.sink] == nil {
			all[c.sink] = map[bridge.State]int{}
		}
		all[c.sink][c.state] = c.n
	}
	return all, nil
}
