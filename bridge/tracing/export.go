package tracing

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// repeatAfter is the minimum time between two log lines about an endpoint that accepts
// no spans.
const repeatAfter = 10 * time.Minute

// patientExporter drops the spans that it cannot export, because traces must not block
// messages. It logs that now and then.
type patientExporter struct {
	sdk.SpanExporter
	log      *slog.Logger
	endpoint string // not logged, because it may contain a key

	mu   sync.Mutex // guards said
	said time.Time
}

// ExportSpans exports spans. It logs errors and returns none.
func (e *patientExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); now.Sub(e.said) > repeatAfter {
		e.said = now
		e.log.Warn("dropped spans, because the endpoint did not accept them; check traces.endpoint and, for a certificate error, traces.ca and traces.client_cert", "spans", len(spans), "err", without(e.endpoint, err))
	}
	return nil
}

// without returns the text of an error without an endpoint and those parts of it that
// may be secret.
func without(endpoint string, err error) string {
	hide := []string{endpoint}
	if u, bad := url.Parse(endpoint); bad == nil {
		password, _ := u.User.Password()
		hide = append(hide, u.Redacted(), u.User.String(), u.User.Username(), password, u.RawQuery, strings.Trim(u.EscapedPath(), "/"), strings.Trim(u.Path, "/"))
	}
	text := err.Error()
	for _, part := range hide {
		if part = strings.TrimRight(part, "/"); part != "" {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	return text
}
