package wall

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
)

const (
	telegramToken   = "110201543:AAHwallDemoTokenOfTelegram0000001"
	telegramMaxText = 4096 // UTF-16 code units that are shown
)

// telegram is what a bot sees of its chats. Every chat exists but those that begin with
// "@no_such"; the bot was removed from those that begin with "@kicked"; groups whose
// ids have few digits became supergroups.
type telegram struct {
	now func() time.Time

	mu     sync.Mutex        // guards what follows
	last   int64             // counts messages
	posted map[string]string // texts, by chat and number
}

// telegramPlatform emulates what a bot needs of the Bot API:
// https://core.telegram.org/bots/api
func telegramPlatform(now func() time.Time) *platform {
	t := &telegram{now: now, posted: map[string]string{}}
	return &platform{
		name:     Telegram,
		patterns: []string{"POST /telegram/{bot}/sendMessage", "POST /telegram/{bot}/editMessageText", "POST /telegram/{bot}/getChat"},
		address: func(_ *http.Request, body []byte) string {
			var keys struct {
				ChatID string `json:"chat_id"`
			}
			_ = json.Unmarshal(body, &keys)
			return keys.ChatID
		},
		door: func(r *http.Request) *answer {
			if r.PathValue("bot") != "bot"+telegramToken {
				return refuse(telegramError(http.StatusUnauthorized, "Unauthorized"))
			}
			return nil
		},
		take: t.take,
		accept: func(*http.Request) answer {
			return jsonAnswer(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"message_id": 1}})
		},
		limited: telegramLimited,
		quota:   newQuota(window{20, time.Minute}), // of a group
		words: map[string]answer{
			"400": telegramError(http.StatusBadRequest, "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0"), "401": telegramError(http.StatusUnauthorized, "Unauthorized"),
			"403":            telegramError(http.StatusForbidden, "Forbidden: bot was kicked from the supergroup chat"),
			"404":            telegramError(http.StatusNotFound, "Not Found"),
			"413":            telegramError(http.StatusRequestEntityTooLarge, "Request Entity Too Large"),
			"500":            telegramError(http.StatusInternalServerError, "Internal Server Error: restart"),
			"chat_not_found": telegramError(http.StatusBadRequest, "Bad Request: chat not found"), "blocked": telegramError(http.StatusForbidden, "Forbidden: bot was blocked by the user"),
		},
	}
}

func telegramError(status int, words string) answer {
	return jsonAnswer(status, map[string]any{"ok": false, "error_code": status, "description": words})
}

func telegramLimited(wait time.Duration) answer {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return jsonAnswer(http.StatusTooManyRequests, map[string]any{
		"ok": false, "error_code": 429, "description": fmt.Sprintf("Too Many Requests: retry after %d", seconds), "parameters": map[string]any{"retry_after": seconds},
	}).with("Retry-After", strconv.Itoa(seconds))
}

// basicGroup is the id of a group that became a supergroup.
var basicGroup = regexp.MustCompile(`^-\d{1,6}$`)

func (t *telegram) take(r *http.Request, body []byte) outcome {
	var n node
	if json.Unmarshal(body, &n.value) != nil || !n.isObject() {
		return outcome{answer: telegramError(http.StatusBadRequest, "Bad Request: can't parse request JSON object")}
	}
	chat, bad := n.get("chat_id").text(), func(words string) outcome {
		return outcome{answer: telegramError(http.StatusBadRequest, "Bad Request: "+words)}
	}
	switch {
	case chat == "":
		return bad("chat_id is empty")
	case strings.HasPrefix(chat, "@no_such"):
		return bad("chat not found")
	case strings.HasPrefix(chat, "@kicked"):
		return outcome{answer: telegramError(http.StatusForbidden, "Forbidden: bot was kicked from the supergroup chat")}
	case basicGroup.MatchString(chat):
		id, _ := strconv.ParseInt("-100"+chat[1:], 10, 64)
		return outcome{answer: jsonAnswer(http.StatusBadRequest, map[string]any{
			"ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat", "parameters": map[string]any{"migrate_to_chat_id": id},
		})}
	case strings.HasSuffix(r.URL.Path, "/getChat"):
		return outcome{aside: true, answer: jsonAnswer(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"id": chat}})}
	}
	shown, fault := telegramText(n)
	if fault != "" {
		return bad(fault)
	}
	return t.put(n, chat, shown, strings.HasSuffix(r.URL.Path, "/editMessageText"))
}

// put posts or edits a message.
func (t *telegram) put(n node, chat, shown string, edit bool) outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	number, _ := n.get("message_id").value.(float64)
	first, _ := n.get("reply_parameters").get("message_id").value.(float64)
	lenient, _ := n.get("reply_parameters").get("allow_sending_without_reply").value.(bool)
	key := func(number float64) string { return fmt.Sprintf("%s %.0f", chat, number) }
	earlier, known := t.posted[key(number)]
	_, replied := t.posted[key(first)]
	text := n.get("text").text()
	o := outcome{notes: telegramNotes(shown)}
	switch {
	case edit && !known:
		return outcome{answer: telegramError(http.StatusBadRequest, "Bad Request: message to edit not found")}
	case edit && earlier == text:
		return outcome{aside: true, answer: telegramError(http.StatusBadRequest, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")}
	case edit:
		o.edits = key(number)
	case n.get("message_thread_id").value == float64(1):
		return outcome{answer: telegramError(http.StatusBadRequest, "Bad Request: message thread not found")}
	case first != 0 && !replied && !lenient:
		return outcome{answer: telegramError(http.StatusBadRequest, "Bad Request: message to be replied not found")}
	default:
		t.last++
		number = float64(t.last)
		if replied {
			o.thread = key(first)
		}
		if len(t.posted) >= maxKnown {
			clear(t.posted)
		}
	}
	t.posted[key(number)], o.id = text, key(number)
	o.answer = jsonAnswer(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"message_id": int64(number), "date": t.now().Unix(), "text": shown}})
	return o
}

var (
	anyTag   = regexp.MustCompile(`<[^>]*>?`)
	knownTag = regexp.MustCompile(`^<(/?(?:b|i|u|s|code|pre|a|tg-spoiler|blockquote)|a href="[^"<>]*")>$`)
)

// telegramText is what is shown of a message, or what is wrong with it.
func telegramText(n node) (shown, fault string) {
	text := n.get("text").text()
	if n.get("parse_mode").text() == "HTML" {
		var open []string
		for _, tag := range anyTag.FindAllString(text, -1) {
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
		text = html.UnescapeString(anyTag.ReplaceAllString(text, ""))
	}
	switch text = strings.TrimSpace(text); {
	case text == "":
		return "", "message text is empty"
	case utf16Units(text) > telegramMaxText:
		return "", "message is too long"
	}
	return text, ""
}

// live is what Telegram makes more of than text.
var live = regexp.MustCompile(`(?:^|\s)(@\w{4,}|#\w+|/[a-z]\w*)|(?:https?://\S+)`)

// telegramNotes says what data may have done.
func telegramNotes(shown string) []string {
	var notes []string
	for _, found := range live.FindAllString(shown, -1) {
		notes = append(notes, "acts: "+strings.TrimSpace(found))
	}
	return notes
}
