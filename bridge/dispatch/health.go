package dispatch

import (
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// health is what the last attempts say about a sink. Whether the sink or a message is at fault
// depends on other messages: if one message fails while others succeed, the message is at
// fault; if all fail, the sink is. This also applies to a message that the platform calls bad;
// the platform's word alone counts only if there is no other message to compare with.
type health struct {
	Settings        string    `json:"of"`                // identifies the settings of the sink that the health belongs to
	Failing         []string  `json:"failing,omitempty"` // the last deliveries that failed since the last success, each once
	Refused         int       `json:"dead,omitempty"`    // how many more were refused for good, or split, since the last success
	FailedAlone     []string  `json:"alone,omitempty"`   // deliveries that failed while others succeeded
	Probes          int       `json:"probes,omitempty"`  // failed probes
	Broken          string    `json:"broken,omitempty"`  // the platform's words, if the destination is broken
	Limited         int       `json:"limited,omitempty"` // pauses in a row
	LimitedDelivery string    `json:"slowed,omitempty"`  // the delivery that the pauses were for
	Until           time.Time `json:"until,omitzero"`    // when the next probe is due
}

// succeeded records a success.
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

// failure is the input of judge.
type failure struct {
	delivery   bridge.Delivery
	err        *bridge.SendError
	now        time.Time
	giveUp     time.Duration
	several    bool        // whether the message has several events
	othersWait func() bool // whether other deliveries are waiting that have not failed
}

// judge records a failure and decides what happens next: to the delivery; how long the
// platform asks all sinks of its bucket to pause; and whether this sink should rest.
func (h *health) judge(f failure) (a bridge.Attempt, pause time.Duration, rest bool) {
	defer func() {
		if a.State == bridge.Dead {
			h.Failing, h.FailedAlone = without(h.Failing, f.delivery.ID), without(h.FailedAlone, f.delivery.ID)
		}
	}()
	if f.err.Kind == bridge.MessageRejected && f.err.Status == 0 { // rejected by the bridge, not by the platform
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

// trustsRejection reports whether the platform's word is enough to call a message bad. It is
// if no other message failed, or is waiting, that could show whether the sink is at fault. A
// message of several events is only split, so the bridge trusts the platform until too many
// have failed in a row.
func (h *health) trustsRejection(f failure) bool {
	if f.several {
		return h.failuresInRow() <= breakerAt
	}
	return h.failuresInRow() == 1 && !f.othersWait()
}

// judgeAlone decides what happens to a delivery that fails while others succeed. A message of
// several events is split, for whatever reason it fails.
func (f failure) judgeAlone() bridge.Attempt {
	switch {
	case f.err.Kind == bridge.MessageRejected:
		return deadAttempt(f.delivery, f.err, "")
	case (f.err.Kind == bridge.DestinationBroken || f.several) && f.delivery.Attempts+1 >= maxRefusals:
		return deadAttempt(f.delivery, f.err, "refused again and again while other messages pass: ")
	}
	return retryLater(f.delivery, f.err, f.now, f.giveUp)
}

// noteFailure records a failed delivery. The newest is last.
func (h *health) noteFailure(id string) {
	h.Failing = append(without(h.Failing, id), id)
	h.Failing = h.Failing[max(0, len(h.Failing)-breakerAt):]
}

// pauseFor returns how long the platform asks to pause. If it keeps asking for the same
// delivery, the sender tries another one next.
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
	if h.failuresInRow() < brokenAt { // only this message may be affected, and others are waiting behind it
		pause = min(pause, firstProbe)
	}
	return pause
}

// destinationBroken marks the destination as broken and schedules the next probe. It does not
// if another delivery should be tried first: perhaps only this message is affected.
func (h *health) destinationBroken(f failure) (rest bool) {
	if h.Broken == "" && h.failuresInRow() < brokenAt && f.othersWait() {
		return false
	}
	h.Broken = f.err.Error()
	h.Until = f.now.Add(max(probeAfter(h.Probes), f.err.RetryAfter))
	h.Probes++
	return true
}

// failuresInRow returns how many different deliveries failed since the last success.
// Deliveries that are still waiting count up to breakerAt.
func (h *health) failuresInRow() int { return len(h.Failing) + h.Refused }

// probing reports whether the sender should try one delivery at a time.
func (h *health) probing() bool { return h.Broken != "" || h.failuresInRow() >= breakerAt }

// unconfirmed reports whether only one delivery shows that the destination is broken. The next
// delivery is then tried at once.
func (h *health) unconfirmed() bool { return h.Broken != "" && h.failuresInRow() < brokenAt }

// hasFailed reports whether a delivery has failed before. Another failure of it says nothing
// new about the sink.
func (h *health) hasFailed(id string) bool {
	return slices.Contains(h.Failing, id) || slices.Contains(h.FailedAlone, id)
}

func without(all []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return one == id })
}
