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

// callbackPath is the path to which a portal redirects the browser after a login.
const callbackPath = "/callback"

// callback receives the redirected browser after the consent.
type callback struct {
	consent *absorb.Consent
	came    chan outcome
}

type outcome struct {
	code string
	err  error
}

// called waits until the portal redirects a browser to the listener.
func called(ctx context.Context, l net.Listener, c *absorb.Consent) (string, error) {
	h := callback{c, make(chan outcome, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET "+callbackPath, h)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // returns after Shutdown
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

// ServeHTTP accepts the code. It refuses a request of another login and continues to wait.
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
	words := "absorb-bridge received the portal's answer. Close this page. The terminal shows whether the login works.\n"
	if err != nil {
		words = "The login failed. The terminal shows why.\n"
	}
	_, _ = io.WriteString(w, words)
	select {
	case h.came <- outcome{code, err}:
	default: // the page was loaded again
	}
}
