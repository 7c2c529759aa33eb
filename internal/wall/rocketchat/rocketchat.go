// Package rocketchat emulates Rocket.Chat's incoming integrations.
package rocketchat

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/slacklike"
)

// Name is the type of the sink that sends here.
const Name = "rocketchat"

// maxText is the longest text, in characters: the default of the setting
// Message_MaxAllowedSize.
const maxText = 5000

// New emulates Rocket.Chat's incoming integrations.
func New() *platform.Platform {
	ok := platform.JSON(http.StatusOK, map[string]any{"success": true})
	token := regexp.MustCompile(`^[A-Za-z0-9]{8,}$`)
	words := errorAnswers()
	return &platform.Platform{
		Name:     Name,
		Patterns: []string{"POST /hooks/{id}/{token}"},
		Address:  func(r *http.Request, _ []byte) string { return r.PathValue("id") },
		Authorize: func(r *http.Request) *platform.Answer {
			if !token.MatchString(r.PathValue("token")) {
				return platform.Refuse(words["invalid-token"])
			}
			return nil
		},
		Judge: func(_ *http.Request, body []byte) platform.Outcome {
			n, fault := slacklike.Read(body, maxText)
			switch fault {
			case "parse":
				return platform.Outcome{Answer: words["400"]}
			case "text":
				return platform.Outcome{Answer: words["unknown-error"]}
			case "text.length":
				return platform.Outcome{Answer: words["error-message-size-exceeded"]}
			}
			return platform.Outcome{Answer: ok, Notes: slacklike.Notes(n, "all", "here")}
		},
		Count:   func(*http.Request) platform.Answer { return ok },
		Limited: limited,
		Quota:   platform.NewQuota(platform.Window{Messages: 10, Length: time.Minute}), // the server's default
		Errors:  words,
	}
}

// limited says in words alone how long to wait.
func limited(wait time.Duration) platform.Answer {
	return errorAnswer(http.StatusTooManyRequests, fmt.Sprintf(
		"Error, too many requests. Please slow down. You must wait %d seconds before trying this endpoint again. [error-too-many-requests]", int(math.Ceil(wait.Seconds()))))
}

func errorAnswer(status int, words string) platform.Answer {
	return platform.JSON(status, map[string]any{"success": false, "error": words})
}

func errorAnswers() map[string]platform.Answer {
	words := map[string]platform.Answer{
		"invalid-token": errorAnswer(http.StatusUnauthorized, "Invalid integration id or token provided."),
		"no-override":   errorAnswer(http.StatusBadRequest, "overriding destination channel is disabled for this integration"),
		"switched-off":  errorAnswer(http.StatusServiceUnavailable, "Service Unavailable"),
		"400":           errorAnswer(http.StatusBadRequest, "Invalid JSON"),
	}
	for _, word := range []string{"invalid-channel", "error-message-size-exceeded", "unknown-error", "error-running-script"} {
		words[word] = errorAnswer(http.StatusBadRequest, word)
	}
	words["401"] = words["invalid-token"]
	return words
}
