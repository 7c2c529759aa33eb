// Package mattermost emulates Mattermost's incoming webhooks.
package mattermost

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/slacklike"
)

// Name is the type of the sink that sends here.
const Name = "mattermost"

// maxText is the longest text, in characters:
// https://developers.mattermost.com/integrate/webhooks/incoming
const maxText = 16383

// New emulates Mattermost's incoming webhooks.
func New() *platform.Platform {
	ok := platform.Text(http.StatusOK, "ok")
	id := regexp.MustCompile(`^[a-z0-9]{26}$`)
	words := errorAnswers()
	return &platform.Platform{
		Name:     Name,
		Patterns: []string{"POST /hooks/{id}"},
		Address: func(r *http.Request, _ []byte) string {
			return r.PathValue("id")[:min(4, len(r.PathValue("id")))] + "…"
		},
		Authorize: func(r *http.Request) *platform.Answer {
			if !id.MatchString(r.PathValue("id")) {
				return platform.Refuse(words["invalid"])
			}
			return nil
		},
		Judge: func(_ *http.Request, body []byte) platform.Outcome {
			n, fault := slacklike.Read(body, maxText)
			if fault != "" {
				return platform.Outcome{Answer: words[fault]}
			}
			return platform.Outcome{Answer: ok, Notes: slacklike.Notes(n, "channel", "all", "here")}
		},
		Count: func(*http.Request) platform.Answer { return ok },
		Limited: func(wait time.Duration) platform.Answer {
			return platform.Text(http.StatusTooManyRequests, "limit exceeded").With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
		},
		Quota:  platform.NewQuota(platform.Window{Messages: 100, Length: 10 * time.Second}), // ten a second, if its operator limits requests at all
		Errors: words,
	}
}

// errorAnswers are the errors of its server, by the middle of their ids.
func errorAnswers() map[string]platform.Answer {
	words := map[string]platform.Answer{}
	for id, e := range map[string]struct {
		status  int
		message string
	}{
		"parse":          {http.StatusBadRequest, "Unable to parse incoming data."},
		"text":           {http.StatusBadRequest, "No text specified."},
		"text.length":    {http.StatusBadRequest, fmt.Sprintf("Maximum text length is %d characters.", maxText)},
		"invalid":        {http.StatusBadRequest, "Invalid webhook."},
		"channel":        {http.StatusNotFound, "Couldn't find the channel."},
		"channel_locked": {http.StatusForbidden, "This webhook is not permitted to post to the requested channel."},
		"permissions":    {http.StatusForbidden, "Inappropriate channel permissions."},
		"disabled":       {http.StatusNotImplemented, "Incoming webhooks have been disabled by the system admin."},
	} {
		words[id] = platform.JSON(e.status, map[string]any{
			"id": "web.incoming_webhook." + id + ".app_error", "message": e.message, "detailed_error": "", "request_id": "4m5b8nkq3jrh9kcxqz1f6w7p5c", "status_code": e.status,
		})
	}
	words["400"], words["403"], words["404"] = words["parse"], words["permissions"], words["channel"]
	words["413"] = platform.Text(http.StatusRequestEntityTooLarge, "http: request body too large")
	return words
}
