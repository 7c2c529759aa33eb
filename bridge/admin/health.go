// Package admin is what people and their machines see of a running bridge.
package admin

import (
	"context"
	"net/http"
	"time"
)

// Health answers probes: /healthz says that the process runs, /readyz that it
// can accept events, which ready finds out.
func Health(ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if ready(ctx) != nil { // the log has the reason; a probe needs none
			http.Error(w, "the store does not accept events", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	return mux
}
