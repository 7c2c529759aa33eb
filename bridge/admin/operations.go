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

// The operations that change what a selection chooses.
const (
	Retry  = "deliveries/retry"
	Cancel = "deliveries/cancel"
	Move   = "deliveries/move"
	Replay = "events/replay"
)

// Selection says what is to be changed: what a filter chooses, or everything.
type Selection struct {
	store.Filter
	All bool   `json:"all,omitempty"` // without it a filter that chooses everything is an error
	To  string `json:"to,omitempty"`  // the sink that deliveries are moved to
}

// Changed tells how many were changed.
type Changed struct {
	Changed int    `json:"changed"`
	Instead string `json:"instead,omitempty"` // when none was: what else there is
}

// Counted tells how many a filter chooses.
type Counted struct {
	Count int  `json:"count"`
	More  bool `json:"more,omitempty"` // and there are more, which were not counted
}

// orphans is the state of pending deliveries whose sink is not configured, to those
// who ask; the store knows no such state.
const orphans = "orphaned"

// DeliveryStates are the states of deliveries that can be asked for.
func DeliveryStates() []string {
	return []string{string(bridge.Pending), string(bridge.Sent), string(bridge.Dead), string(bridge.Cancelled), store.Failed, orphans}
}

// EventStates are the states of events that can be asked for.
func EventStates() []string { return []string{"waiting", "routed", "unrouted"} }

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

// change is Change for a request.
func (svc *Service) change(operation string) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var s Selection
		decoder := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&s); err != nil {
			return nil, &Error{http.StatusBadRequest, "the body is not a selection: " + err.Error()}
		}
		n, err := svc.Change(r.Context(), operation, s)
		if err != nil || n > 0 || operation == Replay {
			return Changed{Changed: n}, err
		}
		words, err := svc.instead(r.Context(), s)
		return Changed{Instead: words}, err
	}
}

// Change does one of the operations to what a selection chooses, and gives how many
// it changed.
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
			return 0, &Error{http.StatusBadRequest, "no sink named " + strconv.Quote(s.To) + " in the configuration; there are: " + strings.Join(sinks, ", ")}
		}
		n, err = svc.Store.Move(ctx, f, s.To)
	default:
		return 0, &Error{http.StatusNotFound, "there is no operation " + operation}
	}
	if n > 0 || operation == Retry && err == nil { // who retries has mended something: a sink that is left alone is tried
		svc.Changed()
	}
	if n > 0 {
		svc.overview.forget()
		svc.Noted(ctx, operation, target, n)
	}
	return n, err
}

// instead says what there is when a selection chose no delivery that could be changed:
// those in other states that are otherwise like it.
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
		return "there is no delivery like this", nil
	}
	words := "of those like this there are only " + strings.Join(all, ", ")
	if s.State != "" {
		words = "none is " + s.State + "; " + strings.Replace(words, "of those like this there are only", "there are", 1) + ": choose them by --state"
	}
	return words, nil
}

// checked gives a selection's filter if it may be used for a change.
func (o Options) checked(s Selection, states []string) (store.Filter, error) {
	narrow := s.Filter
	narrow.State = "" // all dead letters are still everything
	if empty(narrow) && !s.All {
		return s.Filter, &Error{http.StatusBadRequest, "nothing narrows the choice; say so if you mean all"}
	}
	if s.Limit != 0 || s.Before != "" {
		return s.Filter, &Error{http.StatusBadRequest, "limit and before are for lists: a change is made to everything that is chosen"}
	}
	return o.inState(s.Filter, states)
}

func empty(f store.Filter) bool {
	return len(f.IDs)+len(f.Words) == 0 && f.Source+f.Event+f.Route+f.Sink+f.State+f.Text == "" && f.Since.IsZero() && f.Until.IsZero()
}

// maxTarget bounds what is kept of a selection's words.
const maxTarget = 300

// words say what a selection chooses, for the audit trail.
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

// maxCount bounds how many rows are counted for somebody who asks.
const maxCount = 1_000_000

// CountDeliveries tells how many deliveries a filter chooses.
func (svc *Service) CountDeliveries(ctx context.Context, f store.Filter) (Counted, error) {
	f, err := svc.inState(f, DeliveryStates())
	if err != nil {
		return Counted{}, err
	}
	return enough(svc.Store.CountDeliveries(ctx, f, maxCount+1))
}

// CountEvents tells how many events a filter chooses.
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

// counted answers with a count.
func counted(count func(context.Context, store.Filter) (Counted, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		f, err := filter(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return count(r.Context(), f)
	}
}
