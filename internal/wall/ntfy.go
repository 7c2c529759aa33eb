package wall

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	ntfyTopic = "wall-demo-topic"
	ntfyToken = "tk_walldemo0000000000000000000001"

	ntfyMaxMessage = 4096 // bytes; a longer one becomes a file, which nobody reads on a phone
	ntfyMaxActions = 3
)

// ntfyPlatform emulates a server whose topics want a token:
// https://docs.ntfy.sh/publish
func ntfyPlatform(now func() time.Time) *platform {
	topic := regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)
	return &platform{
		name:     Ntfy,
		patterns: []string{"POST /ntfy/{topic}", "PUT /ntfy/{topic}"},
		address:  func(*http.Request, []byte) string { return "a topic" }, // its name is a secret
		door: func(r *http.Request) *answer {
			switch {
			case !topic.MatchString(r.PathValue("topic")):
				return refuse(ntfyError(40009, "invalid request: topic invalid"))
			case r.Header.Get("Authorization") == "":
				return refuse(ntfyError(40301, "forbidden"))
			case r.Header.Get("Authorization") != "Bearer "+ntfyToken:
				return refuse(ntfyError(40101, "unauthorized"))
			}
			return nil
		},
		read: ntfyRead,
		take: func(r *http.Request, body []byte) outcome { return ntfyTake(now(), r, body) },
		accept: func(r *http.Request) answer {
			return jsonAnswer(http.StatusOK, map[string]any{"id": "counted", "event": "message", "topic": r.PathValue("topic")})
		},
		limited: func(time.Duration) answer { return ntfyError(42901, "limit reached: too many requests") },
		quota:   newQuota(window{60, 5 * time.Minute}), // sixty at once, and one more every five seconds
		words: map[string]answer{
			"400": ntfyError(40024, "invalid request: request body must be valid JSON"), "401": ntfyError(40101, "unauthorized"),
			"403": ntfyError(40301, "forbidden"), "404": ntfyError(40401, "page not found"), "413": ntfyError(41301, "attachment too large, or bandwidth limit reached"),
			"42908": ntfyError(42908, "limit reached: daily message quota reached"), "500": ntfyError(50001, "internal server error"),
			"50701": ntfyError(50701, "internal server error: insufficient storage"),
		},
	}
}

// ntfyError is an error: its code begins with the status.
func ntfyError(code int, words string) answer {
	return jsonAnswer(code/100, map[string]any{"code": code, "http": code / 100, "error": words, "link": "https://ntfy.sh/docs/publish/"})
}

// ntfyRead is a notification as the server reads it: from headers, which may be
// encoded, and from the body.
func ntfyRead(r *http.Request, body []byte) []byte {
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
	return []byte(jsonAnswer(0, n).body)
}

func ntfyTake(now time.Time, r *http.Request, body []byte) outcome {
	var n node
	_ = json.Unmarshal(body, &n.value) // it was written above
	priority, err := strconv.Atoi(n.get("priority").text())
	actions := n.get("actions")
	switch {
	case n.get("priority").present() && (err != nil || priority < 1 || priority > 5):
		return outcome{answer: ntfyError(40007, "invalid request: priority invalid")}
	case actions.present() && (!actions.isList() || len(actions.items()) > ntfyMaxActions):
		return outcome{answer: ntfyError(40018, "invalid request: actions invalid")}
	}
	for _, a := range actions.items() {
		if a.get("action").text() == "" || a.get("label").text() == "" {
			return outcome{answer: ntfyError(40018, "invalid request: actions invalid")}
		}
	}
	message, notes := n.get("message").text(), []string(nil)
	if len(message) > ntfyMaxMessage {
		message, notes = fmt.Sprintf("You received a file: attachment-%d.txt", len(message)), []string{"the text is too long and became a file"}
	}
	id := fmt.Sprintf("wall%08d", now.UnixNano()%100_000_000)
	return outcome{id: id, notes: notes, answer: jsonAnswer(http.StatusOK, map[string]any{
		"id": id, "time": now.Unix(), "event": "message", "topic": r.PathValue("topic"), "title": n.get("title").text(), "message": message,
	})}
}
