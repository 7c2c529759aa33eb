package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Filter chooses events or deliveries. What is left empty does not narrow it.
type Filter struct {
	IDs    []string  `json:"ids,omitempty"`
	Source string    `json:"source,omitempty"`
	Event  string    `json:"event,omitempty"` // its type, such as CertificateAwarded
	Route  string    `json:"route,omitempty"`
	Sink   string    `json:"sink,omitempty"`
	State  string    `json:"state,omitempty"`  // of a delivery, see bridge.State; of an event, see EventRow
	Text   string    `json:"text,omitempty"`   // in the body, in what was looked up, or in the platform's words
	Since  time.Time `json:"since,omitzero"`   // the event arrived then or later
	Until  time.Time `json:"until,omitzero"`   // the event arrived before
	Before string    `json:"before,omitempty"` // ids below this one: the next page
	Limit  int       `json:"limit,omitempty"`  // at most so many; 0 means 50

	NotSinks []string `json:"-"`               // deliveries to none of these
	Words    []string `json:"words,omitempty"` // how the platform's last words begin, see Cause
	Look     int      `json:"-"`               // look at no more rows than so many; 0 means all
}

// defaultLimit is how many rows a list has when nobody said.
const defaultLimit = 50

// maxSkew is how far the clocks of replicas may be apart: the id of an event, and that
// of a delivery, tell when some replica made it, which is after the event arrived.
const maxSkew = time.Hour

// conditions collects the parts of a WHERE clause and their values.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(condition string, args ...any) {
	c.parts = append(c.parts, condition)
	c.args = append(c.args, args...)
}

// equal adds a comparison unless the value is "".
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

// in adds that a column is one of the values, or, with the operator "NOT IN", none
// of them, unless there are no values.
func (c *conditions) in(column, operator string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, value := range values {
		args[i] = value
	}
	c.add(column+" "+operator+" (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// state adds that the delivery d is in a state. Indexes of one state are used only
// if the query has it in its text.
func (c *conditions) state(state string) {
	switch bridge.State(state) {
	case bridge.Pending, bridge.Sent, bridge.Dead, bridge.Cancelled:
		c.add("d.state = '" + state + "'")
	case Failed:
		c.add("(d.state = 'dead' OR d.state = 'pending' AND d.last_error IS NOT NULL)")
	default:
		c.equal("d.state", state)
	}
}

func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// event adds what a filter asks of the event e, but for its ids and state.
func (f Filter) event(c *conditions) {
	c.equal("e.source", f.Source)
	c.equal("e.type", f.Event)
	if !f.Since.IsZero() {
		c.add("e.received_at >= ?", micros(f.Since))
		c.add("e.id >= ?", firstID(f.Since.Add(-maxSkew))) // by which they are read
	}
	if !f.Until.IsZero() {
		c.add("e.received_at < ?", micros(f.Until))
	}
}

// deliveries are the conditions on the delivery d of the event e.
func (s *Store) chosenDeliveries(ctx context.Context, f Filter) (*conditions, error) {
	c := &conditions{}
	c.in("d.id", "IN", f.IDs)
	c.in("d.sink", "NOT IN", f.NotSinks)
	c.equal("d.route", f.Route)
	c.equal("d.sink", f.Sink)
	c.state(f.State)
	c.in("COALESCE("+cause+", '')", "IN", f.Words)
	f.event(c)
	if !f.Since.IsZero() {
		c.add("d.id >= ?", firstID(f.Since.Add(-maxSkew)))
	}
	if f.Text != "" {
		return c, s.addSearch(ctx, c, f.Text, s.engine.bytes("d.last_error"), "e.body", "e.facts")
	}
	return c, nil
}

// maxFound bounds how many versions of shared parts a search goes by, those that were
// used last: with more the text is so common that it finds enough.
const maxFound = 400

// addSearch adds the condition that a text stands in one of some columns of bytes, or in
// a shared part of the event's facts.
func (s *Store) addSearch(ctx context.Context, c *conditions, text string, columns ...string) error {
	hashes, err := list(ctx, s, func(row scanner) (hash string, err error) { return hash, row.Scan(&hash) },
		`SELECT p.hash FROM parts p WHERE `+s.engine.contains("p.body")+` ORDER BY p.used_at DESC LIMIT ?`, text, maxFound)
	if err != nil {
		return err
	}
	either := &conditions{}
	s.addText(either, text, columns...)
	for _, hash := range hashes {
		s.addText(either, hash, "e.facts")
	}
	c.add("("+strings.Join(either.parts, " OR ")+")", either.args...)
	return nil
}

// addText adds the condition that a text stands in one of some columns of bytes.
func (s *Store) addText(c *conditions, text string, columns ...string) {
	parts := make([]string, len(columns))
	args := make([]any, len(columns))
	for i, column := range columns {
		parts[i], args[i] = s.engine.contains(column), text
	}
	c.add("("+strings.Join(parts, " OR ")+")", args...)
}

func (f Filter) limit() int {
	if f.Limit <= 0 {
		return defaultLimit
	}
	return f.Limit
}

// bound adds to a list of the table events or deliveries, whose letter is e or d,
// that no more rows than the filter wants are looked at.
func (s *Store) bound(ctx context.Context, c *conditions, table string, f Filter) error {
	if f.Look <= 0 {
		return nil
	}
	last, err := s.Reach(ctx, table, f)
	if err == nil && last != "" {
		c.add(table[:1]+".id >= ?", last)
	}
	return err
}

// Reach is the last id that a list with a bound looks at, in the table events or
// deliveries, or "" when it looks at all there are. Deliveries in other states than
// the filter's are not looked at.
func (s *Store) Reach(ctx context.Context, table string, f Filter) (last string, err error) {
	c := &conditions{}
	id := table[:1] + ".id"
	if f.Before != "" {
		c.add(id+" < ?", f.Before)
	}
	if table == "deliveries" {
		c.state(f.State)
	} else if !f.Until.IsZero() {
		c.add(id+" < ?", firstID(f.Until.Add(maxSkew)))
	}
	err = s.row(ctx, `SELECT `+id+` FROM `+table+` `+table[:1]+c.where()+` ORDER BY `+id+` DESC LIMIT 1 OFFSET ?`, append(c.args, f.Look-1)...).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the store: %w", err)
	}
	return last, nil
}
