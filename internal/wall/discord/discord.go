// Package discord emulates Discord: webhooks and what a bot does with messages and
// threads.
package discord

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "discord"

// epoch is the first millisecond of Discord's ids, 2015-01-01 UTC:
// https://docs.discord.com/developers/reference#snowflakes
const epoch = 1420070400000

// Server makes ids of messages and their answers, and knows what was posted.
type Server struct {
	now  func() time.Time
	last atomic.Uint64 // counts messages, so that ids of one millisecond differ

	mu      sync.Mutex                 // guards what follows
	channel map[string]string          // of messages, by id: the channel or thread that they are in
	threads map[string]string          // names, by id
	nonces  map[string]platform.Answer // of bots' messages
}

// NewServer makes a server without messages.
func NewServer(now func() time.Time) *Server {
	return &Server{now: now, channel: map[string]string{}, threads: map[string]string{}, nonces: map[string]platform.Answer{}}
}

// NewWebhook emulates Discord's webhooks:
// https://docs.discord.com/developers/resources/webhook#execute-webhook
func NewWebhook(d *Server) *platform.Platform {
	// Both windows were observed, and the second one by Discord's staff:
	// https://github.com/discord/discord-api-docs/issues/367
	quota := platform.NewQuota(platform.Window{Messages: 5, Length: 2 * time.Second}, platform.Window{Messages: 30, Length: time.Minute})
	return &platform.Platform{
		Name: Name,
		Patterns: []string{
			"POST /api/webhooks/{id}/{token}", "POST /api/{version}/webhooks/{id}/{token}",
			"PATCH /api/{version}/webhooks/{id}/{token}/messages/{message}",
		},
		Address:    func(r *http.Request, _ []byte) string { return r.PathValue("id") },
		Authorize:  authorize(),
		Judge:      d.judge,
		Count:      d.accept,
		Limited:    limited,
		Quota:      quota,
		AddHeaders: func(a platform.Answer, address string) platform.Answer { return withQuota(a, quota, address, d.now()) },
		Errors:     errorAnswers(),
	}
}

// limited is Discord's answer to too many messages: whole seconds in the
// header, a fraction in the body.
func limited(wait time.Duration) platform.Answer {
	seconds := math.Round(wait.Seconds()*1000) / 1000
	return platform.JSON(http.StatusTooManyRequests, map[string]any{
		"message": "You are being rate limited.", "retry_after": seconds, "global": false,
	}).With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(seconds))))).
		With("X-RateLimit-Scope", "user").
		With("X-RateLimit-Remaining", "0").
		With("X-RateLimit-Reset-After", strconv.FormatFloat(seconds, 'f', 3, 64))
}

// withQuota adds the rate limit headers, which every answer has. Where the
// limit is not enforced they always show room.
func withQuota(a platform.Answer, q *platform.Quota, address string, now time.Time) platform.Answer {
	if a.Status == http.StatusTooManyRequests {
		return a
	}
	remaining, reset := q.Left(address, now)
	if reset <= 0 {
		reset = time.Second
	}
	return a.With("X-RateLimit-Limit", strconv.Itoa(q.Windows[0].Messages)).
		With("X-RateLimit-Remaining", strconv.Itoa(remaining)).
		With("X-RateLimit-Reset", strconv.FormatFloat(float64(now.Add(reset).UnixMilli())/1000, 'f', 3, 64)).
		With("X-RateLimit-Reset-After", strconv.FormatFloat(reset.Seconds(), 'f', 3, 64)).
		With("X-RateLimit-Bucket", "a5b1c3d7e9f2")
}

func errorAnswer(status, code int, message string) platform.Answer {
	return platform.JSON(status, map[string]any{"message": message, "code": code})
}

// errorAnswers are errors from
// https://docs.discord.com/developers/topics/opcodes-and-status-codes
func errorAnswers() map[string]platform.Answer {
	words := map[string]platform.Answer{
		"10003":  errorAnswer(http.StatusNotFound, 10003, "Unknown Channel"),
		"10015":  errorAnswer(http.StatusNotFound, 10015, "Unknown Webhook"),
		"20016":  errorAnswer(http.StatusTooManyRequests, 20016, "This action cannot be performed due to slowmode rate limit"),
		"40005":  errorAnswer(http.StatusRequestEntityTooLarge, 40005, "Request entity too large"),
		"50001":  errorAnswer(http.StatusForbidden, 50001, "Missing Access"),
		"50006":  errorAnswer(http.StatusBadRequest, 50006, "Cannot send an empty message"),
		"50013":  errorAnswer(http.StatusForbidden, 50013, "Missing Permissions"),
		"50027":  errorAnswer(http.StatusUnauthorized, 50027, "Invalid Webhook Token"),
		"10008":  errorAnswer(http.StatusNotFound, 10008, "Unknown Message"),
		"30046":  errorAnswer(http.StatusTooManyRequests, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
		"50083":  errorAnswer(http.StatusBadRequest, 50083, "Thread is archived"),
		"220003": errorAnswer(http.StatusBadRequest, 220003, "Webhooks can only create threads in forum channels"),
		"220001": errorAnswer(http.StatusBadRequest, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id"),
		"240000": errorAnswer(http.StatusBadRequest, 240000, "Message blocked by harmful links filter"),
		"500":    errorAnswer(http.StatusInternalServerError, 0, "500: Internal Server Error"),
	}
	tooLong := formErrors{}
	tooLong.add([]string{"embeds", "0", "title"}, "BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.")
	words["50035"] = tooLong.answer()
	for status, code := range map[string]string{"400": "50035", "401": "50027", "403": "50013", "404": "10015", "413": "40005"} {
		words[status] = words[code]
	}
	return words
}

// authorize refuses addresses that are no webhook's.
func authorize() func(*http.Request) *platform.Answer {
	version, token := regexp.MustCompile(`^(v([6-9]|10))?$`), regexp.MustCompile(`^[A-Za-z0-9_-]{8,}$`)
	return func(r *http.Request) *platform.Answer {
		id := r.PathValue("id")
		switch _, err := strconv.ParseUint(id, 10, 64); {
		case !version.MatchString(r.PathValue("version")):
			return platform.Refuse(errorAnswer(http.StatusBadRequest, 50041, "Invalid API version"))
		case err != nil || len(id) < 17:
			wrong := formErrors{}
			wrong.add([]string{"webhook_id"}, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", id))
			return platform.Refuse(wrong.answer())
		case !token.MatchString(r.PathValue("token")):
			return platform.Refuse(errorAnswer(http.StatusUnauthorized, 50027, "Invalid Webhook Token"))
		}
		return nil
	}
}

func (d *Server) judge(r *http.Request, body []byte) platform.Outcome {
	var payload any
	if json.Unmarshal(body, &payload) != nil {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")}
	}
	n := platform.Node{Value: payload}
	if refusal := check(n); refusal != nil {
		return platform.Outcome{Answer: *refusal}
	}
	thread := r.URL.Query().Get("thread_id")
	if edited := r.PathValue("message"); edited != "" {
		return d.edit(cmp.Or(thread, r.PathValue("id")), edited, n)
	}
	fresh := ""
	if name := n.Get("thread_name").Text(); r.PathValue("id") == ForumHook {
		switch {
		case thread == "" && name == "":
			return platform.Outcome{Answer: errorAnswers()["220001"]}
		case thread == "":
			fresh = name
		case !d.isThread(thread):
			return platform.Outcome{Answer: errorAnswers()["10003"]}
		}
	} else if name != "" {
		return platform.Outcome{Answer: errorAnswers()["220003"]}
	}
	id := d.snowflake()
	if fresh != "" {
		thread = id // a post has the id of its first message
	}
	d.remember(id, cmp.Or(thread, r.PathValue("id")), thread, fresh)
	return platform.Outcome{ID: id, Thread: thread, Notes: notes(r, n), Answer: d.posted(r, n, id, cmp.Or(thread, r.PathValue("id")))}
}

func (d *Server) accept(r *http.Request) platform.Answer {
	return d.posted(r, platform.Node{}, d.snowflake(), r.PathValue("id"))
}

// snowflake gives a new id: milliseconds, then a counter.
func (d *Server) snowflake() string {
	ms := uint64(max(0, d.now().UnixMilli()-epoch))
	return strconv.FormatUint(ms<<22|d.last.Add(1)&0x3fffff, 10)
}

// posted is the answer to an accepted message: the message when the sender
// waits for it, else nothing.
func (d *Server) posted(r *http.Request, n platform.Node, id, channel string) platform.Answer {
	if wait := r.URL.Query().Get("wait"); wait != "true" && wait != "1" {
		return platform.Answer{Status: http.StatusNoContent}
	}
	message := d.message(n, id, channel, r.PathValue("id"))
	message["webhook_id"] = r.PathValue("id")
	return platform.JSON(http.StatusOK, message)
}

// message is a message as Discord gives it back.
func (d *Server) message(n platform.Node, id, channel, author string) map[string]any {
	message := map[string]any{
		"id": id, "type": 0, "channel_id": channel, "content": "",
		"author":   map[string]any{"id": author, "username": "Absorb", "avatar": nil, "bot": true, "discriminator": "0000"},
		"embeds":   []any{},
		"mentions": []any{}, "mention_roles": []any{}, "mention_everyone": false,
		"attachments": []any{}, "components": []any{}, "flags": 0, "pinned": false, "tts": false,
		"timestamp": d.now().UTC().Format("2006-01-02T15:04:05.000000+00:00"), "edited_timestamp": nil,
	}
	if sent, ok := n.Value.(map[string]any); ok {
		for key, value := range maps.All(sent) {
			if _, echoed := message[key]; echoed && value != nil {
				message[key] = value
			}
		}
	}
	return message
}

// notes says what Discord does to an accepted message that its sender
// would hardly want.
func notes(r *http.Request, n platform.Node) []string {
	var notes []string
	if !n.Get("allowed_mentions").Present() {
		notes = append(notes, "no allowed_mentions: <@…> in data notifies people")
	} else if n.Get("allowed_mentions").Get("parse").Present() && len(n.Get("allowed_mentions").Get("parse").Items()) > 0 {
		notes = append(notes, "allowed_mentions lets data notify people")
	}
	if !validAgent(r.Header.Get("User-Agent")) {
		notes = append(notes, "User-Agent is not of the form DiscordBot ($url, $version): Cloudflare may block it")
	}
	return notes
}

func validAgent(agent string) bool {
	var rest string
	_, err := fmt.Sscanf(agent, "DiscordBot (%s", &rest)
	return err == nil
}
