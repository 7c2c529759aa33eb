package dispatch

import (
	"context"
	"encoding/json"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// StandingOf reads what the sender of a sink and its pace have kept, of the settings
// that the sink has now.
func StandingOf(ctx context.Context, m memory, sink, of string, pace *Pace) (bridge.Standing, error) {
	now := time.Now()
	var h health
	var p paceState
	for key, into := range map[string]any{"sink " + sink: &h, pace.key(): &p} {
		text, err := m.State(ctx, key)
		if err != nil {
			return bridge.Standing{}, err
		}
		if text != "" {
			_ = json.Unmarshal([]byte(text), into) // of another version: it is as if there were none
		}
	}
	switch {
	case h.Of == of && h.Broken != "":
		return bridge.Standing{State: bridge.Broken, Until: h.Until, Words: h.Broken}, nil
	case h.Of == of && h.probing():
		return bridge.Standing{State: bridge.Probing, Until: h.Until, Failing: h.Failing}, nil
	case p.Of == pace.Of && p.Paused.After(now):
		return bridge.Standing{State: bridge.Paused, Until: p.Paused}, nil
	case h.Of == of && len(h.Failing) > 0:
		return bridge.Standing{State: bridge.Failing, Failing: h.Failing}, nil
	}
	return bridge.Standing{State: bridge.Healthy}, nil
}
