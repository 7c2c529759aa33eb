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

// repeatAfter is how long the log is silent about an endpoint that takes no spans
// after it said so.
const repeatAfter = 10 * time.Minute

// patientExporter drops the spans that cannot be exported: traces must not get into
// the way of messages. It says so now and then.
type patientExporter struct {
	sdk.SpanExporter
	log      *slog.Logger
	endpoint string // which may hold a key, and is not logged

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
		e.log.Warn("spans could not be exported and are dropped; check traces.endpoint and, if a certificate is to blame, traces.ca and traces.client_cert", "spans", len(spans), "err", without(e.endpoint, err))
	}
	return nil
}

// without gives the words of an error without an endpoint and its parts that may be
// secret.
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
