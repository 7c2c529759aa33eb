package bounds

import (
	"net/http"
	"time"
)

// headerTime is how long the headers of a request may take to arrive.
const headerTime = 5 * time.Second

// NewServer makes the HTTP server for a handler that strangers reach. Nobody can
// hold a connection by being slow: a request has to arrive within the time for its
// body and that for its headers.
func NewServer(handler http.Handler, body time.Duration) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime + body,
		WriteTimeout:      headerTime + body + 15*time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
}
