package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// refusing takes no spans, and says to which address they were sent.
type refusing struct{ words error }

func (r refusing) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return r.words }
func (refusing) Shutdown(context.Context) error                          { return nil }

// An endpoint may have a key in its user, its path or its query.
func TestTheLogHasNoEndpoint(t *testing.T) {
	const endpoint = "https://k3y-user:k3y-word@collector.example.com/in/k3y-path?k3y=k3y-query"
	at, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []error{
		&url.Error{Op: "Post", URL: at.Redacted() + "/v1/traces", Err: errors.New("refused")},
		fmt.Errorf("failed to send to %s: 401", endpoint),
		fmt.Errorf("failed to send to https://collector.example.com%s/v1/traces: 401", at.Path),
	} {
		var log bytes.Buffer
		e := &patientExporter{SpanExporter: refusing{words}, log: slog.New(slog.NewTextHandler(&log, nil)), endpoint: endpoint}
		if err := e.ExportSpans(t.Context(), nil); err != nil || !strings.Contains(log.String(), "dropped") || strings.Contains(log.String(), "k3y") {
			t.Errorf("%v\n%s", err, log.String())
		}
	}
}
