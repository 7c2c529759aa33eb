package wall

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// discordForumHook is the id of the webhook whose channel is a forum.
	discordForumHook = "1320000000000000001"

	discordBotChannel = "1330000000000000001"
	discordBotToken   = "MTMzMDAwMDAwMDAwMDAwMDAwMQ.wall-demo.bot-token-0001"

	// maxKnown bounds what is known of earlier messages.
	maxKnown = 100_000
)

// discordBotPlatform emulates what a bot does with messages and threads:
// https://docs.discord.com/developers/resources/message
func discordBotPlatform(d *discord) *platform {
	quota := newQuota(window{5, 5 * time.Second})
	return &platform{
		name: Discord,
		patterns: []string{
			"POST /api/{version}/channels/{channel}/messages",
			"PATCH /api/{version}/channels/{channel}/messages/{message}",
			"POST /api/{version}/channels/{channel}/messages/{message}/threads",
			"PATCH /api/{version}/channels/{channel}",
		},
		address: func(r *http.Request, _ []byte) string { return r.PathValue("channel") },
		door: func(r *http.Request) *answer {
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bot "); !ok || len(token) < 20 {
				return refuse(discordError(http.StatusUnauthorized, 0, "401: Unauthorized"))
			}
			return nil
		},
		take: d.takeFromBot,
		accept: func(r *http.Request) answer {
			return jsonAnswer(http.StatusOK, map[string]any{"id": d.snowflake(), "channel_id": r.PathValue("channel")})
		},
		limited: discordLimited,
		quota:   quota,
		dress:   func(a answer, address string) answer { return discordDress(a, quota, address, d.now()) },
		words:   discordWords(),
	}
}

func (d *discord) takeFromBot(r *http.Request, body []byte) outcome {
	var payload any
	if json.Unmarshal(body, &payload) != nil {
		return outcome{answer: discordError(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")}
	}
	n := node{value: payload}
	channel, message := r.PathValue("channel"), r.PathValue("message")
	switch {
	case strings.HasSuffix(r.URL.Path, "/threads"):
		return d.startThread(channel, message, n)
	case !d.isChannel(channel):
		d.mu.Lock()
		defer d.mu.Unlock()
		_, asks := d.channel[channel] // whether the message has a thread already
		return outcome{answer: discordWords()["10003"], aside: asks}
	case !strings.Contains(r.URL.Path, "/messages"):
		return outcome{aside: true, answer: jsonAnswer(http.StatusOK, map[string]any{"id": channel})}
	}
	if refusal := checkDiscord(n); refusal != nil {
		return outcome{answer: *refusal}
	}
	if message != "" {
		return d.edit(channel, message, n)
	}
	return d.postFromBot(r, channel, n)
}

func (d *discord) postFromBot(r *http.Request, channel string, n node) outcome {
	nonce := n.get("nonce").text()
	if len(nonce) > 25 {
		wrong := formErrors{}
		wrong.add([]string{"nonce"}, "NONCE_TYPE_TOO_LONG", "Nonce is too long.")
		return outcome{answer: wrong.answer()}
	}
	d.mu.Lock()
	earlier, again := d.nonces[nonce]
	d.mu.Unlock()
	if enforce, _ := n.get("enforce_nonce").value.(bool); again && enforce && nonce != "" {
		return outcome{answer: earlier, repeated: true}
	}
	thread := ""
	if d.isThread(channel) {
		thread = channel
	}
	id := d.snowflake()
	o := outcome{id: id, thread: thread, notes: discordNotes(r, n), answer: jsonAnswer(http.StatusOK, d.message(n, id, channel, discordBotChannel))}
	d.remember(id, channel, thread, "")
	d.mu.Lock()
	d.nonces[nonce] = o.answer
	d.mu.Unlock()
	return o
}

// startThread opens a thread at a message; it has the message's id.
func (d *discord) startThread(channel, message string, n node) outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := n.get("name").text()
	switch _, there := d.threads[message]; {
	case d.channel[message] != channel:
		return outcome{answer: discordWords()["10008"]}
	case there:
		return outcome{aside: true, answer: discordError(http.StatusBadRequest, 160004, "A thread has already been created for this message")}
	case name == "" || utf16Units(name) > 100:
		wrong := formErrors{}
		wrong.add([]string{"name"}, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
		return outcome{answer: wrong.answer()}
	}
	d.threads[message] = name
	return outcome{aside: true, answer: jsonAnswer(http.StatusCreated, map[string]any{"id": message, "name": name, "parent_id": channel, "type": 11})}
}

// edit puts a message in the place of an earlier one.
func (d *discord) edit(channel, id string, n node) outcome {
	d.mu.Lock()
	at := d.channel[id]
	d.mu.Unlock()
	if at != channel {
		return outcome{answer: discordWords()["10008"]}
	}
	return outcome{id: id, edits: id, answer: jsonAnswer(http.StatusOK, d.message(n, id, channel, channel))}
}

// isChannel tells whether an id is of a channel: of any but a message that has no
// thread.
func (d *discord) isChannel(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, message := d.channel[id]
	_, thread := d.threads[id]
	_, err := strconv.ParseUint(id, 10, 64)
	return err == nil && len(id) >= 17 && (!message || thread)
}

func (d *discord) isThread(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, thread := d.threads[id]
	return thread
}

// remember notes a message and, if it opens one, the name of its thread.
func (d *discord) remember(id, channel, thread, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.channel) >= maxKnown {
		clear(d.channel)
		clear(d.threads)
		clear(d.nonces)
	}
	d.channel[id] = channel
	if name != "" {
		d.threads[thread] = name
	}
}
