package dispatch

import (
	"context"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// burstInterval is how often a sender looks for a burst. It spends at most one part in
	// burstShare of its time on that.
	burstInterval = time.Second
	burstShare    = 20
)

// collectBursts puts waiting deliveries into a parcel if there are more than the sink may send
// in a minute. A few digests arrive sooner than that many messages, and are easier to read.
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
		s.Log.Info("more messages are waiting than the sink may send in a minute; they are collected into digests", "route", route.Name)
		if err := s.Store.Collect(ctx, c, store.Gather{Key: burstKey, Closes: now.Add(store.JoinWait), Latest: now.Add(maxBurstWait), Room: maxParcelEvents}); err != nil {
			return err
		}
	}
	s.nextBurst = time.Now().Add(max(burstInterval, burstShare*time.Since(began)))
	return nil
}
