package dispatch

import (
	"context"
	"sync/atomic"
	"time"
)

// longest is how many batches a sender sends before it starts again with the oldest
// delivery, which may have been routed late.
const maxBatches = 16

// stream passes on a first batch, and then those behind it: each is read while the one
// before is sent. It ends when nothing is left, when over is set, or when there is more
// to look at than single deliveries.
func (s *Sender) readBatches(ctx context.Context, first []queueEntry, over *atomic.Bool, to chan<- []queueEntry) {
	defer close(to)
	batch := first
	for n := 1; len(batch) > 0; n++ {
		select {
		case to <- batch:
		case <-ctx.Done():
			return
		}
		if n == maxBatches || over.Load() {
			return
		}
		var err error
		if batch, err = s.nextBatch(ctx, batch[len(batch)-1]); err != nil {
			pauseAfterError(ctx, s.Log, err)
			return
		}
	}
}

// behind gives the single deliveries that come after an item. It gives none if a parcel is
// due, if a route is quiet, or if the sink has a rate limit: that is slower than the store.
func (s *Sender) nextBatch(ctx context.Context, last queueEntry) ([]queueEntry, error) {
	if last.parcel.ID != "" || s.Limiter.perMinute() > 0 {
		return nil, nil
	}
	now := time.Now()
	for _, route := range s.Routes {
		if _, quiet := route.Quiet.Until(now); quiet {
			return nil, nil
		}
	}
	parcels, err := s.Store.DueParcels(ctx, s.Name, now, 1)
	if err != nil || len(parcels) > 0 {
		return nil, err
	}
	singles, err := s.Store.DueBehind(ctx, last.deliveries[0], now, maxBatch)
	if err != nil {
		return nil, err
	}
	return singleEntries(s.Composer.redacted(singles)), nil
}
