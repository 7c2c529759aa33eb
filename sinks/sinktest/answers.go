package sinktest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Answer is what a platform says by HTTP.
type Answer struct {
	Status     int
	RetryAfter string // the header, or ""
	Body       string
}

// Classifies checks what a sink, built for a base URL, makes of an answer: the
// kind of failure, to wait at least so long (and not at all for 0), and a detail
// that holds the words given.
func Classifies(t *testing.T, build func(base string) bridge.Sink, a Answer, want bridge.SendError) {
	t.Helper()
	t.Run(fmt.Sprintf("%d %.60s", a.Status, a.Body), func(t *testing.T) {
		server := httptest.NewServer(a)
		defer server.Close()
		_, err := build(server.URL).Send(t.Context(), bridge.Payload{Body: []byte("{}"), ContentType: "application/json"})
		if err == nil {
			t.Fatal("taken for a success")
		}
		got := bridge.AsSendError(err)
		tooSoon := got.RetryAfter < want.RetryAfter || want.RetryAfter == 0 && got.RetryAfter != 0
		if got.Kind != want.Kind || tooSoon || !strings.Contains(got.Detail, want.Detail) {
			t.Errorf("got %v, retry after %v, %q; want %v, %v, %q", got.Kind, got.RetryAfter, got.Detail, want.Kind, want.RetryAfter, want.Detail)
		}
	})
}

// ServeHTTP gives the answer.
func (a Answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if a.RetryAfter != "" {
		w.Header().Set("Retry-After", a.RetryAfter)
	}
	if a.Status >= 300 && a.Status < 400 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body) // the sink may have read enough
}
