package dispatch

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// burstEvery is how often a sender looks for a burst, and burstShare how much of
	// its time it may spend on that, one part of so many.
	burstEvery = time.Second
	burstShare = 20
)

// gatherBursts puts what waits into a parcel when it is more than the sink can be
// sent in a minute: a few digests tell it sooner, and better, than so many messages.
func (s *Sender) gatherBursts(ctx context.Context) error {
	most := s.Pace.minute()
	if most == 0 || time.Now().Before(s.nextBurst) {
		return nil
	}
	began := time.Now()
	for _, route := range s.Routes {
		bulk, all := route.bursts()
		if !bulk {
			continue
		}
		c := store.Choice{Sink: s.Name, Route: route.Name, From: inStory}
		if !all {
			c.Types = s.Bulk
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
		if err := s.Store.Collect(ctx, c, store.Gather{Key: inBurst, Closes: now.Add(store.JoinWait), Latest: now.Add(burstMost), Room: parcelRoom}); err != nil {
			return err
		}
	}
	s.nextBurst = time.Now().Add(max(burstEvery, burstShare*time.Since(began)))
	return nil
}

// minute is how many messages can be sent in a minute; 0 when there is no limit.
func (p *Pace) minute() int {
	if p.limiter.Limit() == rate.Inf {
		return 0
	}
	return p.limiter.Burst() + int(float64(p.limiter.Limit())*time.Minute.Seconds())
}
