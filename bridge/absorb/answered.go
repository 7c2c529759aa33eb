package absorb

import (
	"errors"
	"net/http"
)

// NotFound reports whether Absorb does not know the thing.
func NotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// Forbidden reports whether the integration's user may not view the thing. Absorb then
// answers 403, or it answers 401 for this thing while it accepts the token for others.
func Forbidden(err error) bool {
	return hasStatus(err, http.StatusForbidden) || hasStatus(err, http.StatusUnauthorized) && Answered(err)
}

func hasStatus(err error, status int) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == status
}

// Answered reports whether Absorb answered the request itself, so that the same request
// soon gets the same answer: it does not know the thing, may not show it, does not
// understand the request, has no such resource, or the answer is too large. It is false
// without an answer, and for an unreliable one, such as a refused login.
func Answered(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.answer
}

// isAnswer reports whether a failed request for a thing was answered. A final error
// with status 200 means that the answer was too large. A 401 may concern the token.
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
