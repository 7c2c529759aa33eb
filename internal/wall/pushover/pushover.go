// Package pushover emulates Pushover's API of messages.
package pushover

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "pushover"

const (
	// Token is the token of an application.
	Token = "awallDemoTokenOfPushover000001"

	// User is the key of a user.
	User = "uwallDemoUserKeyOfPushover0001"

	month = 10_000
)

// New emulates the API of messages: https://pushover.net/api
func New() *platform.Platform {
	sent := new(atomic.Int64)
	taken := func() platform.Answer {
		left := strconv.FormatInt(month-sent.Add(1), 10)
		return platform.JSON(http.StatusOK, map[string]any{"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b"}).With("X-Limit-App-Remaining", left)
	}
	return &platform.Platform{
		Name:      Name,
		Patterns:  []string{"POST /pushover/1/messages.json", "POST /pushover/1/users/validate.json"},
		Address:   func(*http.Request, []byte) string { return "a user" },
		Authorize: func(*http.Request) *platform.Answer { return nil },
		Parse:     platform.ReadForm,
		Judge: func(r *http.Request, body []byte) platform.Outcome {
			if parameter, words := fault(body, r.URL.Path); parameter != "" {
				return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, parameter, words)}
			}
			return platform.Outcome{NoMessage: strings.HasSuffix(r.URL.Path, "/validate.json"), Answer: taken()}
		},
		Count: func(*http.Request) platform.Answer { return taken() },
		Limited: func(time.Duration) platform.Answer {
			return errorAnswer(http.StatusTooManyRequests, "", "application has exceeded its monthly message limit")
		},
		Quota: platform.NewQuota(platform.Window{Messages: month, Length: 30 * 24 * time.Hour}),
		Errors: map[string]platform.Answer{
			"400": errorAnswer(http.StatusBadRequest, "message", "cannot be blank"), "user": errorAnswer(http.StatusBadRequest, "user", "invalid"),
			"413": errorAnswer(http.StatusRequestEntityTooLarge, "", "too large"), "500": errorAnswer(http.StatusInternalServerError, "", "internal error"),
		},
	}
}

func errorAnswer(status int, parameter, words string) platform.Answer {
	keys := map[string]any{"status": 0, "request": "5042853c-402d-4a18-abcb-168734a801de", "errors": []string{strings.TrimSpace(parameter + " " + words)}}
	if parameter != "" {
		keys[parameter] = words
	}
	return platform.JSON(status, keys)
}

var (
	allowedTag = regexp.MustCompile(`^<(?:/?[biu]|a href="[^"<>]+"|/a|font color="[^"<>]+"|/font)>$`)
)

// fault names the parameter that is wrong, if one is.
func fault(body []byte, path string) (parameter, words string) {
	var n platform.Node
	if json.Unmarshal(body, &n.Value) != nil {
		return "message", "cannot be blank"
	}
	switch {
	case n.Get("token").Text() != Token:
		return "token", "invalid"
	case n.Get("user").Text() != User:
		return "user", "invalid"
	case strings.HasSuffix(path, "/validate.json"):
		return "", ""
	case strings.TrimSpace(n.Get("message").Text()) == "":
		return "message", "cannot be blank"
	case platform.Runes(n.Get("message").Text()) > 1024:
		return "message", "is too long"
	case platform.Runes(n.Get("title").Text()) > 250:
		return "title", "is too long"
	case platform.Runes(n.Get("url").Text()) > 512:
		return "url", "is too long"
	}
	if n.Get("html").Text() == "1" {
		for _, tag := range platform.Tags(n.Get("message").Text()) {
			if !allowedTag.MatchString(tag) {
				return "message", "has a tag that is not allowed"
			}
		}
	}
	return "", ""
}
