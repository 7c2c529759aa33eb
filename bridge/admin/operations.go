package admin

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// The operations that change a selection.
const (
	Retry  = "deliveries/retry"
	Cancel = "deliveries/cancel"
	Move   = "deliveries/move"
	Replay = "events/replay"
)

// Selection says what to change: what a filter selects, or everything.
type Selection struct {
	store.Filter
	All bool   `json:"all,omitempty"` // needed if the filter selects everything
	To  string `json:"to,omitempty"`  // the sink to move deliveries to
}

// Changed says how many deliveries or events an operation changed.
type Changed struct {
	Changed int    `json:"changed"`
	Instead string `json:"instead,omitempty"` // if none was changed: the states of similar deliveries
}

// NoFilter begins the error of a selection that contains everything by accident.
const NoFilter = "the selection contains everything"

// Counted says how many rows a filter selects.
type Counted struct {
	Count int  `json:"count"`
	More  bool `json:"more,omitempty"` // there are more than N
}

// orphans is the state of pending deliveries whose sink is not in the configuration.
// The store does not know this state.
const orphans = "orphaned"

// DeliveryStates returns the states of deliveries that a filter may name.
func DeliveryStates() []string {
	return []string{string(bridge.Pending), string(bridge.Sent), string(bridge.Dead), string(bridge.Cancelled), store.Failed, orphans}
}

// EventStates returns the states of events that a filter may name.
func EventStates() []string { return []string{"waiting", "routed", "unrouted"} }

// inState checks a filter's state, and replaces orphans by what the store knows.
func (o Options) inState(f store.Filter, states []string) (store.Filter, error) {
	if f.State != "" && !slices.Contains(states, f.State) {
		return f, &Error{http.StatusBadRequest, "there is no state " + strconv.Quote(f.State) + "; use one of: " + strings.Join(states, ", ")}
	}
	if f.State == orphans {
		f.State, f.NotSinks = string(bridge.Pending), o.Sinks()
	}
	return f, nil
}

// change returns the handler of an operation.
func (svc *Service) change(operation string) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var s Selection
		decoder := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&s); err != nil {
			return nil, &Error{http.StatusBadRequest, "the body is not a valid selection: " + err.Error()}
		}
		n, err := svc.Change(r.Context(), operation, s)
		if err != nil || n > 0 || operation == Replay {
			return Changed{Changed: n}, err
		}
		words, err := svc.instead(r.Context(), s)
		return Changed{Instead: words}, err
	}
}

// Change applies an operation to a selection, and returns how many it changed.
func (svc *Service) Change(ctx context.Context, operation string, s Selection) (int, error) {
	target := s.words()
	states := DeliveryStates()
	if operation == Replay {
		states = EventStates()
	}
	f, err := svc.checked(s, states)
	if err != nil {
		return 0, err
	}
	var n int
	switch operation {
	case Retry:
		n, err = svc.Store.Retry(ctx, f)
	case Cancel:
		n, err = svc.Store.Cancel(ctx, f)
	case Replay:
		n, err = svc.Store.Reroute(ctx, f)
	case Move:
		if sinks := svc.Sinks(); !slices.Contains(sinks, s.To) {
			return 0, &Error{http.StatusBadRequest, "there is no sink " + strconv.Quote(s.To) + " in the configuration; use one of: " + strings.Join(sinks, ", ")}
		}
		n, err = svc.Store.Move(ctx, f, s.To)
	default:
		return 0, &Error{http.StatusNotFound, "there is no operation " + operation}
	}
	if n > 0 || operation == Retry && err == nil { // somebody who retries has fixed something, so a broken sink is tried again
		svc.Changed()
	}
	if n > 0 {
		svc.overview.forget()
		svc.Noted(ctx, operation, target, n)
	}
	return n, err
}

// instead names the states of the deliveries that a selection would choose without its
// state, after it chose none that can be changed.
func (svc *Service) instead(ctx context.Context, s Selection) (string, error) {
	var all []string
	for _, state := range []bridge.State{bridge.Pending, bridge.Dead, bridge.Cancelled, bridge.Sent} {
		f := s.Filter
		f.State = string(state)
		counted, err := svc.CountDeliveries(ctx, f)
		if err != nil {
			return "", err
		}
		if counted.Count > 0 {
			all = append(all, strconv.Itoa(counted.Count)+" "+string(state))
		}
	}
	if len(all) == 0 {
		return "no delivery matches", nil
	}
	words := "the matching deliveries are " + strings.Join(all, ", ")
	if s.State != "" {
		words = "none is " + s.State + "; " + words + ": select them with --state"
	}
	return words, nil
}

// checked returns a selection's filter if a change may use it.
func (o Options) checked(s Selection, states []string) (store.Filter, error) {
	narrow := s.Filter
	narrow.State = "" // the state alone still selects everything
	if empty(narrow) && !s.All {
		return s.Filter, &Error{http.StatusBadRequest, NoFilter + "; add a filter, or set all to confirm"}
	}
	if s.Limit != 0 || s.Before != "" {
		return s.Filter, &Error{http.StatusBadRequest, "limit and before are for lists only; remove them, because a change applies to everything selected"}
	}
	return o.inState(s.Filter, states)
}

func empty(f store.Filter) bool {
	return len(f.IDs)+len(f.Words) == 0 && f.Source+f.Event+f.Route+f.Sink+f.State+f.Text == "" && f.Since.IsZero() && f.Until.IsZero()
}

// maxTarget limits the length of a selection in the audit trail, in bytes.
const maxTarget = 300

// words describes a selection for the audit trail.
func (s Selection) words() string {
	var all []string
	q := query(s.Filter)
	for _, key := range slices.Sorted(maps.Keys(q)) {
		all = append(all, key+" "+strings.Join(q[key], " "))
	}
	if len(all) == 0 {
		all = append(all, "all")
	}
	if s.To != "" {
		all = append(all, "to "+s.To)
	}
	text := []rune(bridge.CleanLine(strings.Join(all, ", ")))
	if len(text) > maxTarget {
		text = append(text[:maxTarget-1], '…')
	}
	return string(text)
}

// maxCount is how far rows are counted.
const maxCount = 1_000_000

// CountDeliveries returns how many deliveries a filter selects.
func (svc *Service) CountDeliveries(ctx context.Context, f store.Filter) (Counted, error) {
	f, err := svc.inState(f, DeliveryStates())
	if err != nil {
		return Counted{}, err
	}
	return enough(svc.Store.CountDeliveries(ctx, f, maxCount+1))
}

// CountEvents returns how many events a filter selects.
func (svc *Service) CountEvents(ctx context.Context, f store.Filter) (Counted, error) {
	f, err := svc.inState(f, EventStates())
	if err != nil {
		return Counted{}, err
	}
	return enough(svc.Store.CountEvents(ctx, f, maxCount+1))
}

func enough(n int, err error) (Counted, error) {
	return Counted{Count: min(n, maxCount), More: n > maxCount}, err
}

// counted returns the handler of a count.
func counted(count func(context.Context, store.Filter) (Counted, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		f, err := filter(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return count(r.Context(), f)
	}
}
