package slack

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

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// BotToken is the token of the workspace's bot.
const BotToken = "xoxb-0WALLDEMO01-f2Kq8ZpXw1LdVt6YbN3rJm7c"

// workspace is a workspace as its Web API knows it. Everybody has an account whose
// address does not begin with "nobody"; every channel exists but those that begin
// with "no-such" or, archived, with "archived".
type workspace struct {
	now func() time.Time

	mu       sync.Mutex        // guards what follows
	last     int               // counts messages
	posted   map[string]bool   // by channel and ts
	people   map[string]string // addresses, by the id of the person or of the conversation
	channels map[string]string // names, by id
}

// NewAPI emulates what a bot needs of Slack's Web API:
// https://docs.slack.dev/reference/methods/chat.postMessage
func NewAPI(now func() time.Time) *platform.Platform {
	s := &workspace{now: now, posted: map[string]bool{}, people: map[string]string{}, channels: map[string]string{}}
	return &platform.Platform{
		Name: Name,
		Patterns: []string{
			"POST /api/chat.postMessage", "POST /api/chat.update", "POST /api/users.lookupByEmail", "POST /api/conversations.open",
		},
		Address:   s.address,
		Authorize: authorizeBot,
		Judge:     s.judge,
		Count: func(*http.Request) platform.Answer {
			return platform.JSON(http.StatusOK, map[string]any{"ok": true, "channel": "C0COUNTED", "ts": "1503435956.000247"})
		},
		Limited: func(wait time.Duration) platform.Answer {
			limited := limited(wait)
			limited.Body = `{"ok":false,"error":"ratelimited"}`
			return limited
		},
		// One message a second in a channel, with short bursts; lookups are of tier 3.
		Quota:  platform.NewQuota(platform.Window{Messages: 5, Length: 5 * time.Second}),
		Errors: apiErrors(),
	}
}

func apiError(word string) platform.Answer {
	a := platform.JSON(http.StatusOK, map[string]any{"ok": false, "error": word})
	a.Refused = true
	return a
}

// apiErrors are errors of the Web API. As modes of faults they begin with "api-",
// since webhooks have some of the same words in another form.
func apiErrors() map[string]platform.Answer {
	words := map[string]platform.Answer{}
	for _, word := range []string{
		"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "msg_too_long", "msg_blocks_too_long", "no_text", "invalid_blocks",
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "ratelimited", "message_limit_exceeded", "fatal_error", "internal_error",
		"message_not_found", "cant_update_message", "edit_window_closed", "users_not_found", "user_not_found", "team_added_to_org",
	} {
		words["api-"+word] = apiError(word)
	}
	words["api-missing_scope"] = platform.JSON(http.StatusOK, map[string]any{"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "users:read"})
	words["413"] = apiError("msg_too_long")
	return words
}

// address is the channel that a call is about, by its name if it has one; questions
// share one address.
func (s *workspace) address(r *http.Request, body []byte) string {
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

func authorizeBot(r *http.Request) *platform.Answer {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		return platform.Refuse(apiError("not_authed"))
	case !strings.HasPrefix(token, "xoxb-"):
		return platform.Refuse(apiError("invalid_auth"))
	}
	return nil
}

func (s *workspace) judge(r *http.Request, body []byte) platform.Outcome {
	form, _ := url.ParseQuery(string(body))
	switch method := path.Base(r.URL.Path); method {
	case "users.lookupByEmail":
		return s.lookUp(form.Get("email"))
	case "conversations.open":
		return s.open(form.Get("users"))
	default:
		var payload map[string]any
		if json.Unmarshal(body, &payload) != nil {
			return platform.Outcome{Answer: apiError("invalid_json")}
		}
		return s.judgeMessage(method, platform.Node{Value: payload})
	}
}

// lookUp says who has an address. That nobody has is an answer, too.
func (s *workspace) lookUp(email string) platform.Outcome {
	if !strings.Contains(email, "@") || strings.HasPrefix(email, "nobody") {
		return platform.Outcome{NoMessage: true, Answer: apiError("users_not_found")}
	}
	user := madeID("U", strings.ToLower(email))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[user] = email
	return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusOK, map[string]any{"ok": true, "user": map[string]any{"id": user, "deleted": false}})}
}

func (s *workspace) open(user string) platform.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	email, known := s.people[user]
	if !known {
		return platform.Outcome{NoMessage: true, Answer: apiError("user_not_found")}
	}
	channel := madeID("D", user)
	s.people[channel] = email
	return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusOK, map[string]any{"ok": true, "channel": map[string]any{"id": channel}})}
}

// madeID makes an id as Slack's look, the same for the same thing.
func madeID(kind, of string) string {
	sum := sha256.Sum256([]byte(of))
	return kind + base32.StdEncoding.EncodeToString(sum[:])[:10]
}

var conversationID = regexp.MustCompile(`^[CDG][A-Z0-9]{6,}$`)

// channel is the id of a channel that a message is for, or the word of what is wrong.
func (s *workspace) channel(name string) (id, word string) {
	plain := strings.TrimPrefix(name, "#")
	switch {
	case strings.HasPrefix(plain, "no-such"), plain == "", strings.HasPrefix(plain, "@"):
		return "", "channel_not_found"
	case strings.HasPrefix(plain, "archived"):
		return "", "is_archived"
	case conversationID.MatchString(plain):
		if _, opened := s.people[plain]; plain[0] == 'D' && !opened {
			return "", "channel_not_found"
		}
		return plain, ""
	}
	id = madeID("C", plain)
	s.channels[id] = "#" + plain
	return id, ""
}

func (s *workspace) judgeMessage(method string, n platform.Node) platform.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel, word := s.channel(n.Get("channel").Text())
	if word == "" {
		word = fault(n)
	}
	ts := n.Get("ts").Text()
	if word == "" && method == "chat.update" && !s.posted[channel+" "+ts] {
		word = "message_not_found"
	}
	if word != "" {
		return platform.Outcome{Answer: apiError(word)}
	}
	o := platform.Outcome{Notes: notes(n)}
	if method == "chat.update" {
		o.Edits = channel + " " + ts
	} else {
		s.last++
		ts = fmt.Sprintf("%d.%06d", s.now().Unix(), s.last%1_000_000)
		s.remember(channel + " " + ts)
		if parent := n.Get("thread_ts").Text(); parent != "" {
			o.Thread = channel + " " + parent
			if !s.posted[o.Thread] {
				o.Notes = append(o.Notes, "thread_ts is no message of this channel")
			}
		}
	}
	o.ID = channel + " " + ts
	o.Answer = platform.JSON(http.StatusOK, map[string]any{"ok": true, "channel": channel, "ts": ts, "message": map[string]any{"ts": ts}})
	return o
}

// remember notes a message, so that it can be edited and replied to. s.mu is held.
func (s *workspace) remember(id string) {
	if len(s.posted) >= platform.MaxRemembered {
		clear(s.posted)
	}
	s.posted[id] = true
}
