package absorb

import (
	"errors"
	"net/http"
)

// NotFound tells whether Absorb knows no such thing.
func NotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// Forbidden tells whether the integration's user may not see the thing. Absorb says so
// by 403, or by 401 for this thing while it accepts the token for others.
func Forbidden(err error) bool {
	return hasStatus(err, http.StatusForbidden) || hasStatus(err, http.StatusUnauthorized) && Answered(err)
}

func hasStatus(err error, status int) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == status
}

// Answered reports whether Absorb answered the question itself, so that asking again
// soon gives the same: it does not know the thing, may not show it, does not
// understand the request, cannot be asked it, or gives more than the client takes. It is false when no
// answer came, or none that can be relied on, such as a refused login.
func Answered(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.answer
}

// isAnswer tells whether a failed request for a thing was answered. What is final at
// status 200 is too large. A 401 may be about the token.
func isAnswer(e *APIError) bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return false
	}
	return !e.Temporary && (e.Status == http.StatusOK || e.Status >= http.StatusBadRequest)
}

func isTemporary(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Temporary
}
