// Package tracing follows each event by OpenTelemetry, from the POST that brought it
// to the messages that tell of it. The trace's context is kept with the event, since
// it is routed and sent later, after a restart perhaps, or by another replica.
//
// A nil Tracer traces nothing, at no cost. Attributes hold ids, names from the
// configuration and closed sets of words; nothing of what people or platforms say.
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

	// header carries a context between programs, and is the form in which it is kept
	// (W3C Trace Context).
	header = "traceparent"
)

// Tracer starts the spans of one bridge.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open gives a tracer that exports to an OTLP endpoint over HTTP, such as
// http://localhost:4318; without one, to the one that OpenTelemetry's own
// environment variables name. With neither it gives nil. Those variables also set the
// sampler, headers, certificates and attributes of the resource.
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

// Close exports what is left, for so long as the context lets it.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("export the last traces: %w", err)
	}
	return nil
}

// Received starts the trace of the events in a request that was verified, whose
// handling began at some time. A context that the sender gives is a link only: nobody
// outside may add to this bridge's traces, or decide which are kept.
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

// Continue starts a span in the trace of an event, by the context that is kept with
// it. An event that has none, as it came while nothing was traced, is not traced.
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

// Failed marks a span whose work failed, in words of ours.
func Failed(span trace.Span, why string) { span.SetStatus(codes.Error, why) }

// Parent gives the context of the span in ctx as it is kept with an event; "" when
// there is none.
func Parent(ctx context.Context) string {
	c := trace.SpanContextFromContext(ctx)
	if !c.IsValid() {
		return ""
	}
	return fmt.Sprintf("00-%s-%s-%s", c.TraceID(), c.SpanID(), c.TraceFlags()&trace.FlagsSampled)
}

// ID gives the id of the trace that a kept context belongs to; "" when there is
// none, or it is not sampled, so that nobody finds it.
func ID(traceparent string) string {
	c := SpanContext(traceparent)
	if !c.IsSampled() {
		return ""
	}
	return c.TraceID().String()
}

// SpanContext reads a kept context, for a link.
func SpanContext(traceparent string) trace.SpanContext {
	return trace.SpanContextFromContext(restore(context.Background(), traceparent))
}

func restore(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{header: traceparent})
}
