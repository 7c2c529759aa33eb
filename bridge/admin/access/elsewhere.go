package access

import "net/http"

// Elsewhere reports whether a browser followed a link on another site. The page may be
// shown, but nothing is computed for it, because another site wrote the request.
func Elsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return true
}
