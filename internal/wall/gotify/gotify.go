// Package gotify emulates a Gotify server.
package gotify

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "gotify"

// Token is the token of an application.
const Token = "AwallDemoToken1"

// New emulates what an application does with a Gotify server:
// https://gotify.net/api-docs
func New() *platform.Platform {
	last := new(atomic.Int64)
	taken := func(n platform.Node) platform.Answer {
		return platform.JSON(http.StatusOK, map[string]any{
			"id": last.Add(1), "appid": 1, "title": n.Get("title").Text(), "message": n.Get("message").Text(), "priority": n.Get("priority").Value, "date": "2026-11-23T14:02:31Z",
		})
	}
	return &platform.Platform{
		Name:     Name,
		Patterns: []string{"POST /gotify/message"},
		Address:  func(*http.Request, []byte) string { return "an application" },
		Authorize: func(r *http.Request) *platform.Answer {
			if r.Header.Get("X-Gotify-Key") != Token {
				return platform.Refuse(errorAnswer(http.StatusUnauthorized, "you need to provide a valid access token or user credentials to access this api"))
			}
			return nil
		},
		Judge: func(_ *http.Request, body []byte) platform.Outcome {
			var n platform.Node
			if json.Unmarshal(body, &n.Value) != nil || !n.IsObject() {
				return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "unexpected EOF")}
			}
			if strings.TrimSpace(n.Get("message").Text()) == "" {
				return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "Field 'message' is required")}
			}
			return platform.Outcome{Answer: taken(n)}
		},
		Count: func(*http.Request) platform.Answer { return taken(platform.Node{}) },
		Limited: func(time.Duration) platform.Answer {
			return errorAnswer(http.StatusTooManyRequests, "Too Many Requests")
		},
		Quota: platform.NewQuota(platform.Window{Messages: 100, Length: 10 * time.Second}), // a proxy's: the server has none
		Errors: map[string]platform.Answer{
			"400": errorAnswer(http.StatusBadRequest, "Field 'message' is required"), "401": errorAnswer(http.StatusUnauthorized, "you need to provide a valid access token or user credentials to access this api"),
			"403": errorAnswer(http.StatusForbidden, "you are not allowed to access this api"), "404": errorAnswer(http.StatusNotFound, "page not found"),
			"500": errorAnswer(http.StatusInternalServerError, "database is locked"),
		},
	}
}

func errorAnswer(status int, words string) platform.Answer {
	return platform.JSON(status, map[string]any{"error": http.StatusText(status), "errorCode": status, "errorDescription": words})
}
