package access

import "net/http"

// Elsewhere tells whether a browser followed a link of another site. What it leads to
// may be shown, but nothing is computed for it: somebody else wrote the request.
func Elsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return true
}
