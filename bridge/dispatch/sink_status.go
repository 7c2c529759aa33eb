package dispatch

import (
	"context"
	"encoding/json"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// ReadSinkStatus returns the health that the sender of a sink and its rate limit stored.
// It ignores what they stored under other settings of the sink.
func ReadSinkStatus(ctx context.Context, m memory, sink, of string, pace *Pace) (bridge.SinkStatus, error) {
	now := time.Now()
	var h health
	var p paceState
	for key, into := range map[string]any{"sink " + sink: &h, pace.key(): &p} {
		text, err := m.State(ctx, key)
		if err != nil {
			return bridge.SinkStatus{}, err
		}
		if text != "" {
			_ = json.Unmarshal([]byte(text), into) // of another version: it is as if there were none
		}
	}
	switch {
	case h.Of == of && h.Broken != "":
		return bridge.SinkStatus{State: bridge.Broken, Until: h.Until, Words: h.Broken}, nil
	case h.Of == of && h.probing():
		return bridge.SinkStatus{State: bridge.Probing, Until: h.Until, Failing: h.Failing}, nil
	case p.Of == pace.Of && p.Paused.After(now):
		return bridge.SinkStatus{State: bridge.Paused, Until: p.Paused}, nil
	case h.Of == of && len(h.Failing) > 0:
		return bridge.SinkStatus{State: bridge.Failing, Failing: h.Failing}, nil
	}
	return bridge.SinkStatus{State: bridge.Healthy}, nil
}
