package dispatch

import (
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// health is what the last attempts say about a sink as a whole. A failure is blamed on
// the sink or on the message by what becomes of other messages: a message that fails
// while others pass is at fault itself, and none is when all fail. A message that the
// platform calls bad waits for the others' verdict like any other; the platform's word
// counts when there is no other to ask.
type health struct {
	Settings        string    `json:"of"`                // the settings that it is true of
	Failing         []string  `json:"failing,omitempty"` // the last different deliveries that failed since the last success
	Refused         int       `json:"dead,omitempty"`    // how many more were refused for good since then, or taken apart
	FailedAlone     []string  `json:"alone,omitempty"`   // deliveries that failed before others passed
	Probes          int       `json:"probes,omitempty"`  // failed attempts since the sink is left alone
	Broken          string    `json:"broken,omitempty"`  // the platform's words since the destination is broken
	Limited         int       `json:"limited,omitempty"` // pauses in a row
	LimitedDelivery string    `json:"slowed,omitempty"`  // the delivery that they were for
	Until           time.Time `json:"until,omitzero"`    // when the next probe is due
}

// ok notes a success.
func (h *health) succeeded(d bridge.Delivery) {
	alone := slices.Clone(h.FailedAlone)
	for _, id := range h.Failing {
		if !slices.Contains(alone, id) {
			alone = append(alone, id)
		}
	}
	alone = without(alone, d.ID)
	*h = health{Settings: h.Settings, FailedAlone: alone[max(0, len(alone)-maxAlone):]}
}

// fault is what judges a failure.
type failure struct {
	delivery   bridge.Delivery
	err        *bridge.SendError
	now        time.Time
	giveUp     time.Duration
	several    bool        // whether the message is of several events
	othersWait func() bool // whether other deliveries wait that have not failed
}

// judge notes a failure. It gives what becomes of the delivery; how long the platform,
// which others may share, asks to pause; and whether this sink alone should rest.
func (h *health) judge(f failure) (a bridge.Attempt, pause time.Duration, rest bool) {
	defer func() {
		if a.State == bridge.Dead {
			h.Failing, h.FailedAlone = without(h.Failing, f.delivery.ID), without(h.FailedAlone, f.delivery.ID)
		}
	}()
	if f.err.Kind == bridge.MessageRejected && f.err.Status == 0 { // by the bridge, not by the platform
		return deadAttempt(f.delivery, f.err, ""), 0, false
	}
	if slices.Contains(h.FailedAlone, f.delivery.ID) && !h.probing() {
		return f.judgeAlone(), 0, false
	}
	if f.err.Kind == bridge.Limited {
		return failedAttempt(f.delivery, f.err), h.pauseFor(f.delivery, f.err), true
	}
	h.noteFailure(f.delivery.ID)
	switch {
	case f.err.Kind == bridge.DestinationBroken:
		return failedAttempt(f.delivery, f.err), 0, h.destinationBroken(f)
	case f.err.Kind == bridge.MessageRejected && h.trustsRejection(f):
		h.Refused++
		return deadAttempt(f.delivery, f.err, ""), 0, false
	}
	if h.failuresInRow() >= breakerAt {
		h.Probes++
		h.Until = f.now.Add(max(backoff(h.Probes), f.err.RetryAfter))
		rest = true
	}
	return retryLater(f.delivery, f.err, f.now, f.giveUp), 0, rest
}

// takesItsWord tells whether the platform is believed that a message is bad, which has
// just failed. It is when no other message failed or waits that could show whether the
// sink is at fault. A message of several events is only taken apart, so there it is
// believed until too many have failed in a row.
func (h *health) trustsRejection(f failure) bool {
	if f.several {
		return h.failuresInRow() <= breakerAt
	}
	return h.failuresInRow() == 1 && !f.othersWait()
}

// own is what becomes of a delivery that fails while others pass. One of several events
// will be taken apart, for whatever reason it fails.
func (f failure) judgeAlone() bridge.Attempt {
	switch {
	case f.err.Kind == bridge.MessageRejected:
		return deadAttempt(f.delivery, f.err, "")
	case (f.err.Kind == bridge.DestinationBroken || f.several) && f.delivery.Attempts+1 >= maxRefusals:
		return deadAttempt(f.delivery, f.err, "refused again and again while other messages pass: ")
	}
	return retryLater(f.delivery, f.err, f.now, f.giveUp)
}

// fail notes that a delivery failed: the last is the newest.
func (h *health) noteFailure(id string) {
	h.Failing = append(without(h.Failing, id), id)
	h.Failing = h.Failing[max(0, len(h.Failing)-breakerAt):]
}

// limit is how long the platform asks to pause. If it keeps asking for the same
// delivery, another one is tried next.
func (h *health) pauseFor(d bridge.Delivery, e *bridge.SendError) time.Duration {
	if h.LimitedDelivery != d.ID {
		h.LimitedDelivery, h.Limited = d.ID, 0
	}
	if h.Limited++; h.Limited >= maxPausesInRow {
		h.noteFailure(d.ID)
	}
	if e.RetryAfter > 0 {
		return e.RetryAfter
	}
	pause := max(limitedPause, jitter(backoff(h.Limited)))
	if h.failuresInRow() < brokenAt { // it may be about this message alone, and others wait behind it
		pause = min(pause, firstProbe)
	}
	return pause
}

// broken leaves the sink alone for a while, unless another delivery should be tried
// first: the answer may be about this message alone.
func (h *health) destinationBroken(f failure) (rest bool) {
	if h.Broken == "" && h.failuresInRow() < brokenAt && f.othersWait() {
		return false
	}
	h.Broken = f.err.Error()
	h.Until = f.now.Add(max(probeAfter(h.Probes), f.err.RetryAfter))
	h.Probes++
	return true
}

// streak is how many different deliveries failed since the last success, at most
// breakerAt of those that wait.
func (h *health) failuresInRow() int { return len(h.Failing) + h.Refused }

// probing tells whether the sink should be tried with one delivery at a time.
func (h *health) probing() bool { return h.Broken != "" || h.failuresInRow() >= breakerAt }

// undecided tells whether one delivery alone speaks against the sink, so that the next
// one that comes is tried at once.
func (h *health) unconfirmed() bool { return h.Broken != "" && h.failuresInRow() < brokenAt }

// known tells whether a delivery has failed already, so that another failure of it
// says nothing new about the sink.
func (h *health) hasFailed(id string) bool {
	return slices.Contains(h.Failing, id) || slices.Contains(h.FailedAlone, id)
}

func without(all []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return one == id })
}
