package dispatch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// item is what one message is made of: a delivery, or a parcel of several.
type item struct {
	parcel     store.Parcel      // its ID is "" for a delivery by itself
	deliveries []bridge.Delivery // of a parcel only once it is closed
	due        time.Time
}

func (i item) route() string {
	if i.parcel.ID != "" {
		return i.parcel.Route
	}
	return i.deliveries[0].Route
}

// whole is the item as one delivery: what becomes of it becomes of all.
func (i item) whole() bridge.Delivery {
	if len(i.deliveries) == 0 {
		return bridge.Delivery{ID: i.parcel.ID}
	}
	whole := i.deliveries[0]
	if i.parcel.ID == "" {
		return whole
	}
	whole.ID = i.parcel.ID
	for _, d := range i.deliveries {
		whole.Attempts = max(whole.Attempts, d.Attempts)
		if whole.FailingSince.IsZero() || !d.FailingSince.IsZero() && d.FailingSince.Before(whole.FailingSince) {
			whole.FailingSince = d.FailingSince
		}
	}
	return whole
}

// due gives what should be sent now, in order. What must wait after all is put off.
func (s *Sender) due(ctx context.Context, limit int) ([]item, error) {
	if err := s.gatherBursts(ctx); err != nil {
		return nil, err
	}
	now := time.Now()
	singles, err := s.Store.Due(ctx, s.Name, now, limit)
	if err != nil {
		return nil, err
	}
	singles = s.Compose.redacted(singles)
	parcels, err := s.Store.DueParcels(ctx, s.Name, now, limit)
	if err != nil {
		return nil, err
	}
	var all []item
	quiet := map[string]bool{}
	for _, d := range singles {
		if until, is := s.Routes[d.Route].Quiet.Until(now); is {
			if !quiet[d.Route] {
				quiet[d.Route] = true
				err = s.hold(ctx, d.Route, until)
			}
		} else {
			all = append(all, item{deliveries: []bridge.Delivery{d}, due: d.Due})
		}
		if err != nil {
			return nil, err
		}
	}
	for _, p := range parcels {
		wait, err := s.putOff(ctx, p, now)
		if err != nil {
			return nil, err
		}
		if !wait {
			all = append(all, item{parcel: p, due: p.Closes})
		}
	}
	slices.SortStableFunc(all, func(a, b item) int { return a.due.Compare(b.due) })
	return all[:min(limit, len(all))], nil
}

// hold puts a route's deliveries aside until its quiet time is over.
func (s *Sender) hold(ctx context.Context, route string, until time.Time) error {
	s.Log.Info("the route is quiet; its messages are held", "route", route, "until", until)
	return s.Store.Collect(ctx, store.Choice{Sink: s.Name, Route: route, Failed: true},
		store.Gather{Key: inQuiet, Closes: until, Latest: until, Room: parcelRoom})
}

// putOff has a parcel wait longer if its route is quiet, or if more of its story is
// about to be routed.
func (s *Sender) putOff(ctx context.Context, p store.Parcel, now time.Time) (bool, error) {
	if until, is := s.Routes[p.Route].Quiet.Until(now); is {
		return true, s.Store.PostponeParcel(ctx, p.ID, until)
	}
	correlation, user, ok := storyOf(p.Key)
	if !ok || !now.Before(p.Latest) {
		return false, nil
	}
	more, err := s.Store.Expected(ctx, correlation, user)
	if err != nil || !more {
		return false, err
	}
	return true, s.Store.PostponeParcel(ctx, p.ID, now.Add(storyWait))
}

// open closes a parcel and gives what is in it. Those for other recipients than the
// first become parcels of their own.
func (s *Sender) open(ctx context.Context, p store.Parcel) ([]bridge.Delivery, error) {
	all, err := s.Store.CloseParcel(ctx, p.ID, parcelRoom)
	if err != nil {
		return nil, err
	}
	all = s.Compose.redacted(all)
	var order []string
	to := map[string][]bridge.Delivery{}
	for _, d := range all {
		recipients := strings.Join(s.Compose.to(ctx, d), "\n")
		if to[recipients] == nil {
			order = append(order, recipients)
		}
		to[recipients] = append(to[recipients], d)
	}
	if len(order) < 2 {
		return all, nil
	}
	for _, recipients := range order[1:] {
		var ids []string
		for _, d := range to[recipients] {
			ids = append(ids, d.ID)
		}
		if err := s.Store.SplitParcel(ctx, p.ID, ids); err != nil {
			return nil, err
		}
	}
	return to[order[0]], nil
}
