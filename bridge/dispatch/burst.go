package dispatch

import (
	"context"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// burstEvery is how often a sender looks for a burst, and burstShare how much of
	// its time it may spend on that, one part of so many.
	burstInterval = time.Second
	burstShare    = 20
)

// gatherBursts puts what waits into a parcel when it is more than the sink can be
// sent in a minute: a few digests tell it sooner, and better, than so many messages.
func (s *Sender) collectBursts(ctx context.Context) error {
	most := s.Limiter.perMinute()
	if most == 0 || time.Now().Before(s.nextBurst) {
		return nil
	}
	began := time.Now()
	for _, route := range s.Routes {
		bulk, all := route.collectsBursts()
		if !bulk {
			continue
		}
		c := store.Choice{Sink: s.Name, Route: route.Name, From: storyKeyPrefix}
		if !all {
			c.Types = s.BulkTypes
		}
		n, err := s.Store.Waiting(ctx, c, most+1)
		if err != nil {
			return err
		}
		if n <= most {
			continue
		}
		now := time.Now()
		s.Log.Info("more waits than can be sent in a minute; it is gathered into digests", "route", route.Name)
		if err := s.Store.Collect(ctx, c, store.Gather{Key: burstKey, Closes: now.Add(store.JoinWait), Latest: now.Add(maxBurstWait), Room: maxParcelEvents}); err != nil {
			return err
		}
	}
	s.nextBurst = time.Now().Add(max(burstInterval, burstShare*time.Since(began)))
	return nil
}
