package discord

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

const (
	// ForumHook is the id of the webhook whose channel is a forum.
	ForumHook = "1320000000000000001"

	// BotChannel is a channel that the bot may write to.
	BotChannel = "1330000000000000001"

	// BotToken is the bot's token.
	BotToken = "MTMzMDAwMDAwMDAwMDAwMDAwMQ.wall-demo.bot-token-0001"
)

// NewBot emulates what a bot does with messages and threads:
// https://docs.discord.com/developers/resources/message
func NewBot(d *Server) *platform.Platform {
	quota := platform.NewQuota(platform.Window{Messages: 5, Length: 5 * time.Second})
	return &platform.Platform{
		Name: Name,
		Patterns: []string{
			"POST /api/{version}/channels/{channel}/messages",
			"PATCH /api/{version}/channels/{channel}/messages/{message}",
			"POST /api/{version}/channels/{channel}/messages/{message}/threads",
			"PATCH /api/{version}/channels/{channel}",
		},
		Address: func(r *http.Request, _ []byte) string { return r.PathValue("channel") },
		Authorize: func(r *http.Request) *platform.Answer {
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bot "); !ok || len(token) < 20 {
				return platform.Refuse(errorAnswer(http.StatusUnauthorized, 0, "401: Unauthorized"))
			}
			return nil
		},
		Judge: d.judgeBot,
		Count: func(r *http.Request) platform.Answer {
			return platform.JSON(http.StatusOK, map[string]any{"id": d.snowflake(), "channel_id": r.PathValue("channel")})
		},
		Limited:    limited,
		Quota:      quota,
		AddHeaders: func(a platform.Answer, address string) platform.Answer { return withQuota(a, quota, address, d.now()) },
		Errors:     errorAnswers(),
	}
}

func (d *Server) judgeBot(r *http.Request, body []byte) platform.Outcome {
	var payload any
	if json.Unmarshal(body, &payload) != nil {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")}
	}
	n := platform.Node{Value: payload}
	channel, message := r.PathValue("channel"), r.PathValue("message")
	switch {
	case strings.HasSuffix(r.URL.Path, "/threads"):
		return d.startThread(channel, message, n)
	case !d.isChannel(channel):
		d.mu.Lock()
		defer d.mu.Unlock()
		_, asks := d.channel[channel] // whether the message has a thread already
		return platform.Outcome{Answer: errorAnswers()["10003"], NoMessage: asks}
	case !strings.Contains(r.URL.Path, "/messages"):
		return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusOK, map[string]any{"id": channel})}
	}
	if refusal := check(n); refusal != nil {
		return platform.Outcome{Answer: *refusal}
	}
	if message != "" {
		return d.edit(channel, message, n)
	}
	return d.postFromBot(r, channel, n)
}

func (d *Server) postFromBot(r *http.Request, channel string, n platform.Node) platform.Outcome {
	nonce := n.Get("nonce").Text()
	if len(nonce) > 25 {
		wrong := formErrors{}
		wrong.add([]string{"nonce"}, "NONCE_TYPE_TOO_LONG", "Nonce is too long.")
		return platform.Outcome{Answer: wrong.answer()}
	}
	d.mu.Lock()
	earlier, again := d.nonces[nonce]
	d.mu.Unlock()
	if enforce, _ := n.Get("enforce_nonce").Value.(bool); again && enforce && nonce != "" {
		return platform.Outcome{Answer: earlier, Repeated: true}
	}
	thread := ""
	if d.isThread(channel) {
		thread = channel
	}
	id := d.snowflake()
	o := platform.Outcome{ID: id, Thread: thread, Notes: notes(r, n), Answer: platform.JSON(http.StatusOK, d.message(n, id, channel, BotChannel))}
	d.remember(id, channel, thread, "")
	d.mu.Lock()
	d.nonces[nonce] = o.Answer
	d.mu.Unlock()
	return o
}

// startThread opens a thread at a message; it has the message's id.
func (d *Server) startThread(channel, message string, n platform.Node) platform.Outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := n.Get("name").Text()
	switch _, there := d.threads[message]; {
	case d.channel[message] != channel:
		return platform.Outcome{Answer: errorAnswers()["10008"]}
	case there:
		return platform.Outcome{NoMessage: true, Answer: errorAnswer(http.StatusBadRequest, 160004, "A thread has already been created for this message")}
	case name == "" || platform.UTF16Units(name) > 100:
		wrong := formErrors{}
		wrong.add([]string{"name"}, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
		return platform.Outcome{Answer: wrong.answer()}
	}
	d.threads[message] = name
	return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusCreated, map[string]any{"id": message, "name": name, "parent_id": channel, "type": 11})}
}

// edit replaces an earlier message.
func (d *Server) edit(channel, id string, n platform.Node) platform.Outcome {
	d.mu.Lock()
	at := d.channel[id]
	d.mu.Unlock()
	if at != channel {
		return platform.Outcome{Answer: errorAnswers()["10008"]}
	}
	return platform.Outcome{ID: id, Edits: id, Answer: platform.JSON(http.StatusOK, d.message(n, id, channel, channel))}
}

// isChannel tells whether an id is of a channel: of any but a message that has no
// thread.
func (d *Server) isChannel(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, message := d.channel[id]
	_, thread := d.threads[id]
	_, err := strconv.ParseUint(id, 10, 64)
	return err == nil && len(id) >= 17 && (!message || thread)
}

func (d *Server) isThread(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, thread := d.threads[id]
	return thread
}

// remember notes a message and, if it opens one, the name of its thread.
func (d *Server) remember(id, channel, thread, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.channel) >= platform.MaxRemembered {
		clear(d.channel)
		clear(d.threads)
		clear(d.nonces)
	}
	d.channel[id] = channel
	if name != "" {
		d.threads[thread] = name
	}
}
