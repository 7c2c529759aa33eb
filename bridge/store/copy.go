package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// table is what Copy must know of a table.
type table struct {
	name    string
	key     []string // by which it is read, page by page
	columns []string // the others
	parent  string   // column that names a row of another table, which must be there …
	of      string   // … that one
}

func words(text string) []string { return strings.Fields(text) }

// tables are those that Copy copies, in an order in which each row finds what it
// refers to. Leases belong to processes.
func tables() []table {
	return []table{
		{name: "parts", key: words("hash"), columns: words("source body used_at")},
		{name: "events", key: words("id"), columns: words(`dedupe_key source type user_id admin_id client_id correlation_id entities occurred_at received_at
			body facts lookups route_after routed_at signature user_agent occurrence caught_up traceparent inferred repeats unanswered alike`)},
		{name: "deliveries", key: words("id"), columns: words(`event_id route sink state attempts not_before digest_key last_error receipt created_at updated_at
			failing_since tries`), parent: "event_id", of: "events"},
		{name: "claims", key: words("key"), columns: words("event_id"), parent: "event_id", of: "events"},
		{name: "parcels", key: words("id"), columns: words("sink route key closes_at latest room closed")},
		{name: "posts", key: words("sink kind key"), columns: words("ref at")},
		{name: "attempts", key: words("delivery_id at"), columns: words("took outcome status detail"), parent: "delivery_id", of: "deliveries"},
		{name: "tallies", key: words("at sink outcome"), columns: words("n")},
		{name: "tokens", key: words("name"), columns: words("token expires")},
		{name: "captures", key: words("id"), columns: words("source received_at headers body address agent")},
		{name: "names", key: words("source kind id"), columns: words("name")},
		{name: "alike", key: words("key"), columns: words("event_id at")},
		{name: "known", key: words("key event_id at")},
		{name: "sources", key: words("name"), columns: words("verified_at window_until")},
		{name: "states", key: words("name"), columns: words("value")},
	}
}

// closed is the state of a store that no bridge may use, and says why.
const closed = "closed"

// InUse tells why no bridge may use the store: it was copied to another one, from
// where its events are delivered, or a copy into it has not ended.
func (s *Store) InUse(ctx context.Context) error {
	why, err := s.State(ctx, closed)
	if err == nil && why != "" {
		err = errors.New(why)
	}
	return err
}

// TakeBack has bridges use a store again that was copied, or begun to be.
func (s *Store) TakeBack(ctx context.Context) error {
	if err := s.idle(ctx); err != nil {
		return err
	}
	_, err := s.write(ctx, change(`DELETE FROM states WHERE name = ?`, closed))
	return err
}

// Copy copies everything into another store, which may hold events already, and
// tells how many rows of each table it has read. What was interrupted is gone on
// with by copying again. From the first moment on no bridge can use the store that
// is copied, and none the other one until all is there; label says which that is.
func (s *Store) Copy(ctx context.Context, to *Store, label string, progress func(table string, rows int)) error {
	if err := errors.Join(s.idle(ctx), to.idle(ctx), to.settle(ctx)); err != nil {
		return err
	}
	if err := s.Keep(ctx, closed, "its events were handed over to the store "+label+": use that one, or take this one back (absorb-bridge store take-back)"); err != nil {
		return err
	}
	if err := to.Keep(ctx, closed, "a copy into it has begun and not ended: run absorb-bridge store copy once more"); err != nil {
		return err
	}
	for _, t := range tables() {
		if err := s.copyTable(ctx, to, t, progress); err != nil {
			return fmt.Errorf("copy %s: %w", t.name, err)
		}
	}
	return to.opened(ctx)
}

// idle tells whether no bridge runs with the store.
func (s *Store) idle(ctx context.Context) error {
	all, err := s.Leases(ctx)
	for _, l := range all {
		if l.Left > 0 { // of work, too: who is about to stop has no other
			return errors.New("a bridge runs with the store: stop it, and wait some seconds if it crashed")
		}
	}
	return err
}

// cursor is the name under which the target keeps how far a table was copied: in
// the transaction that copies, so that neither can be without the other.
func (t table) cursor() string { return "copied " + t.name }

func (s *Store) copyTable(ctx context.Context, to *Store, t table, progress func(string, int)) error {
	all := slices.Concat(t.key, t.columns)
	after, err := to.copiedUntil(ctx, t)
	if err != nil {
		return err
	}
	query := "SELECT " + strings.Join(all, ", ") + " FROM " + t.name
	for total := 0; ; {
		where, args := "", slices.Clone(after)
		if len(after) > 0 {
			where = " WHERE (" + strings.Join(t.key, ", ") + ") > (" + marks(len(t.key)) + ")"
		}
		rows, err := list(ctx, s, scanAll(len(all)), query+where+" ORDER BY "+strings.Join(t.key, ", ")+" LIMIT ?", append(args, atOnce)...)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1][:len(t.key)]
		if err := to.paste(ctx, t, all, rows, after); err != nil {
			return err
		}
		total += len(rows)
		progress(t.name, total)
	}
}

func (s *Store) copiedUntil(ctx context.Context, t table) (after []any, err error) {
	text, err := s.State(ctx, t.cursor())
	if err != nil || text == "" {
		return nil, err
	}
	if err := decode([]byte(text), &after); err != nil {
		return nil, err
	}
	for i, value := range after {
		if n, ok := value.(json.Number); ok {
			if after[i], err = n.Int64(); err != nil {
				return nil, err
			}
		}
	}
	return after, nil
}

// paste inserts rows that are not there yet, and keeps how far the copy has come.
func (s *Store) paste(ctx context.Context, t table, columns []string, rows [][]any, after []any) error {
	insert := "INSERT INTO " + t.name + " (" + strings.Join(columns, ", ") + ") "
	parent := slices.Index(columns, t.parent)
	if t.parent == "" {
		insert += "VALUES (" + marks(len(columns)) + ")"
	} else {
		insert += "SELECT " + marks(len(columns)) + " WHERE EXISTS (SELECT 1 FROM " + t.of + " WHERE id = ?)"
	}
	var all []statement
	for _, row := range rows {
		if t.parent != "" {
			row = append(row, row[parent])
		}
		all = append(all, change(insert+" ON CONFLICT DO NOTHING", row...))
	}
	text, err := json.Marshal(after)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, append(all, keep(t.cursor(), string(text)))...)
	return err
}

// opened ends the bookkeeping of a copy.
func (s *Store) opened(ctx context.Context) error {
	all := []statement{change(`DELETE FROM states WHERE name = ?`, closed)}
	for _, t := range tables() {
		all = append(all, change(`DELETE FROM states WHERE name = ?`, t.cursor()))
	}
	_, err := s.write(ctx, all...)
	return err
}

// Rows counts the rows of each table that Copy copies.
func (s *Store) Rows(ctx context.Context) (map[string]int, error) {
	all := map[string]int{}
	for _, t := range tables() {
		var n int
		if err := s.row(ctx, `SELECT count(*) FROM `+t.name).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s: %w", t.name, err)
		}
		all[t.name] = n
	}
	return all, nil
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func scanAll(n int) func(scanner) ([]any, error) {
	return func(row scanner) ([]any, error) {
		values, into := make([]any, n), make([]any, n)
		for i := range values {
			into[i] = &values[i]
		}
		return values, row.Scan(into...)
	}
}
