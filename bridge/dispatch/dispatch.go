// Package dispatch routes events and sends their messages. The Router turns each accepted
// event into deliveries; one Sender per sink sends them, in order and no faster than the
// platform allows. Both keep their state in the store and continue from it after a restart.
// The package does not receive webhooks, and it does not know any platform.
package dispatch

import (
	"context"
	"log/slog"
	"time"
)

// pollInterval is how often a loop reads the store when no signal wakes it.
const pollInterval = 5 * time.Second

// signal wakes a waiting loop. Several signals during one pass count as one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

// raise wakes the loop, or lets its next wait return at once.
func (s signal) raise() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns when the signal is raised, at the given time if it is known, after
// pollInterval, or when the context ends.
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

// pauseAfterError logs a store error and waits a second, so that a store that is down does not
// get thousands of queries a second.
func pauseAfterError(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() != nil {
		return
	}
	log.Error("the store does not answer; retrying", "err", err)
	sleep(ctx, time.Second)
}

// sleep waits for d. It returns false if the context ended first.
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
