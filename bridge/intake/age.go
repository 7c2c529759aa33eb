package intake

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// recent gives the events that are not older than MaxAge by their own, signed time.
// What is older may be a repetition that the store no longer recognises. A list of
// events loses its old ones only.
func (h *Handler) recent(s Source, events []bridge.Event, now time.Time) ([]bridge.Event, error) {
	if s.MaxAge == 0 {
		return events, nil
	}
	oldest := now.Add(-s.MaxAge)
	left := slices.DeleteFunc(slices.Clone(events), func(e bridge.Event) bool { return !e.OccurredAt.IsZero() && e.OccurredAt.Before(oldest) })
	if len(left) == 0 {
		return nil, &refusal{
			status: http.StatusUnprocessableEntity, code: "too_old", text: "the event happened too long ago to be accepted",
			reason: fmt.Sprintf("source %s: the event says that it happened at %s, which is longer ago than max_age, %s; catch up to have it all the same", s.Name, events[0].OccurredAt.Format(time.RFC3339), s.MaxAge),
		}
	}
	if old := len(events) - len(left); old > 0 {
		h.metrics.Refused(s.Name, "too_old")
		h.refusals.say(slog.LevelWarn, "events of a list are not accepted: they are older than max_age", "source", s.Name, "events", old)
	}
	return left, nil
}
