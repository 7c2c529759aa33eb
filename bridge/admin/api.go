package admin

import (
	"context"
	"encoding/json"
	"io"
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

// DeliveryView is a delivery, with its message as it would be sent now, or with the
// problem that prevents it.
type DeliveryView struct {
	store.DeliveryDetail
	Orphaned bool     `json:"orphaned,omitempty"` // its sink is not in the configuration
	Message  *Message `json:"message,omitempty"`
	Problem  string   `json:"problem,omitempty"`
}

// DeliveryLine is a delivery in a list.
type DeliveryLine struct {
	store.DeliveryRow
	Orphaned bool `json:"orphaned,omitempty"` // its sink is not in the configuration
}

// EventView is an event, with the decisions of the current routes.
type EventView struct {
	store.EventDetail
	Routes []bridge.Verdict `json:"routes"`
}

// About identifies the bridge that answers.
type About struct {
	Store   string `json:"store"`   // path of the store
	Running bool   `json:"running"` // false: a command reads the store itself
	Version string `json:"version,omitempty"`
}

// api returns the handler of all API requests.
func (svc *Service) api() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range svc.routes() {
		mux.Handle(pattern, handler)
	}
	return mux
}

// routes returns the API's handlers by pattern. openapi.json describes each of them.
func (svc *Service) routes() map[string]http.Handler {
	all := map[string]http.Handler{"GET /api/openapi.json": http.HandlerFunc(serveDescription)}
	get := func(path string, f func(*http.Request) (any, error)) { all["GET /api/"+path] = respond(f) }
	post := func(path string, f func(*http.Request) (any, error)) { all["POST /api/"+path] = respond(f) }

	get("about", func(*http.Request) (any, error) { return About{svc.Path, svc.Reload != nil, svc.Version}, nil })
	get("overview", func(r *http.Request) (any, error) { return svc.Overview(r.Context()) })
	get("deliveries", svc.deliveries)
	get("deliveries/count", counted(svc.CountDeliveries))
	get("deliveries/{id}", func(r *http.Request) (any, error) { return svc.Delivery(r.Context(), r.PathValue("id")) })
	get("events", svc.events)
	get("events/count", counted(svc.CountEvents))
	get("events/{id}", func(r *http.Request) (any, error) { return svc.Event(r.Context(), r.PathValue("id")) })
	get("dead", func(r *http.Request) (any, error) { return svc.Causes(r.Context()) })
	for _, operation := range []string{Retry, Cancel, Move, Replay} {
		post(operation, svc.change(operation))
	}
	post("catch-up", svc.catchUp)
	post("forget", svc.forget)
	post("reload", svc.reload)
	post("sessions/end", func(r *http.Request) (any, error) {
		n, err := svc.EndSessions(r.Context())
		return Changed{Changed: n}, err
	})
	get("configuration", func(*http.Request) (any, error) { return svc.Configured(), nil })
	get("sources", func(r *http.Request) (any, error) { return svc.SourceViews(r.Context()) })
	get("sources/{name}", func(r *http.Request) (any, error) { return svc.Setup(r.Context(), r.PathValue("name")) })
	post("sources/{name}/test-window", svc.openWindow)
	post("sources/{name}/try-api", func(r *http.Request) (any, error) { return svc.Try(r.Context(), r.PathValue("name")) })
	post("sources/{name}/login", svc.login)
	get("captures", svc.captures)
	get("inspect/{id}", func(r *http.Request) (any, error) { return svc.Inspect(r.Context(), r.PathValue("id")) })
	get("audit", svc.audits)
	return all
}

// respond answers with the result of f as JSON.
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

func (svc *Service) deliveries(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return svc.Deliveries(r.Context(), f)
}

// Deliveries lists deliveries, newest first.
func (svc *Service) Deliveries(ctx context.Context, f store.Filter) ([]DeliveryLine, error) {
	f, err := svc.inState(f, DeliveryStates())
	if err != nil {
		return nil, err
	}
	rows, err := svc.Store.Deliveries(ctx, f)
	lines := make([]DeliveryLine, len(rows))
	for i, row := range rows {
		lines[i] = DeliveryLine{row, svc.orphaned(row)}
	}
	return lines, err
}

// orphaned reports whether a delivery is pending for a sink that is not in the
// configuration.
func (o Options) orphaned(d store.DeliveryRow) bool {
	return d.State == bridge.Pending && !slices.Contains(o.Sinks(), d.Sink)
}

// Delivery returns a delivery with its message.
func (svc *Service) Delivery(ctx context.Context, id string) (DeliveryView, error) {
	detail, err := svc.Store.Delivery(ctx, id)
	if err != nil {
		return DeliveryView{}, err
	}
	view := DeliveryView{DeliveryDetail: detail, Orphaned: svc.orphaned(detail.DeliveryRow)}
	if m, err := svc.Message(ctx, detail); err != nil {
		view.Problem = err.Error()
	} else {
		view.Message = &m
	}
	return view, nil
}

func (svc *Service) events(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return svc.Events(r.Context(), f)
}

// Events lists events, newest first.
func (svc *Service) Events(ctx context.Context, f store.Filter) ([]store.EventRow, error) {
	f, err := svc.inState(f, EventStates())
	if err != nil {
		return nil, err
	}
	return svc.Store.Events(ctx, f)
}

// Event returns an event with the decisions of the current routes.
func (svc *Service) Event(ctx context.Context, id string) (EventView, error) {
	e, err := svc.Store.Event(ctx, id)
	if err != nil {
		return EventView{}, err
	}
	return EventView{e, svc.Explain(bridge.Event{ID: e.ID, Type: e.Event, Source: e.Source}, e.Facts)}, nil
}

func (svc *Service) reload(r *http.Request) (any, error) {
	if err := svc.Reloaded(r.Context()); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

// filter reads a filter from a query; it is the reverse of query.
func filter(q url.Values) (f store.Filter, err error) {
	f = store.Filter{
		Source: q.Get("source"), Event: q.Get("event"), Route: q.Get("route"), Sink: q.Get("sink"),
		State: q.Get("state"), Text: q.Get("text"), Before: q.Get("before"), IDs: q["id"], Words: q["words"],
	}
	for name, into := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if text := q.Get(name); text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				return f, &Error{http.StatusBadRequest, name + ": write a time such as 2026-11-23T14:00:00Z"}
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 || f.Limit > maxRows {
			return f, &Error{http.StatusBadRequest, "limit: write a number from 1 to " + strconv.Itoa(maxRows)}
		}
	}
	return f, nil
}

// query writes a filter in the form that filter reads.
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

// decode reads the body of a request strictly.
func decode(r *http.Request, into any) error {
	in := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
	in.DisallowUnknownFields()
	if err := in.Decode(into); err != nil {
		return &Error{http.StatusBadRequest, "the body is not valid: " + err.Error()}
	}
	return nil
}
