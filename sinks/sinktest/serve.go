package sinktest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// serve answers on loopback until the test ends. It reads each body first, so
// that a request which is never answered still ends when its client gives up.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // of clients that cannot be told to stop
		server.Close()
	})
	return server.URL
}
