// Package telegram emulates what a bot uses of Telegram's Bot API.
package telegram

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
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
const Name = "telegram"

const (
	// Token is the token of a bot.
	Token = "110201543:AAHwallDemoTokenOfTelegram0000001"

	maxText = 4096 // UTF-16 code units that are shown
)

// bot is what a bot sees of its chats. Every chat exists but those that begin with
// "@no_such"; the bot was removed from those that begin with "@kicked"; groups whose
// ids have few digits became supergroups.
type bot struct {
	now func() time.Time

	mu     sync.Mutex        // guards what follows
	last   int64             // counts messages
	posted map[string]string // texts, by chat and number
}

// New emulates what a bot needs of the Bot API:
// https://core.telegram.org/bots/api
func New(now func() time.Time) *platform.Platform {
	t := &bot{now: now, posted: map[string]string{}}
	return &platform.Platform{
		Name:     Name,
		Patterns: []string{"POST /telegram/{bot}/sendMessage", "POST /telegram/{bot}/editMessageText", "POST /telegram/{bot}/getChat"},
		Address: func(_ *http.Request, body []byte) string {
			var keys struct {
				ChatID string `json:"chat_id"`
			}
			_ = json.Unmarshal(body, &keys)
			return keys.ChatID
		},
		Authorize: func(r *http.Request) *platform.Answer {
			if r.PathValue("bot") != "bot"+Token {
				return platform.Refuse(errorAnswer(http.StatusUnauthorized, "Unauthorized"))
			}
			return nil
		},
		Judge: t.judge,
		Count: func(*http.Request) platform.Answer {
			return platform.JSON(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"message_id": 1}})
		},
		Limited: limited,
		Quota:   platform.NewQuota(platform.Window{Messages: 20, Length: time.Minute}), // of a group
		Errors: map[string]platform.Answer{
			"400": errorAnswer(http.StatusBadRequest, "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0"), "401": errorAnswer(http.StatusUnauthorized, "Unauthorized"),
			"403":            errorAnswer(http.StatusForbidden, "Forbidden: bot was kicked from the supergroup chat"),
			"404":            errorAnswer(http.StatusNotFound, "Not Found"),
			"413":            errorAnswer(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			"500":            errorAnswer(http.StatusInternalServerError, "Internal Server Error: restart"),
			"chat_not_found": errorAnswer(http.StatusBadRequest, "Bad Request: chat not found"), "blocked": errorAnswer(http.StatusForbidden, "Forbidden: bot was blocked by the user"),
		},
	}
}

func errorAnswer(status int, words string) platform.Answer {
	return platform.JSON(status, map[string]any{"ok": false, "error_code": status, "description": words})
}

func limited(wait time.Duration) platform.Answer {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return platform.JSON(http.StatusTooManyRequests, map[string]any{
		"ok": false, "error_code": 429, "description": fmt.Sprintf("Too Many Requests: retry after %d", seconds), "parameters": map[string]any{"retry_after": seconds},
	}).With("Retry-After", strconv.Itoa(seconds))
}

// basicGroup is the id of a group that became a supergroup.
var basicGroup = regexp.MustCompile(`^-\d{1,6}$`)

func (t *bot) judge(r *http.Request, body []byte) platform.Outcome {
	var n platform.Node
	if json.Unmarshal(body, &n.Value) != nil || !n.IsObject() {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "Bad Request: can't parse request JSON object")}
	}
	chat, bad := n.Get("chat_id").Text(), func(words string) platform.Outcome {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "Bad Request: "+words)}
	}
	switch {
	case chat == "":
		return bad("chat_id is empty")
	case strings.HasPrefix(chat, "@no_such"):
		return bad("chat not found")
	case strings.HasPrefix(chat, "@kicked"):
		return platform.Outcome{Answer: errorAnswer(http.StatusForbidden, "Forbidden: bot was kicked from the supergroup chat")}
	case basicGroup.MatchString(chat):
		id, _ := strconv.ParseInt("-100"+chat[1:], 10, 64)
		return platform.Outcome{Answer: platform.JSON(http.StatusBadRequest, map[string]any{
			"ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat", "parameters": map[string]any{"migrate_to_chat_id": id},
		})}
	case strings.HasSuffix(r.URL.Path, "/getChat"):
		return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"id": chat}})}
	}
	shown, fault := shownText(n)
	if fault != "" {
		return bad(fault)
	}
	return t.put(n, chat, shown, strings.HasSuffix(r.URL.Path, "/editMessageText"))
}

// put posts or edits a message.
func (t *bot) put(n platform.Node, chat, shown string, edit bool) platform.Outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	number, _ := n.Get("message_id").Value.(float64)
	first, _ := n.Get("reply_parameters").Get("message_id").Value.(float64)
	lenient, _ := n.Get("reply_parameters").Get("allow_sending_without_reply").Value.(bool)
	key := func(number float64) string { return fmt.Sprintf("%s %.0f", chat, number) }
	earlier, known := t.posted[key(number)]
	_, replied := t.posted[key(first)]
	text := n.Get("text").Text()
	o := platform.Outcome{Notes: notes(shown)}
	switch {
	case edit && !known:
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "Bad Request: message to edit not found")}
	case edit && earlier == text:
		return platform.Outcome{NoMessage: true, Answer: errorAnswer(http.StatusBadRequest, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")}
	case edit:
		o.Edits = key(number)
	case n.Get("message_thread_id").Value == float64(1):
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "Bad Request: message thread not found")}
	case first != 0 && !replied && !lenient:
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "Bad Request: message to be replied not found")}
	default:
		t.last++
		number = float64(t.last)
		if replied {
			o.Thread = key(first)
		}
		if len(t.posted) >= platform.MaxRemembered {
			clear(t.posted)
		}
	}
	t.posted[key(number)], o.ID = text, key(number)
	o.Answer = platform.JSON(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"message_id": int64(number), "date": t.now().Unix(), "text": shown}})
	return o
}

var (
	// AnyTag finds whatever looks like a tag of HTML.
	AnyTag   = regexp.MustCompile(`<[^>]*>?`)
	knownTag = regexp.MustCompile(`^<(/?(?:b|i|u|s|code|pre|a|tg-spoiler|blockquote)|a href="[^"<>]*")>$`)
)

// shownText is what is shown of a message, or what is wrong with it.
func shownText(n platform.Node) (shown, fault string) {
	text := n.Get("text").Text()
	if n.Get("parse_mode").Text() == "HTML" {
		var open []string
		for _, tag := range platform.Tags(text) {
			name := strings.Fields(strings.Trim(tag, "<>/"))
			switch closing := strings.HasPrefix(tag, "</"); {
			case !knownTag.MatchString(tag):
				return "", "can't parse entities: Unsupported start tag \"" + strings.Trim(tag, "<>") + "\" at byte offset " + strconv.Itoa(strings.Index(text, tag))
			case !closing:
				open = append(open, name[0])
			case len(open) == 0 || open[len(open)-1] != name[0]:
				return "", "can't parse entities: Unexpected end tag at byte offset " + strconv.Itoa(strings.Index(text, tag))
			default:
				open = slices.Delete(open, len(open)-1, len(open))
			}
		}
		if len(open) > 0 {
			return "", "can't parse entities: Can't find end tag corresponding to start tag \"" + open[0] + "\""
		}
		text = html.UnescapeString(platform.WithoutTags(text))
	}
	switch text = strings.TrimSpace(text); {
	case text == "":
		return "", "message text is empty"
	case platform.UTF16Units(text) > maxText:
		return "", "message is too long"
	}
	return text, ""
}

// live is what Telegram makes more of than text.
var live = regexp.MustCompile(`(?:^|\s)(@\w{4,}|#\w+|/[a-z]\w*)|(?:https?://\S+)`)

// notes says what data may have done.
func notes(shown string) []string {
	var notes []string
	for _, found := range live.FindAllString(shown, -1) {
		notes = append(notes, "acts: "+strings.TrimSpace(found))
	}
	return notes
}
