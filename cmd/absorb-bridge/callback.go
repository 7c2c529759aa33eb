package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// callbackPath is where a portal sends the browser after a login.
const callbackPath = "/callback"

// callback waits for the browser of somebody who consented.
type callback struct {
	consent *absorb.Consent
	came    chan outcome
}

type outcome struct {
	code string
	err  error
}

// called waits until the portal has sent a browser to the listener.
func called(ctx context.Context, l net.Listener, c *absorb.Consent) (string, error) {
	h := callback{c, make(chan outcome, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET "+callbackPath, h)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until it is shut down
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(last) // the page is on its way
	}()
	select {
	case o := <-h.came:
		return o.code, o.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// ServeHTTP takes the code. What belongs to another login is refused, and does not end
// the wait.
func (h callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, err := h.consent.Code(r.URL.Query())
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	if errors.Is(err, absorb.ErrOtherConsent) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, err.Error()+"\n")
		return
	}
	words := "absorb-bridge has the portal's answer. Close this page, and see in the terminal whether the login works.\n"
	if err != nil {
		words = "The login failed. The terminal says why.\n"
	}
	_, _ = io.WriteString(w, words)
	select {
	case h.came <- outcome{code, err}:
	default: // the page was loaded again
	}
}
