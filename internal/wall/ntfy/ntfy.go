// Package ntfy emulates an ntfy server.
package ntfy

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "ntfy"

const (
	// Topic is a topic that a sink of the demo sends to.
	Topic = "wall-demo-topic"

	// Token is an access token.
	Token = "tk_walldemo0000000000000000000001"

	maxMessage = 4096 // bytes; a longer one becomes a file, which nobody reads on a phone
	maxActions = 3
)

// New emulates a server whose topics want a token:
// https://docs.ntfy.sh/publish
func New(now func() time.Time) *platform.Platform {
	topic := regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)
	return &platform.Platform{
		Name:     Name,
		Patterns: []string{"POST /ntfy/{topic}", "PUT /ntfy/{topic}"},
		Address:  func(*http.Request, []byte) string { return "a topic" }, // its name is a secret
		Authorize: func(r *http.Request) *platform.Answer {
			switch {
			case !topic.MatchString(r.PathValue("topic")):
				return platform.Refuse(errorAnswer(40009, "invalid request: topic invalid"))
			case r.Header.Get("Authorization") == "":
				return platform.Refuse(errorAnswer(40301, "forbidden"))
			case r.Header.Get("Authorization") != "Bearer "+Token:
				return platform.Refuse(errorAnswer(40101, "unauthorized"))
			}
			return nil
		},
		Parse: parse,
		Judge: func(r *http.Request, body []byte) platform.Outcome { return judge(now(), r, body) },
		Count: func(r *http.Request) platform.Answer {
			return platform.JSON(http.StatusOK, map[string]any{"id": "counted", "event": "message", "topic": r.PathValue("topic")})
		},
		Limited: func(time.Duration) platform.Answer { return errorAnswer(42901, "limit reached: too many requests") },
		Quota:   platform.NewQuota(platform.Window{Messages: 60, Length: 5 * time.Minute}), // sixty at once, and one more every five seconds
		Errors: map[string]platform.Answer{
			"400": errorAnswer(40024, "invalid request: request body must be valid JSON"), "401": errorAnswer(40101, "unauthorized"),
			"403": errorAnswer(40301, "forbidden"), "404": errorAnswer(40401, "page not found"), "413": errorAnswer(41301, "attachment too large, or bandwidth limit reached"),
			"42908": errorAnswer(42908, "limit reached: daily message quota reached"), "500": errorAnswer(50001, "internal server error"),
			"50701": errorAnswer(50701, "internal server error: insufficient storage"),
		},
	}
}

// errorAnswer is an error: its code begins with the status.
func errorAnswer(code int, words string) platform.Answer {
	return platform.JSON(code/100, map[string]any{"code": code, "http": code / 100, "error": words, "link": "https://ntfy.sh/docs/publish/"})
}

// parse is a notification as the server reads it: from headers, which may be
// encoded, and from the body.
func parse(r *http.Request, body []byte) []byte {
	n := map[string]any{"message": string(body)}
	for _, name := range []string{"Title", "Priority", "Tags", "Click", "Actions", "Icon", "Attach", "Filename", "Delay", "Email", "Markdown", "Cache", "Firebase"} {
		value, err := new(mime.WordDecoder).DecodeHeader(r.Header.Get(name))
		if err != nil || value == "" {
			continue
		}
		key := strings.ToLower(name)
		n[key] = value
		switch key {
		case "tags":
			n[key] = strings.Split(value, ",")
		case "markdown":
			n[key] = value == "yes"
		case "actions":
			var list []any
			if json.Unmarshal([]byte(value), &list) == nil {
				n[key] = list
			}
		}
	}
	return []byte(platform.JSON(0, n).Body)
}

func judge(now time.Time, r *http.Request, body []byte) platform.Outcome {
	var n platform.Node
	_ = json.Unmarshal(body, &n.Value) // it was written above
	priority, err := strconv.Atoi(n.Get("priority").Text())
	actions := n.Get("actions")
	switch {
	case n.Get("priority").Present() && (err != nil || priority < 1 || priority > 5):
		return platform.Outcome{Answer: errorAnswer(40007, "invalid request: priority invalid")}
	case actions.Present() && (!actions.IsList() || len(actions.Items()) > maxActions):
		return platform.Outcome{Answer: errorAnswer(40018, "invalid request: actions invalid")}
	}
	for _, a := range actions.Items() {
		if a.Get("action").Text() == "" || a.Get("label").Text() == "" {
			return platform.Outcome{Answer: errorAnswer(40018, "invalid request: actions invalid")}
		}
	}
	message, notes := n.Get("message").Text(), []string(nil)
	if len(message) > maxMessage {
		message, notes = fmt.Sprintf("You received a file: attachment-%d.txt", len(message)), []string{"the text is too long and became a file"}
	}
	id := fmt.Sprintf("wall%08d", now.UnixNano()%100_000_000)
	return platform.Outcome{ID: id, Notes: notes, Answer: platform.JSON(http.StatusOK, map[string]any{
		"id": id, "time": now.Unix(), "event": "message", "topic": r.PathValue("topic"), "title": n.Get("title").Text(), "message": message,
	})}
}
