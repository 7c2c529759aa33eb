package tracing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// repeatAfter is how long the log is silent about an endpoint that takes no spans
// after it said so.
const repeatAfter = 10 * time.Minute

// patientExporter drops the spans that cannot be exported: traces must not get into
// the way of messages. It says so now and then.
type patientExporter struct {
	sdk.SpanExporter
	log *slog.Logger

	mu   sync.Mutex // guards said
	said time.Time
}

// ExportSpans exports, and gives no error but to the log.
func (e *patientExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); now.Sub(e.said) > repeatAfter {
		e.said = now
		e.log.Warn("spans could not be exported and are dropped; check traces.endpoint", "spans", len(spans), "err", err)
	}
	return nil
}
