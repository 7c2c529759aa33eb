package dispatch

import (
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// limitedPause is how long a sink pauses when its platform says "too fast"
	// without saying for how long.
	limitedPause = 5 * time.Second

	// limitedAt is after how many pauses in a row for one delivery another is tried.
	maxPausesInRow = 3

	// A broken destination is probed after firstProbe, then at intervals that double
	// up to lastProbe.
	firstProbe = time.Minute
	lastProbe  = time.Hour

	// breakerAt is how many different deliveries fail in a row before the sink,
	// and not the deliveries, is taken to be the trouble; brokenAt is the same for
	// answers that say so themselves.
	breakerAt = 5
	brokenAt  = 2

	// refusedAt is how often a delivery gets an answer that speaks of the destination,
	// while others pass, before it is dead.
	maxRefusals = 3

	// maxAlone bounds how many deliveries are known to fail alone.
	maxAlone = 64
)

// sent is the attempt that succeeded.
func sentAttempt(d bridge.Delivery, r bridge.Receipt) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: string(bridge.Sent), Status: r.Status, Detail: r.Detail,
		Counted: true, State: bridge.Sent, Receipt: r.ID,
	}
}

// failed is the attempt that did not. The delivery keeps its place in the queue.
func failedAttempt(d bridge.Delivery, e *bridge.SendError) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: e.Kind.String(), Status: e.Status, Detail: e.Detail, State: bridge.Pending,
	}
}

// later is failed for a delivery that is tried again after a while, and dies when it
// has failed for longer than giveUp.
func retryLater(d bridge.Delivery, e *bridge.SendError, now time.Time, giveUp time.Duration) bridge.Attempt {
	a := failedAttempt(d, e)
	a.Counted = true
	since := d.FailingSince
	if since.IsZero() {
		since = now
	}
	if a.NotBefore = now.Add(max(jitter(backoff(d.Attempts+1)), e.RetryAfter)); a.NotBefore.After(since.Add(giveUp)) {
		return deadAttempt(d, e, "given up after "+giveUp.String()+": ")
	}
	return a
}

// dead is failed for a delivery that is not tried again.
func deadAttempt(d bridge.Delivery, e *bridge.SendError, why string) bridge.Attempt {
	a := failedAttempt(d, e)
	a.Counted, a.State, a.Detail = true, bridge.Dead, why+a.Detail
	return a
}
