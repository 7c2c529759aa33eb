package wall

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

const slackBotToken = "xoxb-0WALLDEMO01-f2Kq8ZpXw1LdVt6YbN3rJm7c"

// slackAPI is a workspace as its Web API knows it. Everybody has an account whose
// address does not begin with "nobody"; every channel exists but those that begin
// with "no-such" or, archived, with "archived".
type slackAPI struct {
	now func() time.Time

	mu       sync.Mutex        // guards what follows
	last     int               // counts messages
	posted   map[string]bool   // by channel and ts
	people   map[string]string // addresses, by the id of the person or of the conversation
	channels map[string]string // names, by id
}

// slackAPIPlatform emulates what a bot needs of Slack's Web API:
// https://docs.slack.dev/reference/methods/chat.postMessage
func slackAPIPlatform(now func() time.Time) *platform {
	s := &slackAPI{now: now, posted: map[string]bool{}, people: map[string]string{}, channels: map[string]string{}}
	return &platform{
		name: Slack,
		patterns: []string{
			"POST /api/chat.postMessage", "POST /api/chat.update", "POST /api/users.lookupByEmail", "POST /api/conversations.open",
		},
		address: s.address,
		door:    slackAPIDoor,
		take:    s.take,
		accept: func(*http.Request) answer {
			return jsonAnswer(http.StatusOK, map[string]any{"ok": true, "channel": "C0COUNTED", "ts": "1503435956.000247"})
		},
		limited: func(wait time.Duration) answer {
			limited := slackLimited(wait)
			limited.body = `{"ok":false,"error":"ratelimited"}`
			return limited
		},
		// One message a second in a channel, with short bursts; lookups are of tier 3.
		quota: newQuota(window{5, 5 * time.Second}),
		words: slackAPIWords(),
	}
}

func slackError(word string) answer {
	a := jsonAnswer(http.StatusOK, map[string]any{"ok": false, "error": word})
	a.refused = true
	return a
}

// slackAPIWords are errors of the Web API. As modes of faults they begin with "api-",
// since webhooks have some of the same words in another form.
func slackAPIWords() map[string]answer {
	words := map[string]answer{}
	for _, word := range []string{
		"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "msg_too_long", "msg_blocks_too_long", "no_text", "invalid_blocks",
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "ratelimited", "message_limit_exceeded", "fatal_error", "internal_error",
		"message_not_found", "cant_update_message", "edit_window_closed", "users_not_found", "user_not_found", "team_added_to_org",
	} {
		words["api-"+word] = slackError(word)
	}
	words["api-missing_scope"] = jsonAnswer(http.StatusOK, map[string]any{"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "users:read"})
	words["413"] = slackError("msg_too_long")
	return words
}

// address is the channel that a call is about, by its name if it has one; questions
// share one address.
func (s *slackAPI) address(r *http.Request, body []byte) string {
	var keys struct{ Channel string }
	if json.Unmarshal(body, &keys) != nil || keys.Channel == "" {
		return path.Base(r.URL.Path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if email := s.people[keys.Channel]; email != "" {
		return "@" + email
	}
	if name := s.channels[keys.Channel]; name != "" {
		return name
	}
	return keys.Channel
}

func slackAPIDoor(r *http.Request) *answer {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		return refuse(slackError("not_authed"))
	case !strings.HasPrefix(token, "xoxb-"):
		return refuse(slackError("invalid_auth"))
	}
	return nil
}

func (s *slackAPI) take(r *http.Request, body []byte) outcome {
	form, _ := url.ParseQuery(string(body))
	switch method := path.Base(r.URL.Path); method {
	case "users.lookupByEmail":
		return s.lookUp(form.Get("email"))
	case "conversations.open":
		return s.open(form.Get("users"))
	default:
		var payload map[string]any
		if json.Unmarshal(body, &payload) != nil {
			return outcome{answer: slackError("invalid_json")}
		}
		return s.takeMessage(method, node{value: payload})
	}
}

// lookUp says who has an address. That nobody has is an answer, too.
func (s *slackAPI) lookUp(email string) outcome {
	if !strings.Contains(email, "@") || strings.HasPrefix(email, "nobody") {
		return outcome{aside: true, answer: slackError("users_not_found")}
	}
	user := slackID("U", strings.ToLower(email))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[user] = email
	return outcome{aside: true, answer: jsonAnswer(http.StatusOK, map[string]any{"ok": true, "user": map[string]any{"id": user, "deleted": false}})}
}

func (s *slackAPI) open(user string) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	email, known := s.people[user]
	if !known {
		return outcome{aside: true, answer: slackError("user_not_found")}
	}
	channel := slackID("D", user)
	s.people[channel] = email
	return outcome{aside: true, answer: jsonAnswer(http.StatusOK, map[string]any{"ok": true, "channel": map[string]any{"id": channel}})}
}

// slackID makes an id as Slack's look, the same for the same thing.
func slackID(kind, of string) string {
	sum := sha256.Sum256([]byte(of))
	return kind + base32.StdEncoding.EncodeToString(sum[:])[:10]
}

var slackConversation = regexp.MustCompile(`^[CDG][A-Z0-9]{6,}$`)

// channel is the id of a channel that a message is for, or the word of what is wrong.
func (s *slackAPI) channel(name string) (id, word string) {
	plain := strings.TrimPrefix(name, "#")
	switch {
	case strings.HasPrefix(plain, "no-such"), plain == "", strings.HasPrefix(plain, "@"):
		return "", "channel_not_found"
	case strings.HasPrefix(plain, "archived"):
		return "", "is_archived"
	case slackConversation.MatchString(plain):
		if _, opened := s.people[plain]; plain[0] == 'D' && !opened {
			return "", "channel_not_found"
		}
		return plain, ""
	}
	id = slackID("C", plain)
	s.channels[id] = "#" + plain
	return id, ""
}

func (s *slackAPI) takeMessage(method string, n node) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel, word := s.channel(n.get("channel").text())
	if word == "" {
		word = slackFault(n)
	}
	ts := n.get("ts").text()
	if word == "" && method == "chat.update" && !s.posted[channel+" "+ts] {
		word = "message_not_found"
	}
	if word != "" {
		return outcome{answer: slackError(word)}
	}
	o := outcome{notes: slackNotes(n)}
	if method == "chat.update" {
		o.edits = channel + " " + ts
	} else {
		s.last++
		ts = fmt.Sprintf("%d.%06d", s.now().Unix(), s.last%1_000_000)
		s.remember(channel + " " + ts)
		if parent := n.get("thread_ts").text(); parent != "" {
			o.thread = channel + " " + parent
			if !s.posted[o.thread] {
				o.notes = append(o.notes, "thread_ts is no message of this channel")
			}
		}
	}
	o.id = channel + " " + ts
	o.answer = jsonAnswer(http.StatusOK, map[string]any{"ok": true, "channel": channel, "ts": ts, "message": map[string]any{"ts": ts}})
	return o
}

// remember notes a message, so that it can be edited and replied to. s.mu is held.
func (s *slackAPI) remember(id string) {
	if len(s.posted) >= maxKnown {
		clear(s.posted)
	}
	s.posted[id] = true
}
