package wall

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	zulipEmail = "absorb-bot@wall.example"
	zulipKey   = "wallDemoKeyOfZulip00000000000001"
)

// zulip is an organisation. Every channel exists but those that begin with "no-such".
type zulip struct {
	now func() time.Time

	mu     sync.Mutex // guards what follows
	last   int
	posted map[string]bool // by id
}

// zulipPlatform emulates what a bot needs of the API: https://zulip.com/api/send-message
func zulipPlatform(now func() time.Time) *platform {
	z := &zulip{now: now, posted: map[string]bool{}}
	return &platform{
		name:     Zulip,
		patterns: []string{"POST /zulip/api/v1/messages", "PATCH /zulip/api/v1/messages/{id}", "GET /zulip/api/v1/users/me"},
		address: func(_ *http.Request, body []byte) string {
			var keys struct{ To, Topic string }
			_ = json.Unmarshal(body, &keys)
			return strings.TrimSuffix(keys.To+" > "+keys.Topic, " > ")
		},
		door: func(r *http.Request) *answer {
			if user, key, ok := r.BasicAuth(); !ok || user != zulipEmail || key != zulipKey {
				return refuse(zulipError(http.StatusUnauthorized, "INVALID_API_KEY", "Invalid API key"))
			}
			return nil
		},
		read:    readForm,
		take:    z.take,
		accept:  func(*http.Request) answer { return zulipTaken(1) },
		limited: zulipLimited,
		quota:   newQuota(window{200, time.Minute}),
		words: map[string]answer{
			"400": zulipError(http.StatusBadRequest, "BAD_REQUEST", "Message must not be empty"), "401": zulipError(http.StatusUnauthorized, "INVALID_API_KEY", "Invalid API key"),
			"403":                   zulipError(http.StatusForbidden, "REALM_DEACTIVATED", "This organization has been deactivated"),
			"STREAM_DOES_NOT_EXIST": zulipError(http.StatusBadRequest, "STREAM_DOES_NOT_EXIST", "Channel 'x' does not exist"),
			"500":                   zulipError(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Internal server error"),
			"413":                   page(http.StatusRequestEntityTooLarge, "<html><head><title>413 Request Entity Too Large</title></head></html>"),
		},
	}
}

func zulipError(status int, code, words string) answer {
	return jsonAnswer(status, map[string]any{"result": "error", "code": code, "msg": words})
}

func zulipTaken(id int) answer {
	return jsonAnswer(http.StatusOK, map[string]any{"result": "success", "msg": "", "id": id})
}

func zulipLimited(wait time.Duration) answer {
	return jsonAnswer(http.StatusTooManyRequests, map[string]any{
		"result": "error", "code": "RATE_LIMIT_HIT", "msg": "API usage exceeded rate limit", "retry-after": wait.Seconds(),
	}).with("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// zulipActs is what Zulip makes more of than text.
var zulipActs = regexp.MustCompile("@_?\\*\\*?[^*]+\\*|#\\*\\*[^*]+\\*\\*|<time:|\\$\\$|(?m)^```|(?m)^ {0,3}(?:#+|>|[-+]) ")

func (z *zulip) take(r *http.Request, body []byte) outcome {
	if r.Method == http.MethodGet {
		return outcome{aside: true, answer: jsonAnswer(http.StatusOK, map[string]any{"result": "success", "msg": "", "user_id": 7})}
	}
	var n node
	_ = json.Unmarshal(body, &n.value) // it was written by readForm
	z.mu.Lock()
	defer z.mu.Unlock()
	id := r.PathValue("id")
	to, topic, content := n.get("to").text(), n.get("topic").text(), n.get("content").text()
	switch {
	case id != "" && !z.posted[id]:
		return outcome{aside: true, answer: zulipError(http.StatusBadRequest, "BAD_REQUEST", "Invalid message(s)")}
	case strings.TrimSpace(content) == "":
		return outcome{answer: zulipError(http.StatusBadRequest, "BAD_REQUEST", "Message must not be empty")}
	case id != "":
		return outcome{id: id, edits: id, answer: jsonAnswer(http.StatusOK, map[string]any{"result": "success", "msg": ""})}
	case n.get("type").text() != "stream" && n.get("type").text() != "channel":
		return outcome{answer: zulipError(http.StatusBadRequest, "BAD_REQUEST", "Invalid type")}
	case to == "" || strings.HasPrefix(to, "no-such"):
		return outcome{answer: zulipError(http.StatusBadRequest, "STREAM_DOES_NOT_EXIST", "Channel '"+to+"' does not exist")}
	case topic == "":
		return outcome{answer: zulipError(http.StatusBadRequest, "BAD_REQUEST", "Missing topic")}
	}
	z.last++
	if len(z.posted) >= maxKnown {
		clear(z.posted)
	}
	z.posted[strconv.Itoa(z.last)] = true
	o := outcome{id: strconv.Itoa(z.last), thread: topic, answer: zulipTaken(z.last)}
	if runes(content) > 10_000 || runes(topic) > 60 {
		o.notes = append(o.notes, fmt.Sprintf("cut: %d characters, and %d of the topic", runes(content), runes(topic)))
	}
	if found := zulipActs.FindString(content); found != "" {
		o.notes = append(o.notes, "acts: "+found)
	}
	return o
}
