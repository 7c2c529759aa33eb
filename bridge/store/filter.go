package store

import (
	"strings"
	"time"
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

	NotSinks []string `json:"-"` // deliveries to none of these
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
func (s *Store) chosenDeliveries(f Filter) *conditions {
	c := &conditions{}
	c.in("d.id", "IN", f.IDs)
	c.in("d.sink", "NOT IN", f.NotSinks)
	c.equal("d.route", f.Route)
	c.equal("d.sink", f.Sink)
	c.equal("d.state", f.State)
	f.event(c)
	if !f.Since.IsZero() {
		c.add("d.id >= ?", firstID(f.Since.Add(-maxSkew)))
	}
	if f.Text != "" {
		s.addText(c, f.Text, s.engine.bytes("d.last_error"), "e.body", "e.facts")
	}
	return c
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
