package sinktest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Serve answers on loopback until the test ends. It reads each body first, so
// that a request which is never answered still ends when its client gives up.
func Serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // of clients that cannot be told to stop
		server.Close()
	})
	return server.URL
}

// HTTP starts fake platforms that speak HTTP. Accept, Reject and Break are the
// platform's own; Limit, Fail, Hang and Reset are given unless it has its own.
// Fail repeats the request's URL, as some proxies do, so that a sink which
// passes words on unredacted is caught.
func HTTP(answers map[Behaviour]http.HandlerFunc) func(*testing.T, Behaviour) string {
	common := map[Behaviour]http.HandlerFunc{
		Limit: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", fmt.Sprint(int(RetryAfter.Seconds())))
			http.Error(w, "too many requests", http.StatusTooManyRequests)
		},
		Fail: func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no upstream for http://"+r.Host+r.URL.String(), http.StatusBadGateway)
		},
		Hang:  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		Reset: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	return func(t *testing.T, b Behaviour) string {
		t.Helper()
		handler := answers[b]
		if handler == nil {
			handler = common[b]
		}
		if handler == nil {
			t.Fatalf("the fake platform does not know behaviour %d", b)
		}
		return Serve(t, handler)
	}
}
