package dispatch

import (
	"context"
	"encoding/json"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// memory keeps what whoever goes on must know; the store is one.
type stateStore interface {
	State(ctx context.Context, name string) (string, error) // "" when nothing was kept
	Keep(ctx context.Context, name, value string) error
}

func (s *Sender) healthStateName() string { return healthStateName(s.Name) }

func healthStateName(sink string) string { return "sink " + sink }

// Forget has the next sender of a sink begin as if it had never failed. It is for a
// bridge that does not run; see Sender.Retry for one that does.
func Forget(ctx context.Context, m stateStore, sink string) error {
	return m.Keep(ctx, healthStateName(sink), "")
}

// resume goes on with what is known of the sink and its pace.
func (s *Sender) restoreState(ctx context.Context) error {
	text, err := s.Store.State(ctx, s.healthStateName())
	if err != nil {
		return err
	}
	s.savedHealth, s.health = text, health{}
	if text != "" && json.Unmarshal([]byte(text), &s.health) != nil || s.health.Settings != s.Settings {
		s.health = health{Settings: s.Settings} // of other settings, or of another version
	}
	return s.Limiter.restore(ctx, s.Store)
}

// remember keeps the sink's health if it has changed. It may be lost: the next
// failure tells it again.
func (s *Sender) saveHealth(ctx context.Context) {
	text := ""
	if s.health.Limited > 0 || s.health.Broken != "" || s.health.failuresInRow() > 0 || len(s.health.FailedAlone) > 0 {
		encoded, err := json.Marshal(s.health)
		if err != nil {
			return // a struct of texts and numbers cannot fail
		}
		text = string(encoded)
	}
	if text == s.savedHealth {
		return
	}
	if err := s.Store.Keep(ctx, s.healthStateName(), text); err != nil {
		s.Log.Warn("the sink's state could not be kept", "err", err)
		return
	}
	s.savedHealth = text
}

// ReadSinkStatus returns the health that the sender of a sink and its rate limit stored.
// It ignores what they stored under other settings of the sink.
func ReadSinkStatus(ctx context.Context, m stateStore, sink, of string, pace *Limiter) (bridge.SinkStatus, error) {
	now := time.Now()
	var h health
	var p limiterState
	for key, into := range map[string]any{"sink " + sink: &h, pace.stateName(): &p} {
		text, err := m.State(ctx, key)
		if err != nil {
			return bridge.SinkStatus{}, err
		}
		if text != "" {
			_ = json.Unmarshal([]byte(text), into) // of another version: it is as if there were none
		}
	}
	switch {
	case h.Settings == of && h.Broken != "":
		return bridge.SinkStatus{State: bridge.Broken, Until: h.Until, Words: h.Broken}, nil
	case h.Settings == of && h.probing():
		return bridge.SinkStatus{State: bridge.Probing, Until: h.Until, Failing: h.Failing}, nil
	case p.Destination == pace.Destination && p.Paused.After(now):
		return bridge.SinkStatus{State: bridge.Paused, Until: p.Paused}, nil
	case h.Settings == of && len(h.Failing) > 0:
		return bridge.SinkStatus{State: bridge.Failing, Failing: h.Failing}, nil
	}
	return bridge.SinkStatus{State: bridge.Healthy}, nil
}

// standing is the sink's state, as the metrics spell it.
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
