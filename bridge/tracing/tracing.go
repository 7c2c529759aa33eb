// Package tracing traces each event with OpenTelemetry, from its webhook to its
// messages. The trace's context is stored with the event, because a later process or
// another replica may route and send it.
//
// A nil Tracer traces nothing, at no cost. Attributes contain ids, names from the
// configuration and words from fixed lists, and never what people or platforms write.
package tracing

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	// scope names this code in each span.
	scope = "github.com/absorb-bridge/absorb-bridge"

	service = "absorb-bridge"

	// header passes a context between programs, and is the form in which it is stored
	// (W3C Trace Context).
	header = "traceparent"
)

// Tracer starts the spans of one bridge.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open returns a tracer that exports to an OTLP endpoint over HTTP, such as
// http://localhost:4318. Without an endpoint, it uses the one in OpenTelemetry's
// environment variables; without that, it returns nil. Those variables also set the
// sampler, headers, certificates and resource attributes.
func Open(ctx context.Context, endpoint string, trust *tls.Config, log *slog.Logger) (*Tracer, error) {
	var options []otlptracehttp.Option
	switch {
	case endpoint != "":
		options = append(options, otlptracehttp.WithEndpointURL(strings.TrimRight(endpoint, "/")+"/v1/traces"))
	case os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "":
		return nil, nil
	}
	if trust != nil {
		options = append(options, otlptracehttp.WithTLSClientConfig(trust))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("export traces: %w (correct OTEL_RESOURCE_ATTRIBUTES)", err)
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(&patientExporter{SpanExporter: exporter, log: log, endpoint: endpoint}), sdk.WithResource(about))
	return &Tracer{provider: p, tracer: p.Tracer(scope)}, nil
}

// Close exports the remaining spans until the context ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("export the last traces: %w", err)
	}
	return nil
}

// Received starts the trace of the events in a verified request, whose handling began
// at a given time. A context from the sender becomes a link only: nobody outside may
// add to this bridge's traces, or decide which are sampled.
func (t *Tracer) Received(ctx context.Context, r *http.Request, source string, began time.Time) (context.Context, trace.Span) {
	if t == nil {
		return ctx, noop.Span{}
	}
	options := []trace.SpanStartOption{
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(began),
		trace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", r.URL.Path), Source(source)),
	}
	if theirs := SpanContext(r.Header.Get(header)); theirs.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: theirs}))
	}
	return t.tracer.Start(ctx, "POST "+r.URL.Path, options...)
}

// Continue starts a span in the trace of an event, from the stored context. An event
// without a context, received while nothing was traced, is not traced.
func (t *Tracer) Continue(ctx context.Context, traceparent, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if t == nil || traceparent == "" {
		return ctx, noop.Span{}
	}
	return t.tracer.Start(restore(ctx, traceparent), name, options...)
}

// Child starts a span below the one in the context, if there is one.
func Child(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, noop.Span{}
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithAttributes(attributes...))
}

// Failed marks a span as failed, with a message of the bridge's own.
func Failed(span trace.Span, why string) { span.SetStatus(codes.Error, why) }

// Parent returns the context of the span in ctx in its stored form; "" if there is
// none.
func Parent(ctx context.Context) string {
	c := trace.SpanContextFromContext(ctx)
	if !c.IsValid() {
		return ""
	}
	return fmt.Sprintf("00-%s-%s-%s", c.TraceID(), c.SpanID(), c.TraceFlags()&trace.FlagsSampled)
}

// ID returns the id of the trace of a stored context; "" if there is none, or if the
// trace is not sampled and nobody would find it.
func ID(traceparent string) string {
	c := SpanContext(traceparent)
	if !c.IsSampled() {
		return ""
	}
	return c.TraceID().String()
}

// SpanContext reads a stored context, for a link.
func SpanContext(traceparent string) trace.SpanContext {
	return trace.SpanContextFromContext(restore(context.Background(), traceparent))
}

func restore(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{header: traceparent})
}
