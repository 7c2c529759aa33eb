package dispatch

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
)

// logOf returns a logger for an event.
func logOf(log *slog.Logger, event, traceparent string, more ...any) *slog.Logger {
	if id := tracing.ID(traceparent); id != "" {
		more = append(more, "trace", id)
	}
	return log.With(append(more, "event", event)...)
}

// logOf returns a logger for a message.
func (s *Sender) logOf(e queueEntry) *slog.Logger {
	whole := e.asDelivery()
	more := []any{"delivery", whole.ID, "attempt", whole.Attempts + 1}
	if len(e.deliveries) > 1 {
		more = append(more, "events", len(e.deliveries))
	}
	return logOf(s.Log, whole.EventID, whole.Traceparent, more...)
}

// observe reports an attempt to the metrics and the traces.
func (s *Sender) observe(ctx context.Context, p preparedMessage, a bridge.Attempt) {
	events := len(p.deliveries)
	s.Metrics.Attempted(a.Outcome, a.Took)
	switch a.State {
	case bridge.Sent:
		now := time.Now()
		for _, d := range p.deliveries {
			s.Metrics.Sent(now.Sub(d.Received), tracing.ID(d.Traceparent))
		}
		if events > 1 {
			s.Metrics.Digested(events)
		}
	case bridge.Dead:
		s.Metrics.Died(events)
	}
	s.traceAttempt(ctx, p, a)
}

// traceAttempt adds an attempt to the trace of each event in the message. The span is in the
// trace of the first event; the traces of the others link to it.
func (s *Sender) traceAttempt(ctx context.Context, p preparedMessage, a bridge.Attempt) {
	if s.Tracer == nil {
		return
	}
	whole, end := p.asDelivery(), a.At.Add(a.Took)
	name := "send " + s.Name
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(a.At)}
	for _, d := range p.deliveries[1:] {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: tracing.SpanContext(d.Traceparent)}))
	}
	_, span := s.Tracer.Continue(ctx, p.deliveries[0].Traceparent, name, options...)
	span.SetAttributes(tracing.EventID.String(whole.EventID), tracing.DeliveryID.String(whole.ID), tracing.Route.String(whole.Route), tracing.Sink.String(s.Name),
		tracing.Events.Int(len(p.deliveries)), tracing.Attempt.Int(whole.Attempts+1), tracing.Outcome.String(a.Outcome), tracing.Status.Int(a.Status))
	if a.State != bridge.Sent {
		tracing.Failed(span, a.Outcome)
	}
	span.End(trace.WithTimestamp(end))
	for _, d := range p.deliveries[1:] {
		_, other := s.Tracer.Continue(ctx, d.Traceparent, name, trace.WithTimestamp(a.At), trace.WithLinks(trace.Link{SpanContext: span.SpanContext()}))
		other.SetAttributes(tracing.EventID.String(d.EventID), tracing.DeliveryID.String(d.ID), tracing.Sink.String(s.Name), tracing.Outcome.String(a.Outcome))
		other.End(trace.WithTimestamp(end))
	}
}
