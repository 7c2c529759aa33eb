package wall

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
)

// googleChat is what Google Chat remembers of earlier messages.
type googleChat struct {
	now    func() time.Time
	schema chatSchema

	mu      sync.Mutex        // guards the rest
	last    int               // counts messages
	earlier memory            // by space and requestId
	threads map[string]string // thread names, by webhook and threadKey
}

// googleChatPlatform emulates Google Chat's incoming webhooks:
// https://developers.google.com/workspace/chat/quickstart/webhooks
func googleChatPlatform(now func() time.Time) *platform {
	g := &googleChat{now: now, schema: loadChatSchema(), threads: map[string]string{}}
	return &platform{
		name:     GoogleChat,
		patterns: []string{"POST /v1/spaces/{space}/messages"},
		address:  func(r *http.Request, _ []byte) string { return "spaces/" + r.PathValue("space") },
		door:     googleDoor(),
		take:     g.take,
		accept: func(r *http.Request) answer {
			return jsonAnswer(http.StatusOK, map[string]any{"name": "spaces/" + r.PathValue("space") + "/messages/counted"})
		},
		limited: func(time.Duration) answer {
			return googleError(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
		},
		// One message a second and sixty a minute, for all of a space's webhooks;
		// the former counted over five seconds:
		// https://developers.google.com/workspace/chat/limits
		quota: newQuota(window{5, 5 * time.Second}, window{60, time.Minute}),
		words: googleWords(),
	}
}

func googleError(status int, code, message string, details ...any) answer {
	e := map[string]any{"code": status, "message": message, "status": code}
	if len(details) > 0 {
		e["details"] = details
	}
	return jsonAnswer(status, map[string]any{"error": e})
}

// googleWords are errors by Google's canonical codes:
// https://cloud.google.com/apis/design/errors#handling_errors
func googleWords() map[string]answer {
	words := map[string]answer{
		"INVALID_ARGUMENT":   googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument."),
		"UNAUTHENTICATED":    googleError(http.StatusUnauthorized, "UNAUTHENTICATED", "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."),
		"PERMISSION_DENIED":  googleError(http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission"),
		"NOT_FOUND":          googleError(http.StatusNotFound, "NOT_FOUND", "Requested entity was not found."),
		"RESOURCE_EXHAUSTED": googleError(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
		"INTERNAL":           googleError(http.StatusInternalServerError, "INTERNAL", "Internal error encountered."),
		"UNAVAILABLE":        googleError(http.StatusServiceUnavailable, "UNAVAILABLE", "The service is currently unavailable."),
	}
	for status, code := range map[string]string{
		"400": "INVALID_ARGUMENT", "401": "UNAUTHENTICATED", "403": "PERMISSION_DENIED", "404": "NOT_FOUND", "500": "INTERNAL", "503": "UNAVAILABLE",
	} {
		words[status] = words[code]
	}
	words["413"] = googleError(http.StatusRequestEntityTooLarge, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 1048576 bytes.")
	return words
}

// googleDoor refuses requests without the key and the token of a webhook, and
// query parameters that the method does not have.
func googleDoor() func(*http.Request) *answer {
	known := []string{"key", "token", "threadKey", "requestId", "messageId", "messageReplyOption", "alt", "fields", "prettyPrint", "quotaUser"}
	space := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	return func(r *http.Request) *answer {
		query := r.URL.Query()
		for name := range query {
			if !slices.Contains(known, name) {
				return refuse(unknownNames([]fieldViolation{{Description: fmt.Sprintf(
					"Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)}}))
			}
		}
		switch {
		case query.Get("key") == "":
			return refuse(googleError(http.StatusForbidden, "PERMISSION_DENIED",
				"Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API."))
		case len(query.Get("key")) < 8:
			return refuse(googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."))
		case len(query.Get("token")) < 8:
			return refuse(googleWords()["UNAUTHENTICATED"])
		case !space.MatchString(r.PathValue("space")):
			return refuse(googleWords()["NOT_FOUND"])
		}
		return nil
	}
}

func (g *googleChat) take(r *http.Request, body []byte) outcome {
	request := ""
	if id := r.URL.Query().Get("requestId"); id != "" {
		request = r.PathValue("space") + "/" + id
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.earlier.once(request, func() outcome { return g.judge(r, body) })
}

// judge checks and posts a message. g.mu is held.
func (g *googleChat) judge(r *http.Request, body []byte) outcome {
	var payload map[string]any
	if err := json.Unmarshal(body, &payload); err != nil {
		return outcome{answer: googleError(http.StatusBadRequest, "INVALID_ARGUMENT",
			"Invalid JSON payload received. Unexpected token.\n"+firstBytes(string(body), 20)+"\n^")}
	}
	if violations := g.schema.violations("Message", node{value: payload}); len(violations) > 0 {
		return outcome{answer: unknownNames(violations)}
	}
	space := "spaces/" + r.PathValue("space")
	if fault := chatFault(r, node{value: payload}, len(body), space); fault != "" {
		return outcome{answer: googleError(http.StatusBadRequest, "INVALID_ARGUMENT", fault)}
	}
	g.last++
	o := outcome{notes: chatNotes(node{value: payload})}
	o.id = fmt.Sprintf("%s/messages/%011d.%011d", space, g.last, g.last)
	fresh := space + "/threads/T" + strconv.Itoa(g.last)
	if key := threadKey(r, node{value: payload}); key != "" {
		o.thread = g.thread(key, fresh)
	}
	payload["name"], payload["thread"] = o.id, map[string]any{"name": cmp.Or(o.thread, fresh)}
	o.answer = jsonAnswer(http.StatusOK, payload)
	return o
}

// threadKey is the thread that a message asks to reply in, or "". Without the
// option to reply, a key starts a new thread each time. Each webhook has keys of
// its own.
func threadKey(r *http.Request, n node) string {
	query := r.URL.Query()
	key := cmp.Or(n.get("thread").get("threadKey").text(), query.Get("threadKey"))
	if key == "" || !strings.HasPrefix(query.Get("messageReplyOption"), "REPLY_MESSAGE_") {
		return ""
	}
	return r.PathValue("space") + "/" + query.Get("token") + "/" + key
}

// thread is the thread of a key: fresh if there is none yet. g.mu is held.
func (g *googleChat) thread(key, fresh string) string {
	if _, ok := g.threads[key]; !ok {
		g.threads[key] = fresh
	}
	return g.threads[key]
}

func firstBytes(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }
