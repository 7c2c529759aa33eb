package access

import "net/http"

// FromOtherSite reports whether a browser followed a link on another site. The page may be
// shown, but nothing is computed for it, because another site wrote the request.
func FromOtherSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return true
}
