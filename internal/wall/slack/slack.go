// Package slack emulates Slack: incoming webhooks and what a bot uses of the Web
// API.
package slack

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/slacklike"
)

// Name is the type of the sink that sends here.
const Name = "slack"

// Slack's limits: https://docs.slack.dev/reference/block-kit/blocks, and the
// constants of Slack's Python SDK, slack_sdk/models/blocks.
const (
	maxText        = 40000
	maxBlocks      = 50
	maxAttachments = 100
	maxBlockText   = 13200 // undocumented; seen in slackapi/bolt-js issue 2509
)

// New emulates Slack's incoming webhooks:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func New() *platform.Platform {
	ok := platform.Text(http.StatusOK, "ok")
	return &platform.Platform{
		Name:      Name,
		Patterns:  []string{"POST /services/{team}/{hook}/{token}"},
		Address:   func(r *http.Request, _ []byte) string { return r.PathValue("team") + "/" + r.PathValue("hook") },
		Authorize: authorize(),
		Judge:     judge,
		Count:     func(*http.Request) platform.Answer { return ok },
		Limited:   limited,
		// One message a second with short bursts: counted over five seconds.
		Quota:  platform.NewQuota(platform.Window{Messages: 5, Length: 5 * time.Second}),
		Errors: errorAnswers(),
	}
}

// limited is Slack's answer to too many messages. The JSON body is as
// users of Alertmanager have quoted it.
func limited(wait time.Duration) platform.Answer {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return platform.JSON(http.StatusTooManyRequests, map[string]any{
		"retry_after": seconds, "ok": false, "error": "rate_limited",
	}).With("Retry-After", strconv.Itoa(seconds))
}

// errorAnswers are the errors of incoming webhooks. The words are documented,
// some of the statuses are not.
func errorAnswers() map[string]platform.Answer {
	words := map[string]platform.Answer{
		"200-invalid_payload": platform.Text(http.StatusOK, "invalid_payload"), // seen: a failure behind a 200
	}
	for word, status := range map[string]int{
		"invalid_payload":                   http.StatusBadRequest,
		"invalid_blocks":                    http.StatusBadRequest,
		"no_text":                           http.StatusBadRequest,
		"too_many_attachments":              http.StatusBadRequest,
		"msg_blocks_too_long":               http.StatusBadRequest,
		"user_not_found":                    http.StatusBadRequest,
		"channel_not_found":                 http.StatusNotFound,
		"channel_is_archived":               http.StatusGone,
		"action_prohibited":                 http.StatusForbidden,
		"posting_to_general_channel_denied": http.StatusForbidden,
		"no_service":                        http.StatusNotFound,
		"no_service_id":                     http.StatusNotFound,
		"no_team":                           http.StatusNotFound,
		"team_disabled":                     http.StatusForbidden,
		"invalid_token":                     http.StatusForbidden,
		"no_active_hooks":                   http.StatusNotFound,
		"rollup_error":                      http.StatusInternalServerError,
	} {
		words[word] = platform.Text(status, word)
	}
	for status, word := range map[string]string{
		"400": "invalid_payload", "403": "action_prohibited", "404": "no_service", "410": "channel_is_archived", "500": "rollup_error",
	} {
		words[status] = words[word]
	}
	words["401"] = platform.Text(http.StatusUnauthorized, "invalid_token")
	words["413"] = platform.Text(http.StatusRequestEntityTooLarge, "invalid_payload")
	return words
}

// authorize refuses addresses that are no webhook's.
func authorize() func(*http.Request) *platform.Answer {
	team, hook := regexp.MustCompile(`^T[A-Z0-9]+$`), regexp.MustCompile(`^B[A-Z0-9]+$`)
	token := regexp.MustCompile(`^[A-Za-z0-9]{8,}$`)
	words := errorAnswers()
	return func(r *http.Request) *platform.Answer {
		switch {
		case !team.MatchString(r.PathValue("team")):
			return platform.Refuse(words["no_team"])
		case !hook.MatchString(r.PathValue("hook")):
			return platform.Refuse(words["no_service"])
		case !token.MatchString(r.PathValue("token")):
			return platform.Refuse(words["invalid_token"])
		}
		return nil
	}
}

func judge(r *http.Request, body []byte) platform.Outcome {
	var payload any
	if json.Unmarshal(payloadOf(r, body), &payload) != nil {
		return platform.Outcome{Answer: platform.Text(http.StatusBadRequest, "invalid_payload")}
	}
	n := platform.Node{Value: payload}
	if !n.IsObject() {
		return platform.Outcome{Answer: platform.Text(http.StatusBadRequest, "invalid_payload")}
	}
	if word := fault(n); word != "" {
		return platform.Outcome{Answer: platform.Text(http.StatusBadRequest, word)}
	}
	return platform.Outcome{Answer: platform.Text(http.StatusOK, "ok"), Notes: notes(n)}
}

// payloadOf is the message in a request: its body, or the field payload of a
// form, as old clients send it.
func payloadOf(r *http.Request, body []byte) []byte {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(body))
		return []byte(form.Get("payload"))
	}
	return body
}

// fault is the word that Slack refuses a message with, or "".
func fault(n platform.Node) string {
	blocks, attachments := n.Get("blocks"), n.Get("attachments")
	switch {
	case n.Get("text").Present() && !n.Get("text").IsString():
		return "invalid_payload"
	case strings.TrimSpace(n.Get("text").Text()) == "" && len(blocks.Items()) == 0 && len(attachments.Items()) == 0:
		return "no_text"
	case len(attachments.Items()) > maxAttachments:
		return "too_many_attachments"
	}
	total := 0
	for _, list := range append([]platform.Node{blocks}, platform.Each(attachments, "blocks")...) {
		if fault := checkBlocks(list); fault != "" {
			return "invalid_blocks"
		}
		total += textLength(list)
	}
	if total > maxBlockText {
		return "msg_blocks_too_long"
	}
	return ""
}

// notes says what Slack does to an accepted message that its sender would
// hardly want.
func notes(n platform.Node) []string {
	var notes []string
	if platform.Runes(n.Get("text").Text()) > maxText {
		notes = append(notes, "text is longer than 40,000 characters: Slack cuts it")
	}
	if n.Get("text").Text() == "" && len(n.Get("attachments").Items()) == 0 {
		notes = append(notes, "no text beside the blocks: notifications will be empty")
	}
	if n.Get("parse").Text() == "full" || n.Get("link_names").Present() {
		notes = append(notes, "parse or link_names makes @channel in data a mention")
	}
	for _, mention := range []string{"channel", "here", "everyone"} {
		if slacklike.Mentions(n, "<!"+mention) {
			notes = append(notes, "mentions @"+mention)
		}
	}
	return notes
}
