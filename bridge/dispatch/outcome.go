package dispatch

import (
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// limitedPause is how long a sink pauses when its platform says "too fast" without a
	// duration.
	limitedPause = 5 * time.Second

	// maxPausesInRow is after how many pauses in a row for one delivery the sender tries
	// another.
	maxPausesInRow = 3

	// The first probe of a broken destination comes after firstProbe. The intervals double
	// up to lastProbe.
	firstProbe = time.Minute
	lastProbe  = time.Hour

	// breakerAt is how many different deliveries must fail in a row before the bridge blames
	// the sink instead of the deliveries. brokenAt is the same for answers that blame the
	// destination themselves.
	breakerAt = 5
	brokenAt  = 2

	// maxRefusals is how often a delivery may get an answer that blames the destination, while
	// others succeed, before it is dead.
	maxRefusals = 3

	// maxAlone bounds how many deliveries are remembered as failing alone.
	maxAlone = 64
)

// sentAttempt returns a successful attempt.
func sentAttempt(d bridge.Delivery, r bridge.Receipt) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: string(bridge.Sent), Status: r.Status, Detail: r.Detail,
		Counted: true, State: bridge.Sent, Receipt: r.ID,
	}
}

// failedAttempt returns an attempt that failed. The delivery keeps its place in the queue.
func failedAttempt(d bridge.Delivery, e *bridge.SendError) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: e.Kind.String(), Status: e.Status, Detail: e.Detail, State: bridge.Pending,
	}
}

// retryLater returns a failed attempt whose delivery is retried after a wait. If the delivery
// has failed for longer than giveUp, it is dead.
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

// deadAttempt returns a failed attempt whose delivery is not retried.
func deadAttempt(d bridge.Delivery, e *bridge.SendError, why string) bridge.Attempt {
	a := failedAttempt(d, e)
	a.Counted, a.State, a.Detail = true, bridge.Dead, why+a.Detail
	return a
}
