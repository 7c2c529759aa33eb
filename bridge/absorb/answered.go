package absorb

import (
	"errors"
	"net/http"
)

// Answered reports whether Absorb answered the question itself, so that asking again
// soon gives the same: it does not know the thing, may not show it, or does not
// understand the request. It is false when no answer came, or none that can be
// relied on, such as a refused login.
func Answered(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && !e.Temporary && e.Status >= 400 && e.Status != http.StatusUnauthorized
}
