package intake

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// keep stores the events of a verified request, and starts their trace.
func (h *Handler) keep(r *http.Request, source Source, events []bridge.Event, began time.Time) (stored []store.Accepted, trace string, err error) {
	ctx, request := h.tracer.Received(r.Context(), r, source.Name, began)
	defer request.End()
	traceparent := tracing.Parent(ctx)
	for i := range events {
		events[i].Traceparent = traceparent
	}
	trace = tracing.ID(traceparent)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	accepting, accept := tracing.Child(ctx, "accept", tracing.Events.Int(len(events)))
	stored, err = h.store.Accept(accepting, events)
	if err != nil {
		tracing.Failed(accept, "the store did not accept the events")
	}
	accept.End()
	if err != nil {
		request.SetAttributes(tracing.Status.Int(http.StatusServiceUnavailable))
		return nil, trace, err
	}
	if request.IsRecording() {
		request.SetAttributes(tracing.Status.Int(http.StatusOK), tracing.EventID.StringSlice(ids(stored)))
	}
	if h.log.Enabled(ctx, slog.LevelDebug) {
		for i, s := range stored {
			h.log.Debug("event accepted", "event", s.ID, "type", events[i].Type, "source", source.Name, "duplicate", s.Duplicate, "trace", trace)
		}
	}
	if err := h.windows.verified(ctx, source.Name, began.UTC()); err != nil {
		h.log.Warn("stored an event, but could not record that its source is verified", "source", source.Name, "trace", trace, "err", err)
	}
	return stored, trace, nil
}

func ids(stored []store.Accepted) []string {
	all := make([]string, len(stored))
	for i, s := range stored {
		all[i] = s.ID
	}
	return all
}

// soleSource returns the source of a path, if there is exactly one.
func (h *Handler) soleSource(path string) string {
	if of := (*h.sources.Load())[path]; len(of) == 1 {
		return of[0].Name
	}
	return ""
}
