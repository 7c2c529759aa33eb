package dispatch

import (
	"context"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// open closes a parcel and gives what is in it. Those for other recipients than the
// first become parcels of their own.
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

// apart has a message of several events that is refused for good go out again as two,
// each of a half, until the one that is refused is by itself: the others are not at
// fault. Of a sink that takes nothing, messages are not split.
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
