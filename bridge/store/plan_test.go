package store

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// What is asked again and again finds its rows by an index, however much history
// there is.
func TestHotQueriesUseIndexes(t *testing.T) {
	s := open(t)
	choice := Choice{Sink: "a", Route: "r", Types: []string{"UserCreated"}, From: "story "}
	rows, args := choice.rows()
	for name, q := range map[string]statement{
		"due": change(selectSized+` WHERE d.sink = ? AND d.state = 'pending' AND d.digest_key IS NULL AND d.not_before <= ?
			ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, "a", 1, 1),
		"behind": change(selectSized+` WHERE d.sink = ? AND d.state = 'pending' AND d.digest_key IS NULL AND d.not_before <= ?
			AND (d.not_before, d.event_id, d.id) > (?, ?, ?) ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, "a", 1, 1, "e", "d", 1),
		"choice":   change(rows, args...),
		"unrouted": change(`SELECT id FROM events WHERE routed_at IS NULL AND route_after <= ? ORDER BY route_after, id LIMIT ?`, 1, 1),
		"expected": change(`SELECT 1 FROM events WHERE routed_at IS NULL AND correlation_id = ? AND user_id = ? LIMIT 1`, "c", "u"),
		"parcel":   change(selectSized+` WHERE d.digest_key = ? AND d.state = 'pending' ORDER BY d.not_before, d.event_id, d.id LIMIT ?`, "p", 1),
	} {
		plan, err := list(t.Context(), s, func(row scanner) (detail string, err error) {
			var a, b, c any
			return detail, row.Scan(&a, &b, &c, &detail)
		}, "EXPLAIN QUERY PLAN "+q.query, q.args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "USING") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// PostgreSQL keeps the plan of a change that it made while the tables were empty, so that
// plan has to be good for large ones, too.
func TestChangesUseIndexes(t *testing.T) {
	s := openAt(t, pgtest.Shared(t).Database(t))
	e := s.engine.(*postgres)
	text, number, bytes := []string{"a"}, []int64{1}, [][]byte{nil}
	for name, q := range map[string]struct {
		*rows
		values []any
	}{
		"routed":  {s.changes.routed, []any{text, bytes, bytes, number}},
		"deliver": {s.changes.deliver, []any{text, text, text, text, number}},
		"sent":    {s.changes.sent, []any{text, number, number, text, text}},
	} {
		err := pgx.BeginFunc(t.Context(), e.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), byIndex); err != nil {
				return err
			}
			found, err := tx.Query(t.Context(), "EXPLAIN "+q.many, q.values...)
			if err != nil {
				return err
			}
			plan, err := pgx.CollectRows(found, pgx.RowTo[string])
			for _, step := range plan {
				if strings.Contains(step, "Seq Scan") || strings.Contains(step, "events_unrouted") {
					t.Errorf("%s: %s", name, step)
				}
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
