// Package zulip emulates what a bot uses of a Zulip organisation.
package zulip

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

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "zulip"

const (
	// Email is the address of a bot.
	Email = "absorb-bot@wall.example"

	// Key is its API key.
	Key = "wallDemoKeyOfZulip00000000000001"
)

// organisation is an organisation. Every channel exists but those that begin with "no-such".
type organisation struct {
	now func() time.Time

	mu     sync.Mutex // guards what follows
	last   int
	posted map[string]bool // by id
}

// New emulates what a bot needs of the API: https://zulip.com/api/send-message
func New(now func() time.Time) *platform.Platform {
	z := &organisation{now: now, posted: map[string]bool{}}
	return &platform.Platform{
		Name:     Name,
		Patterns: []string{"POST /zulip/api/v1/messages", "PATCH /zulip/api/v1/messages/{id}", "GET /zulip/api/v1/users/me"},
		Address: func(_ *http.Request, body []byte) string {
			var keys struct{ To, Topic string }
			_ = json.Unmarshal(body, &keys)
			return strings.TrimSuffix(keys.To+" > "+keys.Topic, " > ")
		},
		Authorize: func(r *http.Request) *platform.Answer {
			if user, key, ok := r.BasicAuth(); !ok || user != Email || key != Key {
				return platform.Refuse(errorAnswer(http.StatusUnauthorized, "INVALID_API_KEY", "Invalid API key"))
			}
			return nil
		},
		Parse:   platform.ReadForm,
		Judge:   z.judge,
		Count:   func(*http.Request) platform.Answer { return accepted(1) },
		Limited: limited,
		Quota:   platform.NewQuota(platform.Window{Messages: 200, Length: time.Minute}),
		Errors: map[string]platform.Answer{
			"400": errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "Message must not be empty"), "401": errorAnswer(http.StatusUnauthorized, "INVALID_API_KEY", "Invalid API key"),
			"403":                   errorAnswer(http.StatusForbidden, "REALM_DEACTIVATED", "This organization has been deactivated"),
			"STREAM_DOES_NOT_EXIST": errorAnswer(http.StatusBadRequest, "STREAM_DOES_NOT_EXIST", "Channel 'x' does not exist"),
			"500":                   errorAnswer(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Internal server error"),
			"413":                   platform.HTML(http.StatusRequestEntityTooLarge, "<html><head><title>413 Request Entity Too Large</title></head></html>"),
		},
	}
}

func errorAnswer(status int, code, words string) platform.Answer {
	return platform.JSON(status, map[string]any{"result": "error", "code": code, "msg": words})
}

func accepted(id int) platform.Answer {
	return platform.JSON(http.StatusOK, map[string]any{"result": "success", "msg": "", "id": id})
}

func limited(wait time.Duration) platform.Answer {
	return platform.JSON(http.StatusTooManyRequests, map[string]any{
		"result": "error", "code": "RATE_LIMIT_HIT", "msg": "API usage exceeded rate limit", "retry-after": wait.Seconds(),
	}).With("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// markup is what Zulip makes more of than text.
var markup = regexp.MustCompile("@_?\\*\\*?[^*]+\\*|#\\*\\*[^*]+\\*\\*|<time:|\\$\\$|(?m)^```|(?m)^ {0,3}(?:#+|>|[-+]) ")

func (z *organisation) judge(r *http.Request, body []byte) platform.Outcome {
	if r.Method == http.MethodGet {
		return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusOK, map[string]any{"result": "success", "msg": "", "user_id": 7})}
	}
	var n platform.Node
	_ = json.Unmarshal(body, &n.Value) // it was written by readForm
	z.mu.Lock()
	defer z.mu.Unlock()
	id := r.PathValue("id")
	to, topic, content := n.Get("to").Text(), n.Get("topic").Text(), n.Get("content").Text()
	switch {
	case id != "" && !z.posted[id]:
		return platform.Outcome{NoMessage: true, Answer: errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "Invalid message(s)")}
	case strings.TrimSpace(content) == "":
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "Message must not be empty")}
	case id != "":
		return platform.Outcome{ID: id, Edits: id, Answer: platform.JSON(http.StatusOK, map[string]any{"result": "success", "msg": ""})}
	case n.Get("type").Text() != "stream" && n.Get("type").Text() != "channel":
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "Invalid type")}
	case to == "" || strings.HasPrefix(to, "no-such"):
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "STREAM_DOES_NOT_EXIST", "Channel '"+to+"' does not exist")}
	case topic == "":
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "Missing topic")}
	}
	z.last++
	if len(z.posted) >= platform.MaxRemembered {
		clear(z.posted)
	}
	z.posted[strconv.Itoa(z.last)] = true
	o := platform.Outcome{ID: strconv.Itoa(z.last), Thread: topic, Answer: accepted(z.last)}
	if platform.Runes(content) > 10_000 || platform.Runes(topic) > 60 {
		o.Notes = append(o.Notes, fmt.Sprintf("cut: %d characters, and %d of the topic", platform.Runes(content), platform.Runes(topic)))
	}
	if found := markup.FindString(content); found != "" {
		o.Notes = append(o.Notes, "acts: "+found)
	}
	return o
}
