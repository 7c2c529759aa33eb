package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// queueEntry is the content of one message: a single delivery, or a parcel of several.
type queueEntry struct {
	parcel     store.Parcel      // its ID is "" for a single delivery
	deliveries []bridge.Delivery // of a parcel only after it is closed
	due        time.Time
}

// id returns the id that the entry's outcomes are recorded under.
func (e queueEntry) id() string {
	if e.parcel.ID != "" {
		return e.parcel.ID
	}
	return e.deliveries[0].ID
}

func (e queueEntry) route() string {
	if e.parcel.ID != "" {
		return e.parcel.Route
	}
	return e.deliveries[0].Route
}

// asDelivery returns the entry as one delivery. Its outcome applies to all deliveries of the
// entry.
func (e queueEntry) asDelivery() bridge.Delivery {
	if len(e.deliveries) == 0 {
		return bridge.Delivery{ID: e.parcel.ID}
	}
	whole := e.deliveries[0]
	if e.parcel.ID == "" {
		return whole
	}
	whole.ID = e.parcel.ID
	for _, d := range e.deliveries {
		whole.Attempts = max(whole.Attempts, d.Attempts)
		if whole.FailingSince.IsZero() || !d.FailingSince.IsZero() && d.FailingSince.Before(whole.FailingSince) {
			whole.FailingSince = d.FailingSince
		}
	}
	return whole
}

// singleEntries returns one entry for each delivery.
func singleEntries(all []bridge.Delivery) []queueEntry {
	entries := make([]queueEntry, len(all))
	for i, d := range all {
		entries[i] = queueEntry{deliveries: all[i : i+1 : i+1], due: d.Due}
	}
	return entries
}

// nextEntries returns the entries to send now, in order. Entries that failed since the last
// success come last.
func (s *Sender) nextEntries(ctx context.Context, limit int) ([]queueEntry, error) {
	all, err := s.dueEntries(ctx, limit+len(s.health.Failing))
	if err != nil {
		return nil, err
	}
	rank := func(e queueEntry) int { return slices.Index(s.health.Failing, e.id()) }
	slices.SortStableFunc(all, func(a, b queueEntry) int { return rank(a) - rank(b) })
	return all[:min(limit, len(all))], nil
}

// othersWait reports whether an entry is due that has not failed yet.
func (s *Sender) othersWait(ctx context.Context) bool {
	all, err := s.dueEntries(ctx, len(s.health.Failing)+len(s.health.FailedAlone)+1)
	return err == nil && slices.ContainsFunc(all, func(e queueEntry) bool { return !s.health.hasFailed(e.id()) })
}

// dueEntries returns the entries to send now, oldest first: at least limit of them, if there
// are so many. It holds back and postpones what must wait.
func (s *Sender) dueEntries(ctx context.Context, limit int) ([]queueEntry, error) {
	if err := s.collectBursts(ctx); err != nil {
		return nil, err
	}
	now := time.Now()
	singles, err := s.Store.Due(ctx, s.Name, now, limit)
	if err != nil {
		return nil, err
	}
	singles = s.Composer.redacted(singles)
	parcels, err := s.Store.DueParcels(ctx, s.Name, now, limit)
	if err != nil {
		return nil, err
	}
	var all []queueEntry
	quiet := map[string]bool{}
	for _, d := range singles {
		if until, is := s.Routes[d.Route].Quiet.Until(now); is {
			if !quiet[d.Route] {
				quiet[d.Route] = true
				err = s.holdUntil(ctx, d.Route, until)
			}
		} else {
			all = append(all, singleEntries([]bridge.Delivery{d})...)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, p := range parcels {
		wait, err := s.postponed(ctx, p, now)
		if err != nil {
			return nil, err
		}
		if !wait {
			all = append(all, queueEntry{parcel: p, due: p.Closes})
		}
	}
	slices.SortStableFunc(all, func(a, b queueEntry) int { return a.due.Compare(b.due) })
	return all, nil
}

// holdUntil holds a route's deliveries back until its quiet hours end.
func (s *Sender) holdUntil(ctx context.Context, route string, until time.Time) error {
	s.Log.Info("the route has quiet hours; its messages are held back", "route", route, "until", until)
	return s.Store.Collect(ctx, store.Choice{Sink: s.Name, Route: route, Failed: true},
		store.Gather{Key: quietKey, Closes: until, Latest: until, Room: maxParcelEvents})
}

// postponed postpones a parcel if its route has quiet hours, or if more of its story is about
// to be routed. It reports whether it did.
func (s *Sender) postponed(ctx context.Context, p store.Parcel, now time.Time) (bool, error) {
	if until, is := s.Routes[p.Route].Quiet.Until(now); is {
		return true, s.Store.PostponeParcel(ctx, p.ID, until)
	}
	correlation, user, ok := parseStoryKey(p.Key)
	if !ok || !now.Before(p.Latest) {
		return false, nil
	}
	more, err := s.Store.Expected(ctx, correlation, user)
	if err != nil || !more {
		return false, err
	}
	return true, s.Store.PostponeParcel(ctx, p.ID, now.Add(storyWait))
}
