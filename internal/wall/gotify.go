package wall

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const gotifyToken = "AwallDemoToken1"

// gotifyPlatform emulates what an application does with a Gotify server:
// https://gotify.net/api-docs
func gotifyPlatform() *platform {
	last := new(atomic.Int64)
	taken := func(n node) answer {
		return jsonAnswer(http.StatusOK, map[string]any{
			"id": last.Add(1), "appid": 1, "title": n.get("title").text(), "message": n.get("message").text(), "priority": n.get("priority").value, "date": "2026-11-23T14:02:31Z",
		})
	}
	return &platform{
		name:     Gotify,
		patterns: []string{"POST /gotify/message"},
		address:  func(*http.Request, []byte) string { return "an application" },
		door: func(r *http.Request) *answer {
			if r.Header.Get("X-Gotify-Key") != gotifyToken {
				return refuse(gotifyError(http.StatusUnauthorized, "you need to provide a valid access token or user credentials to access this api"))
			}
			return nil
		},
		take: func(_ *http.Request, body []byte) outcome {
			var n node
			if json.Unmarshal(body, &n.value) != nil || !n.isObject() {
				return outcome{answer: gotifyError(http.StatusBadRequest, "unexpected EOF")}
			}
			if strings.TrimSpace(n.get("message").text()) == "" {
				return outcome{answer: gotifyError(http.StatusBadRequest, "Field 'message' is required")}
			}
			return outcome{answer: taken(n)}
		},
		accept:  func(*http.Request) answer { return taken(node{}) },
		limited: func(time.Duration) answer { return gotifyError(http.StatusTooManyRequests, "Too Many Requests") },
		quota:   newQuota(window{100, 10 * time.Second}), // a proxy's: the server has none
		words: map[string]answer{
			"400": gotifyError(http.StatusBadRequest, "Field 'message' is required"), "401": gotifyError(http.StatusUnauthorized, "you need to provide a valid access token or user credentials to access this api"),
			"403": gotifyError(http.StatusForbidden, "you are not allowed to access this api"), "404": gotifyError(http.StatusNotFound, "page not found"),
			"500": gotifyError(http.StatusInternalServerError, "database is locked"),
		},
	}
}

func gotifyError(status int, words string) answer {
	return jsonAnswer(status, map[string]any{"error": http.StatusText(status), "errorCode": status, "errorDescription": words})
}
