package wall

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	pushoverToken = "awallDemoTokenOfPushover000001"
	pushoverUser  = "uwallDemoUserKeyOfPushover0001"

	pushoverMonth = 10_000
)

// pushoverPlatform emulates the API of messages: https://pushover.net/api
func pushoverPlatform() *platform {
	sent := new(atomic.Int64)
	taken := func() answer {
		left := strconv.FormatInt(pushoverMonth-sent.Add(1), 10)
		return jsonAnswer(http.StatusOK, map[string]any{"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b"}).with("X-Limit-App-Remaining", left)
	}
	return &platform{
		name:     Pushover,
		patterns: []string{"POST /pushover/1/messages.json", "POST /pushover/1/users/validate.json"},
		address:  func(*http.Request, []byte) string { return "a user" },
		door:     func(*http.Request) *answer { return nil },
		read:     readForm,
		take: func(r *http.Request, body []byte) outcome {
			if parameter, words := pushoverFault(body, r.URL.Path); parameter != "" {
				return outcome{answer: pushoverError(http.StatusBadRequest, parameter, words)}
			}
			return outcome{aside: strings.HasSuffix(r.URL.Path, "/validate.json"), answer: taken()}
		},
		accept: func(*http.Request) answer { return taken() },
		limited: func(time.Duration) answer {
			return pushoverError(http.StatusTooManyRequests, "", "application has exceeded its monthly message limit")
		},
		quota: newQuota(window{pushoverMonth, 30 * 24 * time.Hour}),
		words: map[string]answer{
			"400": pushoverError(http.StatusBadRequest, "message", "cannot be blank"), "user": pushoverError(http.StatusBadRequest, "user", "invalid"),
			"413": pushoverError(http.StatusRequestEntityTooLarge, "", "too large"), "500": pushoverError(http.StatusInternalServerError, "", "internal error"),
		},
	}
}

// readForm is a form as JSON.
func readForm(_ *http.Request, body []byte) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return body
	}
	keys := map[string]any{}
	for key, values := range form {
		keys[key] = values[0]
	}
	return []byte(jsonAnswer(0, keys).body)
}

func pushoverError(status int, parameter, words string) answer {
	keys := map[string]any{"status": 0, "request": "5042853c-402d-4a18-abcb-168734a801de", "errors": []string{strings.TrimSpace(parameter + " " + words)}}
	if parameter != "" {
		keys[parameter] = words
	}
	return jsonAnswer(status, keys)
}

var pushoverTag = regexp.MustCompile(`^<(?:/?[biu]|a href="[^"<>]+"|/a|font color="[^"<>]+"|/font)>$`)

// pushoverFault names the parameter that is wrong, if one is.
func pushoverFault(body []byte, path string) (parameter, words string) {
	var n node
	if json.Unmarshal(body, &n.value) != nil {
		return "message", "cannot be blank"
	}
	switch {
	case n.get("token").text() != pushoverToken:
		return "token", "invalid"
	case n.get("user").text() != pushoverUser:
		return "user", "invalid"
	case strings.HasSuffix(path, "/validate.json"):
		return "", ""
	case strings.TrimSpace(n.get("message").text()) == "":
		return "message", "cannot be blank"
	case runes(n.get("message").text()) > 1024:
		return "message", "is too long"
	case runes(n.get("title").text()) > 250:
		return "title", "is too long"
	case runes(n.get("url").text()) > 512:
		return "url", "is too long"
	}
	if n.get("html").text() == "1" {
		for _, tag := range anyTag.FindAllString(n.get("message").text(), -1) {
			if !pushoverTag.MatchString(tag) {
				return "message", "has a tag that is not allowed"
			}
		}
	}
	return "", ""
}
