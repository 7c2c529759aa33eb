package dispatch

import (
	"context"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// closeParcel closes a parcel and returns its deliveries. Deliveries for other recipients than
// the first move to parcels of their own.
func (s *Sender) closeParcel(ctx context.Context, p store.Parcel) ([]bridge.Delivery, error) {
	all, err := s.Store.CloseParcel(ctx, p.ID, maxParcelEvents)
	if err != nil {
		return nil, err
	}
	all = s.Composer.redacted(all)
	var order []string
	to := map[string][]bridge.Delivery{}
	for _, d := range all {
		recipients := strings.Join(s.Composer.recipientsOrError(ctx, d), "\n")
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

// splitRefused splits a refused message of several events in two. The halves are sent and
// split again until the refused event is alone, because the other events are not at fault. If
// the sink takes no message at all, nothing is split.
func (s *Sender) splitRefused(p preparedMessage, a bridge.Attempt) bridge.Attempt {
	if a.State != bridge.Dead || len(p.deliveries) < 2 || p.err == nil && s.health.probing() {
		return a
	}
	a.State = bridge.Pending
	for _, d := range p.deliveries[len(p.deliveries)/2:] {
		a.Apart = append(a.Apart, d.ID)
	}
	return a
}
