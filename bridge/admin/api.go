package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	maxRequest = 1 << 20 // bytes of a request's body
	maxRows    = 1000    // of one list
)

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
	Version string `json:"version,omitempty"`
}

// api answers the API's requests.
func (d *Desk) api() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range d.routes() {
		mux.Handle(pattern, handler)
	}
	return mux
}

// routes are the API's handlers by their patterns. The file openapi.json describes
// each.
func (d *Desk) routes() map[string]http.Handler {
	all := map[string]http.Handler{"GET /api/openapi.json": http.HandlerFunc(serveDescription)}
	get := func(path string, f func(*http.Request) (any, error)) { all["GET /api/"+path] = respond(f) }
	post := func(path string, f func(*http.Request) (any, error)) { all["POST /api/"+path] = respond(f) }

	get("about", func(*http.Request) (any, error) { return About{d.Path, d.Reload != nil, d.Version}, nil })
	get("overview", func(r *http.Request) (any, error) { return d.Overview(r.Context()) })
	get("deliveries", d.deliveries)
	get("deliveries/count", counted(d.CountDeliveries))
	get("deliveries/{id}", func(r *http.Request) (any, error) { return d.Delivery(r.Context(), r.PathValue("id")) })
	get("events", d.events)
	get("events/count", counted(d.CountEvents))
	get("events/{id}", func(r *http.Request) (any, error) { return d.Event(r.Context(), r.PathValue("id")) })
	get("dead", func(r *http.Request) (any, error) { return d.Causes(r.Context()) })
	for _, operation := range []string{Retry, Cancel, Move, Replay} {
		post(operation, d.change(operation))
	}
	post("catch-up", d.catchUp)
	post("forget", d.forget)
	post("reload", d.reload)
	post("sessions/end", func(r *http.Request) (any, error) {
		n, err := d.EndSessions(r.Context())
		return Changed{Changed: n}, err
	})
	get("configuration", func(*http.Request) (any, error) { return d.Configured(), nil })
	get("sources", func(r *http.Request) (any, error) { return d.SourceViews(r.Context()) })
	get("sources/{name}", func(r *http.Request) (any, error) { return d.Setup(r.Context(), r.PathValue("name")) })
	post("sources/{name}/test-window", d.openWindow)
	post("sources/{name}/try-api", func(r *http.Request) (any, error) { return d.Try(r.Context(), r.PathValue("name")) })
	post("sources/{name}/login", d.login)
	get("captures", d.captures)
	get("inspect/{id}", func(r *http.Request) (any, error) { return d.Inspect(r.Context(), r.PathValue("id")) })
	get("audit", d.audits)
	return all
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

func (d *Desk) deliveries(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return d.Deliveries(r.Context(), f)
}

// Deliveries lists deliveries, newest first.
func (d *Desk) Deliveries(ctx context.Context, f store.Filter) ([]DeliveryLine, error) {
	f, err := d.inState(f, DeliveryStates())
	if err != nil {
		return nil, err
	}
	rows, err := d.Store.Deliveries(ctx, f)
	lines := make([]DeliveryLine, len(rows))
	for i, row := range rows {
		lines[i] = DeliveryLine{row, d.orphaned(row)}
	}
	return lines, err
}

// orphaned tells whether a delivery waits for a sink that is not there.
func (o Options) orphaned(d store.DeliveryRow) bool {
	return d.State == bridge.Pending && !slices.Contains(o.Sinks(), d.Sink)
}

// Delivery gives a delivery with its message.
func (d *Desk) Delivery(ctx context.Context, id string) (DeliveryView, error) {
	detail, err := d.Store.Delivery(ctx, id)
	if err != nil {
		return DeliveryView{}, err
	}
	view := DeliveryView{DeliveryDetail: detail, Orphaned: d.orphaned(detail.DeliveryRow)}
	if m, err := d.Message(ctx, detail); err != nil {
		view.Problem = err.Error()
	} else {
		view.Message = &m
	}
	return view, nil
}

func (d *Desk) events(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return d.Events(r.Context(), f)
}

// Events lists events, newest first.
func (d *Desk) Events(ctx context.Context, f store.Filter) ([]store.EventRow, error) {
	f, err := d.inState(f, EventStates())
	if err != nil {
		return nil, err
	}
	return d.Store.Events(ctx, f)
}

// Event gives an event with what today's routes make of it.
func (d *Desk) Event(ctx context.Context, id string) (EventView, error) {
	e, err := d.Store.Event(ctx, id)
	if err != nil {
		return EventView{}, err
	}
	return EventView{e, d.Explain(bridge.Event{ID: e.ID, Type: e.Event, Source: e.Source}, e.Facts)}, nil
}

func (d *Desk) reload(r *http.Request) (any, error) {
	if err := d.Reloaded(r.Context()); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

// filter reads a filter from a query. Query gives the reverse.
func filter(q url.Values) (f store.Filter, err error) {
	f = store.Filter{
		Source: q.Get("source"), Event: q.Get("event"), Route: q.Get("route"), Sink: q.Get("sink"),
		State: q.Get("state"), Text: q.Get("text"), Before: q.Get("before"), IDs: q["id"], Words: q["words"],
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
	for name, values := range map[string][]string{"id": f.IDs, "words": f.Words} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	return q
}
