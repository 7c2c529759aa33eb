package dispatch

import (
	"context"
	"sync/atomic"
	"time"
)

// maxBatches is how many batches a sender sends before it starts again with the oldest
// delivery, which may have been routed late.
const maxBatches = 16

// readBatches passes on a first batch and those after it. It reads each batch while the
// previous one is sent. It stops when nothing is left, when over is set, or when there is more
// to check than single deliveries.
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

// nextBatch returns the single deliveries after an entry. It returns none if a parcel is due,
// if a route has quiet hours, or if the sink has a rate limit, which is slower than the store
// anyway.
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
