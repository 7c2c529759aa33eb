package admin

import (
	"context"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Overview is the state of the bridge at a glance.
type Overview struct {
	At       time.Time    `json:"at"`
	Problems []Problem    `json:"problems"` // the most serious first
	Sources  []SourceView `json:"sources"`
	Sinks    []SinkView   `json:"sinks"`
	Routing  Routing      `json:"routing"`
	History  []Slice      `json:"history"` // of the last day, oldest first
	Replica  string       `json:"replica,omitempty"`
}

// Routing describes the events that wait for the router.
type Routing struct {
	Waiting int       `json:"waiting"`
	Oldest  time.Time `json:"oldest,omitzero"` // when the oldest arrived
}

// SinkView is a sink and its state. A sink that was removed from the configuration
// stays listed while deliveries wait for it.
type SinkView struct {
	Name string `json:"name"`
	bridge.SinkStatus
	store.Queue
	Sent     int    `json:"sent"`            // in the last day
	Failed   int    `json:"failed"`          // attempts in the last day
	Owner    string `json:"owner,omitempty"` // the replica that sends, if there are several
	Orphaned bool   `json:"orphaned,omitempty"`
}

// Slice counts what happened in one part of the day.
type Slice struct {
	From     time.Time `json:"from"`
	Accepted int       `json:"accepted"` // events
	Sent     int       `json:"sent"`     // messages
	Failed   int       `json:"failed"`   // attempts, without those that exceeded a rate limit

	bySink map[string]Slice
}

const (
	// length of one slice of the last day
	historySlice = 30 * time.Minute
	slices24h    = 48

	// overviewAge and historyAge are how long an overview and a history are reused at
	// least.
	overviewAge = time.Second
	historyAge  = 3 * time.Second
)

// Overview returns the present state of the bridge.
func (svc *Service) Overview(ctx context.Context) (Overview, error) {
	return svc.overview.get(ctx, overviewAge, svc.findOverview)
}

func (svc *Service) findOverview(ctx context.Context) (o Overview, err error) {
	o.At, o.Replica = time.Now().UTC(), svc.Self
	if o.History, err = svc.history.get(ctx, historyAge, svc.findHistory); err != nil {
		return o, err
	}
	if o.Routing.Waiting, o.Routing.Oldest, err = svc.Store.Routing(ctx); err != nil {
		return o, err
	}
	if o.Sinks, err = svc.sinkViews(ctx, o.History); err != nil {
		return o, err
	}
	if o.Sources, err = svc.SourceViews(ctx); err != nil {
		return o, err
	}
	o.Problems = svc.problems(o)
	return o, nil
}

// findHistory counts what happened in the last day.
func (svc *Service) findHistory(ctx context.Context) ([]Slice, error) {
	first := time.Now().UTC().Truncate(historySlice).Add(-(slices24h - 1) * historySlice)
	tallies, err := svc.Store.Tallies(ctx, first, historySlice)
	if err != nil {
		return nil, err
	}
	all := make([]Slice, slices24h)
	for i := range all {
		all[i] = Slice{From: first.Add(time.Duration(i) * historySlice), bySink: map[string]Slice{}}
	}
	for _, t := range tallies {
		if t.Slice < 0 || t.Slice >= len(all) {
			continue // the clock was set back
		}
		s := &all[t.Slice]
		if t.Sink == "" && t.Outcome == "accepted" {
			s.Accepted += t.N
			continue
		}
		of := s.bySink[t.Sink]
		switch t.Outcome {
		case string(bridge.Sent):
			s.Sent += t.N
			of.Sent += t.N
		case bridge.Limited.String(): // a pause is no failure
		default:
			s.Failed += t.N
			of.Failed += t.N
		}
		s.bySink[t.Sink] = of
	}
	return all, nil
}

func (svc *Service) sinkViews(ctx context.Context, history []Slice) ([]SinkView, error) {
	queues, err := svc.Store.Queues(ctx)
	if err != nil {
		return nil, err
	}
	owners := map[string]string{}
	if svc.Owner != nil {
		if owners, err = svc.Owner(ctx); err != nil {
			return nil, err
		}
	}
	all := []SinkView{}
	for _, name := range svc.Sinks() {
		v := SinkView{Name: name, Queue: queues[name], Owner: owners[name], SinkStatus: bridge.SinkStatus{State: bridge.Healthy}}
		if svc.Running.SinkStatus != nil {
			if v.SinkStatus, err = svc.Running.SinkStatus(ctx, name); err != nil {
				return nil, err
			}
		}
		for _, s := range history {
			v.Sent += s.bySink[name].Sent
			v.Failed += s.bySink[name].Failed
		}
		all = append(all, v)
		delete(queues, name)
	}
	for _, name := range sorted(queues) {
		if queues[name].Waiting > 0 {
			all = append(all, SinkView{Name: name, Queue: queues[name], Orphaned: true})
		}
	}
	return all, nil
}
