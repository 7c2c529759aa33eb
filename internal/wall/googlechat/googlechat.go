// Package googlechat emulates Google Chat's incoming webhooks.
package googlechat

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "googlechat"

// space is what Google Chat remembers of earlier messages.
type space struct {
	now    func() time.Time
	schema schema

	mu      sync.Mutex        // guards the rest
	last    int               // counts messages
	earlier platform.Repeats  // by space and requestId
	threads map[string]string // thread names, by webhook and threadKey
}

// New emulates Google Chat's incoming webhooks:
// https://developers.google.com/workspace/chat/quickstart/webhooks
func New(now func() time.Time) *platform.Platform {
	g := &space{now: now, schema: loadSchema(), threads: map[string]string{}}
	return &platform.Platform{
		Name:      Name,
		Patterns:  []string{"POST /v1/spaces/{space}/messages"},
		Address:   func(r *http.Request, _ []byte) string { return "spaces/" + r.PathValue("space") },
		Authorize: authorize(),
		Judge:     g.judge,
		Count: func(r *http.Request) platform.Answer {
			return platform.JSON(http.StatusOK, map[string]any{"name": "spaces/" + r.PathValue("space") + "/messages/counted"})
		},
		Limited: func(time.Duration) platform.Answer {
			return errorAnswer(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
		},
		// One message a second and sixty a minute, for all of a space's webhooks;
		// the former counted over five seconds:
		// https://developers.google.com/workspace/chat/limits
		Quota:  platform.NewQuota(platform.Window{Messages: 5, Length: 5 * time.Second}, platform.Window{Messages: 60, Length: time.Minute}),
		Errors: errorAnswers(),
	}
}

func errorAnswer(status int, code, message string, details ...any) platform.Answer {
	e := map[string]any{"code": status, "message": message, "status": code}
	if len(details) > 0 {
		e["details"] = details
	}
	return platform.JSON(status, map[string]any{"error": e})
}

// errorAnswers are errors by Google's canonical codes:
// https://cloud.google.com/apis/design/errors#handling_errors
func errorAnswers() map[string]platform.Answer {
	words := map[string]platform.Answer{
		"INVALID_ARGUMENT":   errorAnswer(http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument."),
		"UNAUTHENTICATED":    errorAnswer(http.StatusUnauthorized, "UNAUTHENTICATED", "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."),
		"PERMISSION_DENIED":  errorAnswer(http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission"),
		"NOT_FOUND":          errorAnswer(http.StatusNotFound, "NOT_FOUND", "Requested entity was not found."),
		"RESOURCE_EXHAUSTED": errorAnswer(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
		"INTERNAL":           errorAnswer(http.StatusInternalServerError, "INTERNAL", "Internal error encountered."),
		"UNAVAILABLE":        errorAnswer(http.StatusServiceUnavailable, "UNAVAILABLE", "The service is currently unavailable."),
	}
	for status, code := range map[string]string{
		"400": "INVALID_ARGUMENT", "401": "UNAUTHENTICATED", "403": "PERMISSION_DENIED", "404": "NOT_FOUND", "500": "INTERNAL", "503": "UNAVAILABLE",
	} {
		words[status] = words[code]
	}
	words["413"] = errorAnswer(http.StatusRequestEntityTooLarge, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 1048576 bytes.")
	return words
}

// authorize refuses requests without the key and the token of a webhook, and
// query parameters that the method does not have.
func authorize() func(*http.Request) *platform.Answer {
	known := []string{"key", "token", "threadKey", "requestId", "messageId", "messageReplyOption", "alt", "fields", "prettyPrint", "quotaUser"}
	space := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	return func(r *http.Request) *platform.Answer {
		query := r.URL.Query()
		for name := range query {
			if !slices.Contains(known, name) {
				return platform.Refuse(unknownNames([]fieldViolation{{Description: fmt.Sprintf(
					"Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)}}))
			}
		}
		switch {
		case query.Get("key") == "":
			return platform.Refuse(errorAnswer(http.StatusForbidden, "PERMISSION_DENIED",
				"Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API."))
		case len(query.Get("key")) < 8:
			return platform.Refuse(errorAnswer(http.StatusBadRequest, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."))
		case len(query.Get("token")) < 8:
			return platform.Refuse(errorAnswers()["UNAUTHENTICATED"])
		case !space.MatchString(r.PathValue("space")):
			return platform.Refuse(errorAnswers()["NOT_FOUND"])
		}
		return nil
	}
}

func (g *space) judge(r *http.Request, body []byte) platform.Outcome {
	request := ""
	if id := r.URL.Query().Get("requestId"); id != "" {
		request = r.PathValue("space") + "/" + id
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.earlier.Once(request, func() platform.Outcome { return g.post(r, body) })
}

// post checks and posts a message. g.mu is held.
func (g *space) post(r *http.Request, body []byte) platform.Outcome {
	var payload map[string]any
	if err := json.Unmarshal(body, &payload); err != nil {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "INVALID_ARGUMENT",
			"Invalid JSON payload received. Unexpected token.\n"+firstBytes(string(body), 20)+"\n^")}
	}
	if violations := g.schema.violations("Message", platform.Node{Value: payload}); len(violations) > 0 {
		return platform.Outcome{Answer: unknownNames(violations)}
	}
	space := "spaces/" + r.PathValue("space")
	if fault := fault(r, platform.Node{Value: payload}, len(body), space); fault != "" {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "INVALID_ARGUMENT", fault)}
	}
	g.last++
	o := platform.Outcome{Notes: notes(platform.Node{Value: payload})}
	o.ID = fmt.Sprintf("%s/messages/%011d.%011d", space, g.last, g.last)
	fresh := space + "/threads/T" + strconv.Itoa(g.last)
	if key := threadKey(r, platform.Node{Value: payload}); key != "" {
		o.Thread = g.thread(key, fresh)
	}
	payload["name"], payload["thread"] = o.ID, map[string]any{"name": cmp.Or(o.Thread, fresh)}
	o.Answer = platform.JSON(http.StatusOK, payload)
	return o
}

// threadKey is the thread that a message asks to reply in, or "". Without the
// option to reply, a key starts a new thread each time. Each webhook has keys of
// its own.
func threadKey(r *http.Request, n platform.Node) string {
	query := r.URL.Query()
	key := cmp.Or(n.Get("thread").Get("threadKey").Text(), query.Get("threadKey"))
	if key == "" || !strings.HasPrefix(query.Get("messageReplyOption"), "REPLY_MESSAGE_") {
		return ""
	}
	return r.PathValue("space") + "/" + query.Get("token") + "/" + key
}

// thread is the thread of a key: fresh if there is none yet. g.mu is held.
func (g *space) thread(key, fresh string) string {
	if _, ok := g.threads[key]; !ok {
		g.threads[key] = fresh
	}
	return g.threads[key]
}

func firstBytes(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }
