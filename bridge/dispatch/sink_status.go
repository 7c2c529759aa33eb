package dispatch

import (
	"context"
	"encoding/json"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// stateStore stores the state that a sender continues from after a restart. The store
// implements it.
type stateStore interface {
	State(ctx context.Context, name string) (string, error) // "" if nothing is stored
	Keep(ctx context.Context, name, value string) error
}

func (s *Sender) healthStateName() string { return healthStateName(s.Name) }

func healthStateName(sink string) string { return "sink " + sink }

// Forget resets the stored health of a sink. Use it for a bridge that does not run, and
// Sender.Retry for one that does.
func Forget(ctx context.Context, m stateStore, sink string) error {
	return m.Keep(ctx, healthStateName(sink), "")
}

// restoreState restores the health of the sink and the use of its rate limit.
func (s *Sender) restoreState(ctx context.Context) error {
	text, err := s.Store.State(ctx, s.healthStateName())
	if err != nil {
		return err
	}
	s.savedHealth, s.health = text, health{}
	if text != "" && json.Unmarshal([]byte(text), &s.health) != nil || s.health.Settings != s.Settings {
		s.health = health{Settings: s.Settings} // of other settings or another version
	}
	return s.Limiter.restore(ctx, s.Store)
}

// saveHealth stores the sink's health if it has changed. A lost change does no harm: the next
// failure restores it.
func (s *Sender) saveHealth(ctx context.Context) {
	text := ""
	if s.health.Limited > 0 || s.health.Broken != "" || s.health.failuresInRow() > 0 || len(s.health.FailedAlone) > 0 {
		encoded, err := json.Marshal(s.health)
		if err != nil {
			return // cannot happen: the struct has only strings and numbers
		}
		text = string(encoded)
	}
	if text == s.savedHealth {
		return
	}
	if err := s.Store.Keep(ctx, s.healthStateName(), text); err != nil {
		s.Log.Warn("cannot store the sink's health", "err", err)
		return
	}
	s.savedHealth = text
}

// ReadSinkStatus returns the health that the sender of a sink and its rate limit stored.
// It ignores what they stored under other settings of the sink.
func ReadSinkStatus(ctx context.Context, m stateStore, sink, settings string, limiter *Limiter) (bridge.SinkStatus, error) {
	now := time.Now()
	var h health
	var p limiterState
	for key, into := range map[string]any{healthStateName(sink): &h, limiter.stateName(): &p} {
		text, err := m.State(ctx, key)
		if err != nil {
			return bridge.SinkStatus{}, err
		}
		if text != "" {
			_ = json.Unmarshal([]byte(text), into) // ignore the state of another version
		}
	}
	switch {
	case h.Settings == settings && h.Broken != "":
		return bridge.SinkStatus{State: bridge.Broken, Until: h.Until, Words: h.Broken}, nil
	case h.Settings == settings && h.probing():
		return bridge.SinkStatus{State: bridge.Probing, Until: h.Until, Failing: h.Failing}, nil
	case p.Destination == limiter.Destination && p.Paused.After(now):
		return bridge.SinkStatus{State: bridge.Paused, Until: p.Paused}, nil
	case h.Settings == settings && len(h.Failing) > 0:
		return bridge.SinkStatus{State: bridge.Failing, Failing: h.Failing}, nil
	}
	return bridge.SinkStatus{State: bridge.Healthy}, nil
}

// status returns the sink's state for the metrics.
func (s *Sender) status() string {
	switch {
	case s.health.Broken != "":
		return "broken"
	case s.health.probing():
		return "probing"
	case s.Limiter.pauseLeft() > 0:
		return "limited"
	case len(s.health.Failing) > 0:
		return "failing"
	}
	return "healthy"
}
