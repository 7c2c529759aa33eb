package sinktest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Answers are what a platform says by HTTP, and what a sink should make of it: the
// kind of failure, to wait at least so long (and not at all for 0), and a detail that
// holds the words given.
type Answers []struct {
	Status           int
	RetryAfter, Body string // the header, or ""
	Kind             bridge.Kind
	Wait             time.Duration
	Words            string
}

// Classifies checks what a sink, built for a base URL, makes of answers.
func Classifies(t *testing.T, build func(base string) bridge.Sink, answers Answers) {
	t.Helper()
	for _, a := range answers {
		t.Run(fmt.Sprintf("%d %.60s", a.Status, a.Body), func(t *testing.T) {
			server := httptest.NewServer(says(a.Status, a.RetryAfter, a.Body))
			defer server.Close()
			_, err := build(server.URL).Send(t.Context(), bridge.Payload{Body: []byte("{}"), ContentType: "application/json"})
			if err == nil {
				t.Fatal("taken for a success")
			}
			got := bridge.AsSendError(err)
			tooSoon := got.RetryAfter < a.Wait || a.Wait == 0 && got.RetryAfter != 0
			if got.Kind != a.Kind || tooSoon || !strings.Contains(got.Detail, a.Words) {
				t.Errorf("got %v, retry after %v, %q; want %v, %v, %q", got.Kind, got.RetryAfter, got.Detail, a.Kind, a.Wait, a.Words)
			}
		})
	}
}

// Says is a platform that gives one answer.
func Says(status int, body string) http.HandlerFunc { return says(status, "", body) }

func says(status int, retryAfter, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the sink may have read enough
	}
}
