package pages

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// pageRows is the number of rows on a page of a list.
	pageRows = 50

	// lookRows is how many rows are read for one page. Rare rows take several pages,
	// but no page takes long.
	lookRows = 20_000
)

// list is a page of events or deliveries.
type list struct {
	Rows    any
	N       int
	Filter  url.Values // the form's values
	Chosen  bool       // a filter applies
	Problem string     // an error in the filter
	Older   string     // where the next page begins; "" at the end
	Looked  time.Time  // older rows were not read; zero if the page is full or all rows were read
	Deep    bool       // not the first page
	States  []string
	Sources []string
	Sinks   []string
	Routes  []string
	Events  []string
}

// keys returns the form's fields of a filter.
func keys() []string {
	return []string{"text", "source", "event", "route", "sink", "state", "since", "until"}
}

// newList reads the filter from a list's form.
func (s *site) newList(q url.Values, states []string) (*list, store.Filter) {
	l := &list{Filter: url.Values{}, States: states, Deep: q.Get("before") != ""}
	for _, key := range keys() {
		if text := strings.TrimSpace(q.Get(key)); text != "" {
			l.Filter.Set(key, text)
			l.Chosen = true
		}
	}
	f, err := filter(l.Filter)
	if err != nil {
		l.Problem = err.Error()
	}
	f.Before, f.Limit, f.Look = q.Get("before"), pageRows, lookRows
	if f.State != "" && !slices.Contains(states, f.State) {
		l.Problem, f.State = "there is no state "+f.State, ""
	}
	for _, source := range s.Service.Sources() {
		l.Sources = append(l.Sources, source.Name)
	}
	for _, v := range s.Service.Explain(bridge.Event{}, nil) {
		l.Routes = append(l.Routes, v.Route)
	}
	for _, e := range absorb.Events() {
		l.Events = append(l.Events, e.Name)
	}
	l.Sinks = s.Service.Sinks()
	return l, f
}

// filter reads a filter from a form.
func filter(q url.Values) (f store.Filter, err error) {
	f = store.Filter{
		Text: q.Get("text"), Source: q.Get("source"), Event: q.Get("event"), Route: q.Get("route"),
		Sink: q.Get("sink"), State: q.Get("state"), IDs: q["id"], Words: q["words"],
	}
	if f.Event != "" {
		f.Event = absorb.Canonical(f.Event)
	}
	for key, into := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		at, wrong := admin.ParseTime(q.Get(key), time.Now())
		if wrong != nil {
			err = wrong
		}
		*into = at
	}
	return f, err
}

// fill puts the rows into a list, and notes where the next page begins: after the last
// row of a full page, or where reading stopped.
func fill[T any](ctx context.Context, s *store.Store, l *list, table string, f store.Filter, rows []T, id func(T) string) error {
	l.Rows, l.N = rows, len(rows)
	if l.N >= f.Limit {
		l.Older = id(rows[l.N-1])
		return nil
	}
	reach, err := s.Reach(ctx, table, f)
	if reach != "" && (f.Since.IsZero() || store.Arrival(reach).After(f.Since)) {
		l.Older, l.Looked = reach, store.Arrival(reach)
	}
	return err
}

// events lists events.
func (s *site) events(r *http.Request) (view, error) {
	l, f := s.newList(r.URL.Query(), admin.EventStates())
	if l.Problem == "" {
		rows, err := s.Service.Events(r.Context(), f)
		if err != nil {
			return view{}, err
		}
		if err := fill(r.Context(), s.Service.Store, l, "events", f, rows, func(e store.EventRow) string { return e.ID }); err != nil {
			return view{}, err
		}
	}
	return view{"events.html", "Events", l}, nil
}

// deliveries lists deliveries.
func (s *site) deliveries(r *http.Request) (view, error) {
	l, f := s.newList(r.URL.Query(), admin.DeliveryStates())
	if f.Sink != "" && !slices.Contains(l.Sinks, f.Sink) {
		l.Sinks = append(slices.Clone(l.Sinks), f.Sink) // deliveries may wait for a sink that was removed
	}
	if l.Problem == "" {
		rows, err := s.Service.Deliveries(r.Context(), f)
		if err != nil {
			return view{}, err
		}
		if err := fill(r.Context(), s.Service.Store, l, "deliveries", f, rows, func(d admin.DeliveryLine) string { return d.ID }); err != nil {
			return view{}, err
		}
	}
	return view{"deliveries.html", "Deliveries", l}, nil
}
