package wall

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Slack's limits: https://docs.slack.dev/reference/block-kit/blocks, and the
// constants of Slack's Python SDK, slack_sdk/models/blocks.
const (
	slackMaxText        = 40000
	slackMaxBlocks      = 50
	slackMaxAttachments = 100
	slackMaxBlockText   = 13200 // undocumented; seen in slackapi/bolt-js issue 2509
)

// slackPlatform emulates Slack's incoming webhooks:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func slackPlatform() *platform {
	ok := plain(http.StatusOK, "ok")
	return &platform{
		name:     Slack,
		patterns: []string{"POST /services/{team}/{hook}/{token}"},
		address:  func(r *http.Request, _ []byte) string { return r.PathValue("team") + "/" + r.PathValue("hook") },
		door:     slackDoor(),
		take:     takeSlack,
		accept:   func(*http.Request) answer { return ok },
		limited:  slackLimited,
		// One message a second with short bursts: counted over five seconds.
		quota: newQuota(window{5, 5 * time.Second}),
		words: slackWords(),
	}
}

// slackLimited is Slack's answer to too many messages. The JSON body is as
// users of Alertmanager have quoted it.
func slackLimited(wait time.Duration) answer {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return jsonAnswer(http.StatusTooManyRequests, map[string]any{
		"retry_after": seconds, "ok": false, "error": "rate_limited",
	}).with("Retry-After", strconv.Itoa(seconds))
}

// slackWords are the errors of incoming webhooks. The words are documented,
// some of the statuses are not.
func slackWords() map[string]answer {
	words := map[string]answer{
		"200-invalid_payload": plain(http.StatusOK, "invalid_payload"), // seen: a failure behind a 200
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
		words[word] = plain(status, word)
	}
	for status, word := range map[string]string{
		"400": "invalid_payload", "403": "action_prohibited", "404": "no_service", "410": "channel_is_archived", "500": "rollup_error",
	} {
		words[status] = words[word]
	}
	words["401"] = plain(http.StatusUnauthorized, "invalid_token")
	words["413"] = plain(http.StatusRequestEntityTooLarge, "invalid_payload")
	return words
}

// slackDoor refuses addresses that are no webhook's.
func slackDoor() func(*http.Request) *answer {
	team, hook := regexp.MustCompile(`^T[A-Z0-9]+$`), regexp.MustCompile(`^B[A-Z0-9]+$`)
	token := regexp.MustCompile(`^[A-Za-z0-9]{8,}$`)
	words := slackWords()
	return func(r *http.Request) *answer {
		switch {
		case !team.MatchString(r.PathValue("team")):
			return refuse(words["no_team"])
		case !hook.MatchString(r.PathValue("hook")):
			return refuse(words["no_service"])
		case !token.MatchString(r.PathValue("token")):
			return refuse(words["invalid_token"])
		}
		return nil
	}
}

func takeSlack(r *http.Request, body []byte) outcome {
	var payload any
	if json.Unmarshal(slackPayload(r, body), &payload) != nil {
		return outcome{answer: plain(http.StatusBadRequest, "invalid_payload")}
	}
	n := node{value: payload}
	if !n.isObject() {
		return outcome{answer: plain(http.StatusBadRequest, "invalid_payload")}
	}
	if word := slackFault(n); word != "" {
		return outcome{answer: plain(http.StatusBadRequest, word)}
	}
	return outcome{answer: plain(http.StatusOK, "ok"), notes: slackNotes(n)}
}

// slackPayload is the message in a request: its body, or the field payload of a
// form, as old clients send it.
func slackPayload(r *http.Request, body []byte) []byte {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(body))
		return []byte(form.Get("payload"))
	}
	return body
}

// slackFault is the word that Slack refuses a message with, or "".
func slackFault(n node) string {
	blocks, attachments := n.get("blocks"), n.get("attachments")
	switch {
	case n.get("text").present() && !n.get("text").isString():
		return "invalid_payload"
	case strings.TrimSpace(n.get("text").text()) == "" && len(blocks.items()) == 0 && len(attachments.items()) == 0:
		return "no_text"
	case len(attachments.items()) > slackMaxAttachments:
		return "too_many_attachments"
	}
	total := 0
	for _, list := range append([]node{blocks}, each(attachments, "blocks")...) {
		if fault := checkSlackBlocks(list); fault != "" {
			return "invalid_blocks"
		}
		total += slackTextLength(list)
	}
	if total > slackMaxBlockText {
		return "msg_blocks_too_long"
	}
	return ""
}

// slackNotes says what Slack does to an accepted message that its sender would
// hardly want.
func slackNotes(n node) []string {
	var notes []string
	if runes(n.get("text").text()) > slackMaxText {
		notes = append(notes, "text is longer than 40,000 characters: Slack cuts it")
	}
	if n.get("text").text() == "" && len(n.get("attachments").items()) == 0 {
		notes = append(notes, "no text beside the blocks: notifications will be empty")
	}
	if n.get("parse").text() == "full" || n.get("link_names").present() {
		notes = append(notes, "parse or link_names makes @channel in data a mention")
	}
	for _, mention := range []string{"channel", "here", "everyone"} {
		if liveText(n, "<!"+mention) {
			notes = append(notes, "mentions @"+mention)
		}
	}
	return notes
}

// liveText tells whether a text that Slack formats holds the words. Plain text
// objects are literal, and so is what stands for an image (alt_text).
func liveText(n node, words string) bool {
	if n.get("type").text() == "plain_text" {
		return false
	}
	for _, part := range n.items() {
		if liveText(part, words) {
			return true
		}
	}
	for _, key := range n.keys() {
		if key != "alt_text" && liveText(n.get(key), words) {
			return true
		}
	}
	return strings.Contains(n.text(), words)
}
