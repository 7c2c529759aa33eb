package dispatch

import (
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// limitedPause is how long a sink pauses when its platform says "too fast"
	// without saying for how long.
	limitedPause = 5 * time.Second

	// brokenPause is how long a broken destination is left alone between probes.
	brokenPause = time.Hour

	// breakerAt is how many different deliveries fail in a row before the sink,
	// and not the deliveries, is taken to be the trouble.
	breakerAt = 5
)

// sent is the attempt that succeeded.
func sent(d bridge.Delivery, r bridge.Receipt) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: string(bridge.Sent), Status: r.Status, Detail: r.Detail,
		Counted: true, State: bridge.Sent, Receipt: r.ID,
	}
}

// failed is the attempt that did not, and what becomes of its delivery.
func failed(d bridge.Delivery, e *bridge.SendError, now time.Time, giveUp time.Duration) bridge.Attempt {
	a := bridge.Attempt{
		DeliveryID: d.ID, Outcome: e.Kind.String(), Status: e.Status, Detail: e.Detail, State: bridge.Pending,
	}
	switch e.Kind {
	case bridge.MessageRejected:
		a.Counted, a.State = true, bridge.Dead
	case bridge.Temporary:
		a.Counted = true
		wait := max(jitter(backoff(d.Attempts+1)), e.RetryAfter)
		since := d.FailingSince
		if since.IsZero() {
			since = now
		}
		if a.NotBefore = now.Add(wait); a.NotBefore.After(since.Add(giveUp)) {
			a.State = bridge.Dead
			a.Detail = "given up after " + giveUp.String() + ": " + a.Detail
		}
	case bridge.Limited, bridge.DestinationBroken:
		// The sink pauses, and the delivery keeps its place in the queue.
	}
	return a
}

// health is what the last attempts say about a sink as a whole.
type health struct {
	Of      string    `json:"of"`                // the settings that it is true of
	Failing []string  `json:"failing,omitempty"` // deliveries that failed since the last success
	Probes  int       `json:"probes,omitempty"`  // failed attempts since the breaker opened
	Broken  string    `json:"broken,omitempty"`  // the platform's words since the destination is broken
	Limited int       `json:"limited,omitempty"` // pauses in a row whose length the platform did not say
	Until   time.Time `json:"until,omitzero"`    // when the next probe is due
}

// ok notes a success.
func (h *health) ok() { *h = health{Of: h.Of} }

// note notes a failure. It gives how long the platform, which others may share,
// asks to pause, and whether this sink alone should.
func (h *health) note(d bridge.Delivery, e *bridge.SendError, now time.Time) (pause time.Duration, rest bool) {
	switch e.Kind {
	case bridge.Limited:
		if e.RetryAfter > 0 {
			return e.RetryAfter, true
		}
		h.Limited++
		return max(limitedPause, jitter(backoff(h.Limited))), true
	case bridge.DestinationBroken:
		h.Broken = e.Error()
		h.Until = now.Add(max(brokenPause, e.RetryAfter))
		return 0, true
	case bridge.MessageRejected:
		return 0, false
	}
	if !slices.Contains(h.Failing, d.ID) && len(h.Failing) < breakerAt {
		h.Failing = append(h.Failing, d.ID)
	}
	if len(h.Failing) < breakerAt {
		return 0, false
	}
	h.Probes++
	h.Until = now.Add(max(backoff(h.Probes), e.RetryAfter))
	return 0, true
}

// probing tells whether the sink should be tried with one delivery at a time.
func (h *health) probing() bool { return h.Broken != "" || len(h.Failing) >= breakerAt }
