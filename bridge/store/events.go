package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// duplicateWindow is how long equal bodies that bear no correlation id are one
// event: later, the same thing may truly have happened again.
const duplicateWindow = 10 * time.Minute

// Accepted is what became of one event that Accept was given.
type Accepted struct {
	ID        string // of the event, or of the one that it repeats
	Duplicate bool
	Alike     bool // it has other bytes than the event that it repeats
}

// Accept stores events that belong together, all or none, and returns when they
// are on disk. Each is given an ID, unless the same source sent the same bytes
// before.
func (s *Store) Accept(ctx context.Context, events []bridge.Event) ([]Accepted, error) {
	rows := make([]eventRow, len(events))
	for i, e := range events {
		row, err := newEventRow(e)
		if err != nil {
			return nil, fmt.Errorf("store event: %w", err)
		}
		rows[i] = row
	}
	var result []Accepted
	var err error
	if s.arrivals != nil {
		result, err = s.arrivals.accept(ctx, s, rows)
	} else {
		result, err = s.insert(ctx, rows)
	}
	if err != nil {
		return nil, fmt.Errorf("store event: %w", err)
	}
	s.names.note(rows)
	return result, nil
}

// insert stores events in the tables.
func (s *Store) insert(ctx context.Context, rows []eventRow) ([]Accepted, error) {
	inserts := make([]statement, 0, len(rows))
	stored := make([]int, len(rows)) // index of the statement that stores each
	for i, row := range rows {
		inserts = append(inserts, s.inserts(row)...)
		stored[i] = len(inserts) - 1
	}
	changed, err := s.writeNow(ctx, inserts...)
	if err != nil {
		s.unanswered(ctx, rows)
		return nil, err
	}
	result := accepted(rows)
	for i, row := range rows {
		if changed[stored[i]] == 0 {
			if result[i], err = s.repeated(ctx, row); err != nil {
				return nil, err
			}
		}
	}
	return result, nil
}

// eventRow is an event made ready to be stored.
type eventRow struct {
	event    bridge.Event
	id       string
	key      []byte
	entities []byte
	occurrence
}

func newEventRow(e bridge.Event) (eventRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return eventRow{}, err
	}
	entities := []byte("{}")
	if len(e.Entities) > 0 {
		if entities, err = json.Marshal(e.Entities); err != nil {
			return eventRow{}, err
		}
	}
	return eventRow{event: e, id: id.String(), key: dedupeKey(e), entities: entities, occurrence: occurrenceOf(e)}, nil
}

func dedupeKey(e bridge.Event) []byte {
	h := sha256.New()
	h.Write([]byte(cmp.Or(e.Family, e.Source)))
	h.Write([]byte{0})
	h.Write(e.Raw)
	return h.Sum(nil)[:16]
}

// insertEvents is how new events are stored.
func insertEvents(condition string) *rows {
	return newRows("events", eventColumnTypes, condition, "ON CONFLICT DO NOTHING")
}

// eventColumnTypes are the columns of a new event, in the order of eventRow.insert and unroutedOf.
const eventColumnTypes = `id text, dedupe_key bytea, source text, type text, user_id text, admin_id text, client_id text, correlation_id text,
	entities text, occurred_at bigint, received_at bigint, body bytea, signature text, user_agent text, lookups bigint, route_after bigint,
	occurrence bytea, caught_up bigint, traceparent text`

func (r eventRow) insert(into *rows) statement {
	e := r.event
	received, body, caught := micros(e.ReceivedAt), e.Raw, int64(0)
	if e.Kept != nil {
		body = e.Kept
	}
	if e.CaughtUp {
		caught = 1
	}
	return into.with(
		r.id, r.key, e.Source, e.Type, e.UserID, e.AdminID, e.ClientID, e.CorrelationID,
		string(r.entities), micros(e.OccurredAt), received, body, e.Signature, e.UserAgent, int64(0), received, r.name(), caught, e.Traceparent,
	)
}

// unroutedOf is the event that has these values.
func unroutedOf(values []any) (u Unrouted, err error) {
	text := func(column int) string { s, _ := values[column].(string); return s }
	number := func(column int) int64 { n, _ := values[column].(int64); return n }
	r := storedEvent{entities: text(8), occurred: number(9), received: number(10), caught: int(number(17))}
	r.ID, r.Source, r.Type, r.UserID, r.AdminID, r.ClientID, r.CorrelationID, r.Traceparent = text(0), text(2), text(3), text(4), text(5), text(6), text(7), text(18)
	r.Raw, _ = values[11].([]byte)
	err = r.read()
	return Unrouted{Event: r.Event}, err
}

const markUnanswered = `UPDATE events SET unanswered = 1 WHERE id = ?`

// unanswered marks events whose sender gave up waiting, or was asked to try again: they
// may be stored all the same, and the same bytes that come next are a repetition.
func (s *Store) unanswered(ctx context.Context, rows []eventRow) {
	if ctx.Err() == nil {
		return // nothing was stored
	}
	var all []statement
	for _, r := range rows {
		if absorb.Anonymous(r.event) {
			all = append(all, change(markUnanswered, r.id))
		}
	}
	if len(all) > 0 { // behind the events, in the same queue; nobody waits for it
		_ = s.submit(context.WithoutCancel(ctx), s.urgent, &job{statements: all, done: make(chan error, 1)})
	}
}

// repeated is what becomes of an event that was not taken: what it reports is known,
// or its bytes were stored before. Then it is a duplicate, or an event of its own, and
// the earlier one hands its key over to it.
func (s *Store) repeated(ctx context.Context, r eventRow) (Accepted, error) {
	for {
		var earlier earlierEvent
		err := s.rowNow(ctx, `SELECT id, received_at, unanswered FROM events WHERE dedupe_key = ?`, r.key).Scan(&earlier.id, &earlier.at, &earlier.unanswered)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return Accepted{}, err
		}
		if err != nil {
			if a, known, err := s.known(ctx, r); known || err != nil {
				return a, err
			}
		}
		if err == nil && earlier.repeatedBy(r.event) {
			if earlier.unanswered {
				_, err = s.writeNow(ctx, change(`UPDATE events SET unanswered = 0 WHERE id = ?`, earlier.id))
			}
			return Accepted{ID: earlier.id, Duplicate: true}, err
		}
		if a, alike, err := s.alike(ctx, r); alike || err != nil {
			return a, err
		}
		retired := sha256.Sum256(append(bytes.Clone(r.key), earlier.id...))
		all := []statement{change(`UPDATE events SET dedupe_key = ? WHERE id = ? AND dedupe_key = ?`, retired[:], earlier.id, r.key)}
		all = append(all, s.inserts(r)...)
		last := len(all) - 1
		if absorb.Anonymous(r.event) && earlier.id != "" {
			all = append(all, change(`UPDATE events SET repeats = ? WHERE id = ?`, earlier.id, r.id))
		}
		changed, err := s.writeNow(ctx, all...)
		if err != nil {
			s.unanswered(ctx, []eventRow{r})
			return Accepted{ID: r.id}, err
		}
		if changed[last] == 1 {
			return Accepted{ID: r.id}, nil
		}
		// Another request with the same bytes was faster; look again.
	}
}

// earlierEvent is the event that has the same bytes as a new one.
type earlierEvent struct {
	id         string
	at         int64
	unanswered bool
}

// repeatedBy reports whether a new event with the same bytes is the same event. One that
// names neither a thing nor a time is an event of its own once the earlier one was
// answered: whoever had an answer does not send again.
func (e earlierEvent) repeatedBy(next bridge.Event) bool {
	if absorb.Anonymous(next) {
		return e.unanswered
	}
	return next.CorrelationID != "" || micros(next.ReceivedAt)-e.at < duplicateWindow.Microseconds()
}
