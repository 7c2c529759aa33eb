// Package dispatch brings events to sinks. The Router turns each accepted event
// into deliveries; one Sender for each sink sends them, in order and no faster
// than its platform allows. All they know is in the store, so both go on after a
// restart where they left off.
package dispatch

import (
	"context"
	"log/slog"
	"time"
)

// poll is how often the store is looked at when nobody said that there is work.
const pollInterval = 5 * time.Second

// signal wakes a waiting loop; signals that come while it works are one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) raise() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns when the signal was raised, at the time given (if it is sooner
// than the next poll), or when the context ends.
func (s signal) wait(ctx context.Context, until time.Time, known bool) {
	d := pollInterval
	if known {
		d = min(d, time.Until(until))
	}
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// rest waits after a store error, so that a store that is down is not asked
// thousands of times a second.
func pauseAfterError(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() != nil {
		return
	}
	log.Error("the store does not answer; trying again", "err", err)
	sleep(ctx, time.Second)
}

// sleep waits for d, and tells whether the context let it.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
