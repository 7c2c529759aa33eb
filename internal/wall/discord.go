package wall

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
)

// discordEpoch is the first millisecond of Discord's ids, 2015-01-01 UTC:
// https://docs.discord.com/developers/reference#snowflakes
const discordEpoch = 1420070400000

// discord makes ids of messages and their answers, and knows what was posted.
type discord struct {
	now  func() time.Time
	last atomic.Uint64 // counts messages, so that ids of one millisecond differ

	mu      sync.Mutex        // guards what follows
	channel map[string]string // of messages, by id: the channel or thread that they are in
	threads map[string]string // names, by id
	nonces  map[string]answer // of bots' messages
}

func newDiscord(now func() time.Time) *discord {
	return &discord{now: now, channel: map[string]string{}, threads: map[string]string{}, nonces: map[string]answer{}}
}

// discordPlatform emulates Discord's webhooks:
// https://docs.discord.com/developers/resources/webhook#execute-webhook
func discordPlatform(d *discord) *platform {
	// Both windows were observed, and the second one by Discord's staff:
	// https://github.com/discord/discord-api-docs/issues/367
	quota := newQuota(window{5, 2 * time.Second}, window{30, time.Minute})
	return &platform{
		name: Discord,
		patterns: []string{
			"POST /api/webhooks/{id}/{token}", "POST /api/{version}/webhooks/{id}/{token}",
			"PATCH /api/{version}/webhooks/{id}/{token}/messages/{message}",
		},
		address: func(r *http.Request, _ []byte) string { return r.PathValue("id") },
		door:    discordDoor(),
		take:    d.take,
		accept:  d.accept,
		limited: discordLimited,
		quota:   quota,
		dress:   func(a answer, address string) answer { return discordDress(a, quota, address, d.now()) },
		words:   discordWords(),
	}
}

// discordLimited is Discord's answer to too many messages: whole seconds in the
// header, a fraction in the body.
func discordLimited(wait time.Duration) answer {
	seconds := math.Round(wait.Seconds()*1000) / 1000
	return jsonAnswer(http.StatusTooManyRequests, map[string]any{
		"message": "You are being rate limited.", "retry_after": seconds, "global": false,
	}).with("Retry-After", strconv.Itoa(max(1, int(math.Ceil(seconds))))).
		with("X-RateLimit-Scope", "user").
		with("X-RateLimit-Remaining", "0").
		with("X-RateLimit-Reset-After", strconv.FormatFloat(seconds, 'f', 3, 64))
}

// discordDress adds the rate limit headers, which every answer has. Where the
// limit is not enforced they always show room.
func discordDress(a answer, q *quota, address string, now time.Time) answer {
	if a.status == http.StatusTooManyRequests {
		return a
	}
	remaining, reset := q.left(address, now)
	if reset <= 0 {
		reset = time.Second
	}
	return a.with("X-RateLimit-Limit", strconv.Itoa(q.windows[0].messages)).
		with("X-RateLimit-Remaining", strconv.Itoa(remaining)).
		with("X-RateLimit-Reset", strconv.FormatFloat(float64(now.Add(reset).UnixMilli())/1000, 'f', 3, 64)).
		with("X-RateLimit-Reset-After", strconv.FormatFloat(reset.Seconds(), 'f', 3, 64)).
		with("X-RateLimit-Bucket", "a5b1c3d7e9f2")
}

func discordError(status, code int, message string) answer {
	return jsonAnswer(status, map[string]any{"message": message, "code": code})
}

// discordWords are errors from
// https://docs.discord.com/developers/topics/opcodes-and-status-codes
func discordWords() map[string]answer {
	words := map[string]answer{
		"10003":  discordError(http.StatusNotFound, 10003, "Unknown Channel"),
		"10015":  discordError(http.StatusNotFound, 10015, "Unknown Webhook"),
		"20016":  discordError(http.StatusTooManyRequests, 20016, "This action cannot be performed due to slowmode rate limit"),
		"40005":  discordError(http.StatusRequestEntityTooLarge, 40005, "Request entity too large"),
		"50001":  discordError(http.StatusForbidden, 50001, "Missing Access"),
		"50006":  discordError(http.StatusBadRequest, 50006, "Cannot send an empty message"),
		"50013":  discordError(http.StatusForbidden, 50013, "Missing Permissions"),
		"50027":  discordError(http.StatusUnauthorized, 50027, "Invalid Webhook Token"),
		"10008":  discordError(http.StatusNotFound, 10008, "Unknown Message"),
		"30046":  discordError(http.StatusTooManyRequests, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
		"50083":  discordError(http.StatusBadRequest, 50083, "Thread is archived"),
		"220003": discordError(http.StatusBadRequest, 220003, "Webhooks can only create threads in forum channels"),
		"220001": discordError(http.StatusBadRequest, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id"),
		"240000": discordError(http.StatusBadRequest, 240000, "Message blocked by harmful links filter"),
		"500":    discordError(http.StatusInternalServerError, 0, "500: Internal Server Error"),
	}
	tooLong := formErrors{}
	tooLong.add([]string{"embeds", "0", "title"}, "BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.")
	words["50035"] = tooLong.answer()
	for status, code := range map[string]string{"400": "50035", "401": "50027", "403": "50013", "404": "10015", "413": "40005"} {
		words[status] = words[code]
	}
	return words
}

// discordDoor refuses addresses that are no webhook's.
func discordDoor() func(*http.Request) *answer {
	version, token := regexp.MustCompile(`^(v([6-9]|10))?$`), regexp.MustCompile(`^[A-Za-z0-9_-]{8,}$`)
	return func(r *http.Request) *answer {
		id := r.PathValue("id")
		switch _, err := strconv.ParseUint(id, 10, 64); {
		case !version.MatchString(r.PathValue("version")):
			return refuse(discordError(http.StatusBadRequest, 50041, "Invalid API version"))
		case err != nil || len(id) < 17:
			wrong := formErrors{}
			wrong.add([]string{"webhook_id"}, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", id))
			return refuse(wrong.answer())
		case !token.MatchString(r.PathValue("token")):
			return refuse(discordError(http.StatusUnauthorized, 50027, "Invalid Webhook Token"))
		}
		return nil
	}
}

func (d *discord) take(r *http.Request, body []byte) outcome {
	var payload any
	if json.Unmarshal(body, &payload) != nil {
		return outcome{answer: discordError(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")}
	}
	n := node{value: payload}
	if refusal := checkDiscord(n); refusal != nil {
		return outcome{answer: *refusal}
	}
	thread := r.URL.Query().Get("thread_id")
	if edited := r.PathValue("message"); edited != "" {
		return d.edit(cmp.Or(thread, r.PathValue("id")), edited, n)
	}
	fresh := ""
	if name := n.get("thread_name").text(); r.PathValue("id") == discordForumHook {
		switch {
		case thread == "" && name == "":
			return outcome{answer: discordWords()["220001"]}
		case thread == "":
			fresh = name
		case !d.isThread(thread):
			return outcome{answer: discordWords()["10003"]}
		}
	} else if name != "" {
		return outcome{answer: discordWords()["220003"]}
	}
	id := d.snowflake()
	if fresh != "" {
		thread = id // a post has the id of its first message
	}
	d.remember(id, cmp.Or(thread, r.PathValue("id")), thread, fresh)
	return outcome{id: id, thread: thread, notes: discordNotes(r, n), answer: d.posted(r, n, id, cmp.Or(thread, r.PathValue("id")))}
}

func (d *discord) accept(r *http.Request) answer {
	return d.posted(r, node{}, d.snowflake(), r.PathValue("id"))
}

// snowflake gives a new id: milliseconds, then a counter.
func (d *discord) snowflake() string {
	ms := uint64(max(0, d.now().UnixMilli()-discordEpoch))
	return strconv.FormatUint(ms<<22|d.last.Add(1)&0x3fffff, 10)
}

// posted is the answer to an accepted message: the message when the sender
// waits for it, else nothing.
func (d *discord) posted(r *http.Request, n node, id, channel string) answer {
	if wait := r.URL.Query().Get("wait"); wait != "true" && wait != "1" {
		return answer{status: http.StatusNoContent}
	}
	message := d.message(n, id, channel, r.PathValue("id"))
	message["webhook_id"] = r.PathValue("id")
	return jsonAnswer(http.StatusOK, message)
}

// message is a message as Discord gives it back.
func (d *discord) message(n node, id, channel, author string) map[string]any {
	message := map[string]any{
		"id": id, "type": 0, "channel_id": channel, "content": "",
		"author":   map[string]any{"id": author, "username": "Absorb", "avatar": nil, "bot": true, "discriminator": "0000"},
		"embeds":   []any{},
		"mentions": []any{}, "mention_roles": []any{}, "mention_everyone": false,
		"attachments": []any{}, "components": []any{}, "flags": 0, "pinned": false, "tts": false,
		"timestamp": d.now().UTC().Format("2006-01-02T15:04:05.000000+00:00"), "edited_timestamp": nil,
	}
	if sent, ok := n.value.(map[string]any); ok {
		for key, value := range maps.All(sent) {
			if _, echoed := message[key]; echoed && value != nil {
				message[key] = value
			}
		}
	}
	return message
}

// discordNotes says what Discord does to an accepted message that its sender
// would hardly want.
func discordNotes(r *http.Request, n node) []string {
	var notes []string
	if !n.get("allowed_mentions").present() {
		notes = append(notes, "no allowed_mentions: <@…> in data notifies people")
	} else if n.get("allowed_mentions").get("parse").present() && len(n.get("allowed_mentions").get("parse").items()) > 0 {
		notes = append(notes, "allowed_mentions lets data notify people")
	}
	if !validDiscordAgent(r.Header.Get("User-Agent")) {
		notes = append(notes, "User-Agent is not of the form DiscordBot ($url, $version): Cloudflare may block it")
	}
	return notes
}

func validDiscordAgent(agent string) bool {
	var rest string
	_, err := fmt.Sscanf(agent, "DiscordBot (%s", &rest)
	return err == nil
}
