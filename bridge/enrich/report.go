package enrich

import (
	"net/http"

	"go.opentelemetry.io/otel/trace"

	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// report records in metrics and traces how a lookup was answered.
func (g *gathering) report(span trace.Span, part string, r reply, cached bool, err error) {
	g.Metrics.LookedUp(end(r, cached, err))
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(tracing.Part.String(part), tracing.Cached.Bool(cached), tracing.Status.Int(r.status))
	if err != nil {
		tracing.Failed(span, "the Integration API did not answer")
	}
}

// end returns the result of a lookup for the metrics.
func end(r reply, cached bool, err error) metrics.Lookup {
	switch {
	case err != nil:
		return metrics.LookupFailed
	case cached:
		return metrics.Cached
	case r.status != http.StatusOK:
		return metrics.NotFound
	}
	return metrics.Answered
}
