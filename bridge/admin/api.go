package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	maxRequest = 1 << 20 // bytes of a request's body
	maxRows    = 1000    // of one list
)

// Selection says what is to be changed: what a filter chooses, or everything.
type Selection struct {
	store.Filter
	All bool   `json:"all,omitempty"` // without it a filter that chooses everything is an error
	To  string `json:"to,omitempty"`  // the sink that deliveries are moved to
}

// Changed tells how many were changed.
type Changed struct {
	Changed int `json:"changed"`
}

// DeliveryView is a delivery with its message as it would be sent today, or the
// reason why there is none.
type DeliveryView struct {
	store.DeliveryDetail
	Orphaned bool     `json:"orphaned,omitempty"` // its sink is not configured
	Message  *Message `json:"message,omitempty"`
	Problem  string   `json:"problem,omitempty"`
}

// DeliveryLine is a delivery in a list.
type DeliveryLine struct {
	store.DeliveryRow
	Orphaned bool `json:"orphaned,omitempty"` // its sink is not configured
}

// EventView is an event with what today's routes make of it.
type EventView struct {
	store.EventDetail
	Routes []bridge.Verdict `json:"routes"`
}

// About tells which bridge answers.
type About struct {
	Store   string `json:"store"`   // path of its file
	Running bool   `json:"running"` // false: a command asks itself
}

func (o Options) api() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, f func(*http.Request) (any, error)) { mux.HandleFunc("GET /api/"+path, respond(f)) }
	post := func(path string, f func(*http.Request) (any, error)) { mux.HandleFunc("POST /api/"+path, respond(f)) }

	get("about", func(*http.Request) (any, error) { return About{o.Path, o.Reload != nil}, nil })
	get("deliveries", o.deliveries)
	get("deliveries/{id}", o.delivery)
	get("events", o.events)
	get("events/{id}", o.event)
	post("deliveries/retry", o.change(deliveryStates(), o.Store.Retry))
	post("deliveries/cancel", o.change(deliveryStates(), o.Store.Cancel))
	post("deliveries/move", o.move)
	post("events/replay", o.change(eventStates(), o.Store.Reroute))
	post("reload", o.reload)
	get("sources", o.sources)
	post("sources/{name}/test-window", o.openWindow)
	get("captures", o.captures)
	get("inspect/{id}", o.inspect)
	return mux
}

// respond answers with what f gives.
func respond(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := f(r)
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, found)
	}
}

func (o Options) deliveries(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err == nil {
		f, err = o.inState(f, deliveryStates())
	}
	if err != nil {
		return nil, err
	}
	rows, err := o.Store.Deliveries(r.Context(), f)
	lines := make([]DeliveryLine, len(rows))
	for i, row := range rows {
		lines[i] = DeliveryLine{row, o.orphaned(row)}
	}
	return lines, err
}

// orphaned tells whether a delivery waits for a sink that is not there.
func (o Options) orphaned(d store.DeliveryRow) bool {
	return d.State == bridge.Pending && !slices.Contains(o.Sinks(), d.Sink)
}

func (o Options) delivery(r *http.Request) (any, error) {
	d, err := o.Store.Delivery(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	view := DeliveryView{DeliveryDetail: d, Orphaned: o.orphaned(d.DeliveryRow)}
	if m, err := o.Message(r.Context(), d); err != nil {
		view.Problem = err.Error()
	} else {
		view.Message = &m
	}
	return view, nil
}

func (o Options) events(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err == nil {
		f, err = o.inState(f, eventStates())
	}
	if err != nil {
		return nil, err
	}
	return o.Store.Events(r.Context(), f)
}

func (o Options) event(r *http.Request) (any, error) {
	e, err := o.Store.Event(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return EventView{e, o.Explain(bridge.Event{ID: e.ID, Type: e.Event, Source: e.Source}, e.Facts)}, nil
}

// orphans is the state of pending deliveries whose sink is not configured, to those
// who ask; the store knows no such state.
const orphans = "orphaned"

func deliveryStates() []string {
	return []string{string(bridge.Pending), string(bridge.Sent), string(bridge.Dead), string(bridge.Cancelled), orphans}
}

func eventStates() []string { return []string{"waiting", "routed", "unrouted"} }

// inState checks a filter's state, and puts that of orphans as the store knows it.
func (o Options) inState(f store.Filter, states []string) (store.Filter, error) {
	if f.State != "" && !slices.Contains(states, f.State) {
		return f, &Error{http.StatusBadRequest, "no state " + strconv.Quote(f.State) + "; there are: " + strings.Join(states, ", ")}
	}
	if f.State == orphans {
		f.State, f.NotSinks = string(bridge.Pending), o.Sinks()
	}
	return f, nil
}

// change applies an operation to a selection.
func (o Options) change(states []string, operate func(context.Context, store.Filter) (int, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		s, err := o.selection(r, states)
		if err != nil {
			return nil, err
		}
		return o.changed(operate(r.Context(), s.Filter))
	}
}

func (o Options) changed(n int, err error) (any, error) {
	if n > 0 {
		o.Changed()
	}
	return Changed{n}, err
}

func (o Options) move(r *http.Request) (any, error) {
	s, err := o.selection(r, deliveryStates())
	if err != nil {
		return nil, err
	}
	if sinks := o.Sinks(); !slices.Contains(sinks, s.To) {
		return nil, &Error{http.StatusBadRequest, "no sink named " + strconv.Quote(s.To) + " in the configuration; there are: " + strings.Join(sinks, ", ")}
	}
	return o.changed(o.Store.Move(r.Context(), s.Filter, s.To))
}

func (o Options) reload(*http.Request) (any, error) {
	if o.Reload == nil {
		return nil, &Error{http.StatusConflict, "the bridge does not run: its next start reads the configuration anyway"}
	}
	if err := o.Reload(); err != nil {
		return nil, &Error{http.StatusUnprocessableEntity, err.Error()}
	}
	return struct{}{}, nil
}

func (o Options) selection(r *http.Request, states []string) (Selection, error) {
	var s Selection
	d := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, &Error{http.StatusBadRequest, "the body is not a selection: " + err.Error()}
	}
	narrow := s.Filter
	narrow.State = "" // all dead letters are still everything
	if empty(narrow) && !s.All {
		return s, &Error{http.StatusBadRequest, "nothing narrows the choice; say so if you mean all"}
	}
	if s.Limit != 0 || s.Before != "" {
		return s, &Error{http.StatusBadRequest, "limit and before are for lists: a change is made to everything that is chosen"}
	}
	var err error
	s.Filter, err = o.inState(s.Filter, states)
	return s, err
}

func empty(f store.Filter) bool {
	return len(f.IDs) == 0 && f.Source+f.Event+f.Route+f.Sink+f.State+f.Text == "" && f.Since.IsZero() && f.Until.IsZero()
}

// filter reads a filter from a query. Query gives the reverse.
func filter(q url.Values) (f store.Filter, err error) {
	f = store.Filter{
		Source: q.Get("source"), Event: q.Get("event"), Route: q.Get("route"), Sink: q.Get("sink"),
		State: q.Get("state"), Text: q.Get("text"), Before: q.Get("before"),
	}
	for name, into := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if text := q.Get(name); text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				return f, &Error{http.StatusBadRequest, name + ": want a time such as 2026-11-23T14:00:00Z"}
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 || f.Limit > maxRows {
			return f, &Error{http.StatusBadRequest, "limit: want a number from 1 to " + strconv.Itoa(maxRows)}
		}
	}
	return f, nil
}

// query writes a filter as filter reads it.
func query(f store.Filter) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"source": f.Source, "event": f.Event, "route": f.Route, "sink": f.Sink, "state": f.State, "text": f.Text, "before": f.Before,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}
