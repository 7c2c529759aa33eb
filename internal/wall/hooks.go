package wall

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Limits of the two chats that took over Slack's first webhooks:
// https://developers.mattermost.com/integrate/webhooks/incoming and Rocket.Chat's
// setting Message_MaxAllowedSize.
const (
	mattermostMaxText = 16383
	rocketMaxText     = 5000
)

// mattermostPlatform emulates Mattermost's incoming webhooks.
func mattermostPlatform() *platform {
	ok := plain(http.StatusOK, "ok")
	id := regexp.MustCompile(`^[a-z0-9]{26}$`)
	words := mattermostWords()
	return &platform{
		name:     Mattermost,
		patterns: []string{"POST /hooks/{id}"},
		address: func(r *http.Request, _ []byte) string {
			return r.PathValue("id")[:min(4, len(r.PathValue("id")))] + "…"
		},
		door: func(r *http.Request) *answer {
			if !id.MatchString(r.PathValue("id")) {
				return refuse(words["invalid"])
			}
			return nil
		},
		take: func(_ *http.Request, body []byte) outcome {
			n, fault := hookMessage(body, mattermostMaxText)
			if fault != "" {
				return outcome{answer: words[fault]}
			}
			return outcome{answer: ok, notes: hookNotes(n, "channel", "all", "here")}
		},
		accept: func(*http.Request) answer { return ok },
		limited: func(wait time.Duration) answer {
			return plain(http.StatusTooManyRequests, "limit exceeded").with("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
		},
		quota: newQuota(window{100, 10 * time.Second}), // ten a second, if its operator limits requests at all
		words: words,
	}
}

// mattermostWords are the errors of its server, by the middle of their ids.
func mattermostWords() map[string]answer {
	words := map[string]answer{}
	for id, e := range map[string]struct {
		status  int
		message string
	}{
		"parse":          {http.StatusBadRequest, "Unable to parse incoming data."},
		"text":           {http.StatusBadRequest, "No text specified."},
		"text.length":    {http.StatusBadRequest, fmt.Sprintf("Maximum text length is %d characters.", mattermostMaxText)},
		"invalid":        {http.StatusBadRequest, "Invalid webhook."},
		"channel":        {http.StatusNotFound, "Couldn't find the channel."},
		"channel_locked": {http.StatusForbidden, "This webhook is not permitted to post to the requested channel."},
		"permissions":    {http.StatusForbidden, "Inappropriate channel permissions."},
		"disabled":       {http.StatusNotImplemented, "Incoming webhooks have been disabled by the system admin."},
	} {
		words[id] = jsonAnswer(e.status, map[string]any{
			"id": "web.incoming_webhook." + id + ".app_error", "message": e.message, "detailed_error": "", "request_id": "4m5b8nkq3jrh9kcxqz1f6w7p5c", "status_code": e.status,
		})
	}
	words["400"], words["403"], words["404"] = words["parse"], words["permissions"], words["channel"]
	words["413"] = plain(http.StatusRequestEntityTooLarge, "http: request body too large")
	return words
}

// rocketPlatform emulates Rocket.Chat's incoming integrations.
func rocketPlatform() *platform {
	ok := jsonAnswer(http.StatusOK, map[string]any{"success": true})
	token := regexp.MustCompile(`^[A-Za-z0-9]{8,}$`)
	words := rocketWords()
	return &platform{
		name:     RocketChat,
		patterns: []string{"POST /hooks/{id}/{token}"},
		address:  func(r *http.Request, _ []byte) string { return r.PathValue("id") },
		door: func(r *http.Request) *answer {
			if !token.MatchString(r.PathValue("token")) {
				return refuse(words["invalid-token"])
			}
			return nil
		},
		take: func(_ *http.Request, body []byte) outcome {
			n, fault := hookMessage(body, rocketMaxText)
			switch fault {
			case "parse":
				return outcome{answer: words["400"]}
			case "text":
				return outcome{answer: words["unknown-error"]}
			case "text.length":
				return outcome{answer: words["error-message-size-exceeded"]}
			}
			return outcome{answer: ok, notes: hookNotes(n, "all", "here")}
		},
		accept:  func(*http.Request) answer { return ok },
		limited: rocketLimited,
		quota:   newQuota(window{10, time.Minute}), // the server's default
		words:   words,
	}
}

// rocketLimited says in words alone how long to wait.
func rocketLimited(wait time.Duration) answer {
	return rocketError(http.StatusTooManyRequests, fmt.Sprintf(
		"Error, too many requests. Please slow down. You must wait %d seconds before trying this endpoint again. [error-too-many-requests]", int(math.Ceil(wait.Seconds()))))
}

func rocketError(status int, words string) answer {
	return jsonAnswer(status, map[string]any{"success": false, "error": words})
}

func rocketWords() map[string]answer {
	words := map[string]answer{
		"invalid-token": rocketError(http.StatusUnauthorized, "Invalid integration id or token provided."),
		"no-override":   rocketError(http.StatusBadRequest, "overriding destination channel is disabled for this integration"),
		"switched-off":  rocketError(http.StatusServiceUnavailable, "Service Unavailable"),
		"400":           rocketError(http.StatusBadRequest, "Invalid JSON"),
	}
	for _, word := range []string{"invalid-channel", "error-message-size-exceeded", "unknown-error", "error-running-script"} {
		words[word] = rocketError(http.StatusBadRequest, word)
	}
	words["401"] = words["invalid-token"]
	return words
}

// hookMessage reads a message, and tells what is wrong with it: "parse", "text"
// when it has none, "text.length", or "".
func hookMessage(body []byte, maxText int) (n node, fault string) {
	if json.Unmarshal(body, &n.value) != nil || !n.isObject() {
		return n, "parse"
	}
	attachments := n.get("attachments")
	if n.get("text").present() && !n.get("text").isString() || attachments.present() && !attachments.isList() {
		return n, "parse"
	}
	longest := runes(n.get("text").text())
	for _, a := range attachments.items() {
		if !a.isObject() || a.get("fields").present() && !a.get("fields").isList() {
			return n, "parse"
		}
		longest = max(longest, runes(a.get("text").text()))
	}
	switch {
	case n.get("text").text() == "" && len(attachments.items()) == 0:
		return n, "text"
	case longest > maxText:
		return n, "text.length"
	}
	return n, ""
}

// hookNotes says who would be notified.
func hookNotes(n node, groups ...string) []string {
	var notes []string
	for _, group := range groups {
		if liveText(n, "@"+group) {
			notes = append(notes, "mentions @"+group)
		}
	}
	return notes
}
