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

// id is what the item's outcomes are kept under.
func (i item) id() string {
	if i.parcel.ID != "" {
		return i.parcel.ID
	}
	return i.deliveries[0].ID
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

// itemsOf are deliveries as a message each.
func itemsOf(all []bridge.Delivery) []item {
	items := make([]item, len(all))
	for i, d := range all {
		items[i] = item{deliveries: all[i : i+1 : i+1], due: d.Due}
	}
	return items
}

// due gives what should be sent now, in order; what failed since the last success
// comes after what did not. What must wait after all is put off.
func (s *Sender) due(ctx context.Context, limit int) ([]item, error) {
	all, err := s.inOrder(ctx, limit+len(s.health.Failing))
	if err != nil {
		return nil, err
	}
	rank := func(i item) int { return slices.Index(s.health.Failing, i.id()) }
	slices.SortStableFunc(all, func(a, b item) int { return rank(a) - rank(b) })
	return all[:min(limit, len(all))], nil
}

// others tells whether something should be sent now that has not failed yet.
func (s *Sender) others(ctx context.Context) bool {
	all, err := s.inOrder(ctx, len(s.health.Failing)+len(s.health.Alone)+1)
	return err == nil && slices.ContainsFunc(all, func(i item) bool { return !s.health.known(i.id()) })
}

// inOrder gives what should be sent now, the oldest first, and at least limit if there
// are so many.
func (s *Sender) inOrder(ctx context.Context, limit int) ([]item, error) {
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
			all = append(all, itemsOf([]bridge.Delivery{d})...)
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
	return all, nil
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

// apart has a message of several events that is refused for good go out again as two,
// each of a half, until the one that is refused is by itself: the others are not at
// fault. Of a sink that takes nothing, messages are not split.
func (s *Sender) apart(p prepared, a bridge.Attempt) bridge.Attempt {
	if a.State != bridge.Dead || len(p.deliveries) < 2 || p.err == nil && s.health.probing() {
		return a
	}
	a.State = bridge.Pending
	for _, d := range p.deliveries[len(p.deliveries)/2:] {
		a.Apart = append(a.Apart, d.ID)
	}
	return a
}
