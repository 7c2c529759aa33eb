package admin

import (
	_ "embed"
	"net/http"
)

// description is the API's OpenAPI document; a test compares it with the handlers.
//
//go:embed openapi.json
var description []byte

func serveDescription(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(description) // the client may have disconnected
}
