package intake

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// recent returns the events that are not older than MaxAge, by their own, signed time.
// An older event may repeat one that the store no longer recognises. A list loses only
// its old events.
func (h *Handler) recent(s Source, events []bridge.Event, now time.Time) ([]bridge.Event, error) {
	if s.MaxAge == 0 {
		return events, nil
	}
	oldest := now.Add(-s.MaxAge)
	left := slices.DeleteFunc(slices.Clone(events), func(e bridge.Event) bool { return !e.OccurredAt.IsZero() && e.OccurredAt.Before(oldest) })
	if len(left) == 0 {
		return nil, &refusal{
			status: http.StatusUnprocessableEntity, code: "too_old", text: "the event is too old to be accepted",
			reason: fmt.Sprintf("source %s: the event happened at %s, which is longer ago than max_age (%s); to create it anyway, run absorb-bridge catch-up", s.Name, events[0].OccurredAt.Format(time.RFC3339), s.MaxAge),
		}
	}
	if old := len(events) - len(left); old > 0 {
		h.metrics.Refused(s.Name, "too_old")
		h.refusals.say(slog.LevelWarn, "did not accept events of a list, because they are older than max_age", "source", s.Name, "events", old)
	}
	return left, nil
}
