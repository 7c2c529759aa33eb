package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// ErrNotFound is returned for an id that the store does not have.
var ErrNotFound = errors.New("there is none with this id")

// DeliveryRow is a delivery as a list shows it.
type DeliveryRow struct {
	ID       string       `json:"id"`
	EventID  string       `json:"event_id"`
	Event    string       `json:"event"` // its type
	Source   string       `json:"source"`
	Route    string       `json:"route"`
	Sink     string       `json:"sink"`
	State    bridge.State `json:"state"`
	Attempts int          `json:"attempts"` // those that count
	Received time.Time    `json:"received"` // the event
	Due      time.Time    `json:"due,omitzero"`
	Updated  time.Time    `json:"updated"`
	Error    string       `json:"error,omitempty"` // the platform's last words
	Receipt  string       `json:"receipt,omitempty"`
}

const deliveryColumns = `d.id, d.event_id, e.type, e.source, d.route, d.sink, d.state, d.attempts, e.received_at,
	COALESCE((SELECT p.closes_at FROM parcels p WHERE p.id = d.digest_key), d.not_before), d.updated_at, COALESCE(d.last_error, ''), COALESCE(d.receipt, '')`

// scanner is a row or rows.
type scanner interface{ Scan(into ...any) error }

func scanDelivery(row scanner, more ...any) (d DeliveryRow, err error) {
	var received, due, updated int64
	err = row.Scan(append([]any{
		&d.ID, &d.EventID, &d.Event, &d.Source, &d.Route, &d.Sink, &d.State, &d.Attempts, &received, &due, &updated, &d.Error, &d.Receipt,
	}, more...)...)
	d.Received, d.Updated = fromMicros(received), fromMicros(updated)
	if d.State == bridge.Pending {
		d.Due = fromMicros(due)
	}
	return d, err
}

// Deliveries lists the deliveries that a filter chooses, newest first.
func (s *Store) Deliveries(ctx context.Context, f Filter) ([]DeliveryRow, error) {
	c, err := s.chosenDeliveries(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.Before != "" {
		c.add("d.id < ?", f.Before)
	}
	if err := s.bound(ctx, c, "deliveries", f); err != nil {
		return nil, err
	}
	return list(ctx, s, func(row scanner) (DeliveryRow, error) { return scanDelivery(row) },
		`SELECT `+deliveryColumns+` FROM deliveries d JOIN events e ON e.id = d.event_id`+c.where()+` ORDER BY d.id DESC LIMIT ?`, append(c.args, f.limit())...)
}

// DeliveryDetail is all that is known of a delivery.
type DeliveryDetail struct {
	DeliveryRow
	Facts   bridge.Facts `json:"facts"`
	Tries   []AttemptRow `json:"tries"`
	Created time.Time    `json:"created"`
}

// Delivery gives a delivery with its facts and attempts; ErrNotFound if there is
// none.
func (s *Store) Delivery(ctx context.Context, id string) (DeliveryDetail, error) {
	var d DeliveryDetail
	var facts factsRow
	var created int64
	row, err := scanDelivery(s.row(ctx,
		`SELECT `+deliveryColumns+`, d.created_at, `+factsColumns+` FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id = ?`, id),
		append([]any{&created}, facts.into()...)...)
	if err != nil {
		return d, notFound("delivery", id, err)
	}
	d.DeliveryRow, d.Created = row, fromMicros(created)
	if err := s.unpack(ctx, &facts); err != nil {
		return d, fmt.Errorf("read the facts of delivery %s: %w", id, err)
	}
	d.Facts = facts.facts
	d.Tries, err = s.Attempts(ctx, id)
	return d, err
}

func notThere(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func notFound(what, id string, err error) error {
	if notThere(err) {
		err = ErrNotFound
	}
	return fmt.Errorf("%s %s: %w", what, id, err)
}

// EventRow is an event as a list shows it.
type EventRow struct {
	ID          string               `json:"id"`
	Source      string               `json:"source"`
	Event       string               `json:"event"` // its type
	User        string               `json:"user,omitempty"`
	Admin       string               `json:"admin,omitempty"`
	Correlation string               `json:"correlation,omitempty"`
	Received    time.Time            `json:"received"`
	CaughtUp    bool                 `json:"caught_up,omitempty"` // no webhook brought it
	Alike       int                  `json:"alike,omitempty"`     // how many events like it were not taken
	State       string               `json:"state"`               // waiting (to be routed), unrouted (no route takes it) or routed
	Deliveries  map[bridge.State]int `json:"deliveries,omitempty"`
}

// eventState is an event's state in SQL.
const eventState = `CASE WHEN e.routed_at IS NULL THEN 'waiting'
	WHEN EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id) THEN 'routed' ELSE 'unrouted' END`

const eventColumns = `e.id, e.source, e.type, e.user_id, e.admin_id, e.correlation_id, e.received_at, e.caught_up, e.alike, ` + eventState

func scanEvent(row scanner, more ...any) (e EventRow, err error) {
	var received, caught int64
	err = row.Scan(append([]any{&e.ID, &e.Source, &e.Event, &e.User, &e.Admin, &e.Correlation, &received, &caught, &e.Alike, &e.State}, more...)...)
	e.CaughtUp = caught == 1
	e.Received = fromMicros(received)
	return e, err
}

// tally counts the deliveries of events by their states.
func (s *Store) tally(ctx context.Context, events []EventRow) error {
	if len(events) == 0 {
		return nil
	}
	at := map[string]int{}
	c := &conditions{}
	var ids []string
	for i, e := range events {
		at[e.ID] = i
		ids = append(ids, e.ID)
		events[i].Deliveries = map[bridge.State]int{}
	}
	c.in("event_id", "IN", ids)
	type count struct {
		event string
		state bridge.State
		n     int
	}
	counts, err := list(ctx, s, func(row scanner) (c count, err error) { return c, row.Scan(&c.event, &c.state, &c.n) },
		`SELECT event_id, state, count(*) FROM deliveries`+c.where()+` GROUP BY event_id, state`, c.args...)
	for _, c := range counts {
		events[at[c.event]].Deliveries[c.state] = c.n
	}
	return err
}

func (s *Store) chosenEvents(ctx context.Context, f Filter) (*conditions, error) {
	c := &conditions{}
	c.in("e.id", "IN", f.IDs)
	f.event(c)
	c.equal(eventState, f.State)
	if f.Route != "" {
		c.add("EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.route = ?)", f.Route)
	}
	if f.Sink != "" {
		c.add("EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.sink = ?)", f.Sink)
	}
	if f.Text != "" {
		return c, s.addSearch(ctx, c, f.Text, "e.body", "e.facts")
	}
	return c, nil
}

// Events lists the events that a filter chooses, newest first.
func (s *Store) Events(ctx context.Context, f Filter) ([]EventRow, error) {
	c, err := s.chosenEvents(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.Before != "" {
		c.add("e.id < ?", f.Before)
	}
	if f.Look > 0 && !f.Until.IsZero() {
		c.add("e.id < ?", firstID(f.Until.Add(maxSkew))) // where to begin
	}
	if err := s.bound(ctx, c, "events", f); err != nil {
		return nil, err
	}
	all, err := list(ctx, s, func(row scanner) (EventRow, error) { return scanEvent(row) },
		`SELECT `+eventColumns+` FROM events e`+c.where()+` ORDER BY e.id DESC LIMIT ?`, append(c.args, f.limit())...)
	if err != nil {
		return nil, err
	}
	return all, s.tally(ctx, all)
}

// EventDetail is all that is known of an event.
type EventDetail struct {
	EventRow
	Body      json.RawMessage    `json:"body"`      // as received
	Signature string             `json:"signature"` // its form
	UserAgent string             `json:"user_agent"`
	Facts     bridge.Facts       `json:"facts,omitempty"` // once it was routed
	Trace     bridge.LookupTrace `json:"trace,omitzero"`  // how it was looked up then
	Routed    time.Time          `json:"routed,omitzero"` // when
	To        []DeliveryRow      `json:"to"`
}

// Event gives an event with its deliveries; ErrNotFound if there is none.
func (s *Store) Event(ctx context.Context, id string) (EventDetail, error) {
	var e EventDetail
	var facts factsRow
	var trace []byte
	var routed int64
	row, err := scanEvent(s.row(ctx, `SELECT `+eventColumns+`, e.signature, e.user_agent, e.trace, COALESCE(e.routed_at, 0), `+factsColumns+` FROM events e WHERE e.id = ?`, id),
		append([]any{&e.Signature, &e.UserAgent, &trace, &routed}, facts.into()...)...)
	if err != nil {
		return e, notFound("event", id, err)
	}
	e.EventRow, e.Body, e.Routed = row, bytes.TrimPrefix(facts.Raw, []byte(byteOrderMark)), fromMicros(routed)
	if err := s.unpack(ctx, &facts); err != nil {
		return e, fmt.Errorf("read the facts of event %s: %w", id, err)
	}
	e.Facts = facts.facts
	if len(trace) > 0 {
		if e.Trace, err = decodeTrace(trace); err != nil {
			return e, fmt.Errorf("read the trace of event %s: %w", id, err)
		}
	}
	e.To, err = list(ctx, s, func(row scanner) (DeliveryRow, error) { return scanDelivery(row) },
		`SELECT `+deliveryColumns+` FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.event_id = ? ORDER BY d.id`, id)
	e.Deliveries = map[bridge.State]int{}
	for _, d := range e.To {
		e.Deliveries[d.State]++
	}
	return e, err
}
