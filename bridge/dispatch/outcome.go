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

	// limitedAt is after how many pauses in a row for one delivery another is tried.
	limitedAt = 3

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
	refusedAt = 3

	// maxAlone bounds how many deliveries are known to fail alone.
	maxAlone = 64
)

// sent is the attempt that succeeded.
func sent(d bridge.Delivery, r bridge.Receipt) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: string(bridge.Sent), Status: r.Status, Detail: r.Detail,
		Counted: true, State: bridge.Sent, Receipt: r.ID,
	}
}

// failed is the attempt that did not. The delivery keeps its place in the queue.
func failed(d bridge.Delivery, e *bridge.SendError) bridge.Attempt {
	return bridge.Attempt{
		DeliveryID: d.ID, Outcome: e.Kind.String(), Status: e.Status, Detail: e.Detail, State: bridge.Pending,
	}
}

// later is failed for a delivery that is tried again after a while, and dies when it
// has failed for longer than giveUp.
func later(d bridge.Delivery, e *bridge.SendError, now time.Time, giveUp time.Duration) bridge.Attempt {
	a := failed(d, e)
	a.Counted = true
	since := d.FailingSince
	if since.IsZero() {
		since = now
	}
	if a.NotBefore = now.Add(max(jitter(backoff(d.Attempts+1)), e.RetryAfter)); a.NotBefore.After(since.Add(giveUp)) {
		return dead(d, e, "given up after "+giveUp.String()+": ")
	}
	return a
}

// dead is failed for a delivery that is not tried again.
func dead(d bridge.Delivery, e *bridge.SendError, why string) bridge.Attempt {
	a := failed(d, e)
	a.Counted, a.State, a.Detail = true, bridge.Dead, why+a.Detail
	return a
}

// health is what the last attempts say about a sink as a whole. A failure is blamed on
// the sink or on the message by what becomes of other messages: a message that fails
// while others pass is at fault itself, and none is when all fail. A message that the
// platform calls bad waits for the others' verdict like any other; the platform's word
// counts when there is no other to ask.
type health struct {
	Of      string    `json:"of"`                // the settings that it is true of
	Failing []string  `json:"failing,omitempty"` // the last different deliveries that failed since the last success
	Dead    int       `json:"dead,omitempty"`    // how many more were refused for good since then, or taken apart
	Alone   []string  `json:"alone,omitempty"`   // deliveries that failed before others passed
	Probes  int       `json:"probes,omitempty"`  // failed attempts since the sink is left alone
	Broken  string    `json:"broken,omitempty"`  // the platform's words since the destination is broken
	Limited int       `json:"limited,omitempty"` // pauses in a row
	Slowed  string    `json:"slowed,omitempty"`  // the delivery that they were for
	Until   time.Time `json:"until,omitzero"`    // when the next probe is due
}

// ok notes a success.
func (h *health) ok(d bridge.Delivery) {
	alone := slices.Clone(h.Alone)
	for _, id := range h.Failing {
		if !slices.Contains(alone, id) {
			alone = append(alone, id)
		}
	}
	alone = without(alone, d.ID)
	*h = health{Of: h.Of, Alone: alone[max(0, len(alone)-maxAlone):]}
}

// fault is what judges a failure.
type fault struct {
	delivery bridge.Delivery
	err      *bridge.SendError
	now      time.Time
	giveUp   time.Duration
	several  bool        // whether the message is of several events
	others   func() bool // whether other deliveries wait that have not failed
}

// judge notes a failure. It gives what becomes of the delivery; how long the platform,
// which others may share, asks to pause; and whether this sink alone should rest.
func (h *health) judge(f fault) (a bridge.Attempt, pause time.Duration, rest bool) {
	defer func() {
		if a.State == bridge.Dead {
			h.Failing, h.Alone = without(h.Failing, f.delivery.ID), without(h.Alone, f.delivery.ID)
		}
	}()
	if f.err.Kind == bridge.MessageRejected && f.err.Status == 0 { // by the bridge, not by the platform
		return dead(f.delivery, f.err, ""), 0, false
	}
	if slices.Contains(h.Alone, f.delivery.ID) && !h.probing() {
		return f.own(), 0, false
	}
	if f.err.Kind == bridge.Limited {
		return failed(f.delivery, f.err), h.limit(f.delivery, f.err), true
	}
	h.fail(f.delivery.ID)
	switch {
	case f.err.Kind == bridge.DestinationBroken:
		return failed(f.delivery, f.err), 0, h.broken(f)
	case f.err.Kind == bridge.MessageRejected && h.takesItsWord(f):
		h.Dead++
		return dead(f.delivery, f.err, ""), 0, false
	}
	if h.streak() >= breakerAt {
		h.Probes++
		h.Until = f.now.Add(max(backoff(h.Probes), f.err.RetryAfter))
		rest = true
	}
	return later(f.delivery, f.err, f.now, f.giveUp), 0, rest
}

// takesItsWord tells whether the platform is believed that a message is bad, which has
// just failed. It is when no other message failed or waits that could show whether the
// sink is at fault. A message of several events is only taken apart, so there it is
// believed until too many have failed in a row.
func (h *health) takesItsWord(f fault) bool {
	if f.several {
		return h.streak() <= breakerAt
	}
	return h.streak() == 1 && !f.others()
}

// own is what becomes of a delivery that fails while others pass. One of several events
// will be taken apart, for whatever reason it fails.
func (f fault) own() bridge.Attempt {
	switch {
	case f.err.Kind == bridge.MessageRejected:
		return dead(f.delivery, f.err, "")
	case (f.err.Kind == bridge.DestinationBroken || f.several) && f.delivery.Attempts+1 >= refusedAt:
		return dead(f.delivery, f.err, "refused again and again while other messages pass: ")
	}
	return later(f.delivery, f.err, f.now, f.giveUp)
}

// fail notes that a delivery failed: the last is the newest.
func (h *health) fail(id string) {
	h.Failing = append(without(h.Failing, id), id)
	h.Failing = h.Failing[max(0, len(h.Failing)-breakerAt):]
}

// limit is how long the platform asks to pause. If it keeps asking for the same
// delivery, another one is tried next.
func (h *health) limit(d bridge.Delivery, e *bridge.SendError) time.Duration {
	if h.Slowed != d.ID {
		h.Slowed, h.Limited = d.ID, 0
	}
	if h.Limited++; h.Limited >= limitedAt {
		h.fail(d.ID)
	}
	if e.RetryAfter > 0 {
		return e.RetryAfter
	}
	pause := max(limitedPause, jitter(backoff(h.Limited)))
	if h.streak() < brokenAt { // it may be about this message alone, and others wait behind it
		pause = min(pause, firstProbe)
	}
	return pause
}

// broken leaves the sink alone for a while, unless another delivery should be tried
// first: the answer may be about this message alone.
func (h *health) broken(f fault) (rest bool) {
	if h.Broken == "" && h.streak() < brokenAt && f.others() {
		return false
	}
	h.Broken = f.err.Error()
	h.Until = f.now.Add(max(probeAfter(h.Probes), f.err.RetryAfter))
	h.Probes++
	return true
}

// streak is how many different deliveries failed since the last success, at most
// breakerAt of those that wait.
func (h *health) streak() int { return len(h.Failing) + h.Dead }

// probing tells whether the sink should be tried with one delivery at a time.
func (h *health) probing() bool { return h.Broken != "" || h.streak() >= breakerAt }

// undecided tells whether one delivery alone speaks against the sink, so that the next
// one that comes is tried at once.
func (h *health) undecided() bool { return h.Broken != "" && h.streak() < brokenAt }

// known tells whether a delivery has failed already, so that another failure of it
// says nothing new about the sink.
func (h *health) known(id string) bool {
	return slices.Contains(h.Failing, id) || slices.Contains(h.Alone, id)
}

func without(all []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return one == id })
}
