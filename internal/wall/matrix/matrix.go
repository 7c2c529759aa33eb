// Package matrix emulates what an account uses of a Matrix homeserver.
package matrix

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "matrix"

const (
	// Token is the access token of an account.
	Token = "syt_YWJzb3Ji_wallDemoTokenMatrix_00001"

	maxEvent = 65_536 // bytes, with what servers add
	added    = 1_000  // bytes of hashes, signatures and the like
)

// homeserver is a homeserver. Every address leads to a room but those that begin with
// "#no-such"; the account must join rooms that begin with "!invited", and cannot enter
// those that begin with "!private".
type homeserver struct {
	mu           sync.Mutex // guards what follows
	last         int
	events       map[string]bool // by room and id
	joined       map[string]bool
	transactions platform.Repeats // of transactions
}

// New emulates what an account needs of a homeserver:
// https://spec.matrix.org/latest/client-server-api
func New() *platform.Platform {
	m := &homeserver{events: map[string]bool{}, joined: map[string]bool{}}
	prefix := "/matrix/_matrix/client/v3/"
	return &platform.Platform{
		Name: Name,
		Patterns: []string{
			"PUT " + prefix + "rooms/{room}/send/m.room.message/{txn}", "GET " + prefix + "directory/room/{alias}",
			"POST " + prefix + "join/{join}", "GET " + prefix + "account/whoami",
		},
		Address: func(r *http.Request, _ []byte) string { return r.PathValue("room") },
		Authorize: func(r *http.Request) *platform.Answer {
			switch r.Header.Get("Authorization") {
			case "Bearer " + Token:
				return nil
			case "":
				return platform.Refuse(errorAnswer(http.StatusUnauthorized, "M_MISSING_TOKEN", "Missing access token"))
			}
			return platform.Refuse(errorAnswer(http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token"))
		},
		Judge: m.judge,
		Count: func(*http.Request) platform.Answer {
			return platform.JSON(http.StatusOK, map[string]any{"event_id": "$counted"})
		},
		Limited: func(wait time.Duration) platform.Answer {
			return platform.JSON(http.StatusTooManyRequests, map[string]any{"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": wait.Milliseconds()}).
				With("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		},
		Quota: platform.NewQuota(platform.Window{Messages: 10, Length: 50 * time.Second}),
		Errors: map[string]platform.Answer{
			"400": errorAnswer(http.StatusBadRequest, "M_BAD_JSON", "Content not JSON."), "401": errorAnswer(http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token"),
			"403": errorAnswer(http.StatusForbidden, "M_FORBIDDEN", "User not in room"), "404": errorAnswer(http.StatusNotFound, "M_NOT_FOUND", "Unknown room"),
			"413": errorAnswer(http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "event too large"), "500": errorAnswer(http.StatusInternalServerError, "M_UNKNOWN", "Internal server error"),
		},
	}
}

func errorAnswer(status int, code, words string) platform.Answer {
	return platform.JSON(status, map[string]any{"errcode": code, "error": words})
}

func (m *homeserver) judge(r *http.Request, body []byte) platform.Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	aside := func(key, value string) platform.Outcome {
		return platform.Outcome{NoMessage: true, Answer: platform.JSON(http.StatusOK, map[string]any{key: value})}
	}
	alias, join, room := r.PathValue("alias"), r.PathValue("join"), r.PathValue("room")
	switch {
	case strings.HasPrefix(alias, "#no-such"):
		return platform.Outcome{NoMessage: true, Answer: errorAnswer(http.StatusNotFound, "M_NOT_FOUND", "Room alias "+alias+" not found.")}
	case alias != "":
		return aside("room_id", "!"+strings.TrimPrefix(alias, "#"))
	case strings.HasPrefix(join, "!private"):
		return platform.Outcome{NoMessage: true, Answer: errorAnswer(http.StatusForbidden, "M_FORBIDDEN", "You are not invited to this room.")}
	case join != "":
		m.joined[join] = true
		return aside("room_id", join)
	case room == "":
		return aside("user_id", "@absorb:wall.example")
	case (strings.HasPrefix(room, "!private") || strings.HasPrefix(room, "!invited")) && !m.joined[room]:
		return platform.Outcome{NoMessage: true, Answer: errorAnswer(http.StatusForbidden, "M_FORBIDDEN", "User not in room")}
	}
	return m.transactions.Once(room+" "+r.PathValue("txn"), func() platform.Outcome { return m.put(room, body) })
}

var allowedTag = regexp.MustCompile(`^</?(?:b|i|u|em|strong|code|pre|br|p|ul|ol|li|a|a href="[^"<>]+")/?>$`)

// put takes an event.
func (m *homeserver) put(room string, body []byte) platform.Outcome {
	var n platform.Node
	if json.Unmarshal(body, &n.Value) != nil || !n.IsObject() {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "M_NOT_JSON", "Content not JSON.")}
	}
	relation := n.Get("m.relates_to")
	target := relation.Get("event_id").Text()
	switch {
	case len(body)+added > maxEvent:
		return platform.Outcome{Answer: errorAnswer(http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "event too large")}
	case n.Get("msgtype").Text() == "" || n.Get("body").Text() == "":
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "M_BAD_JSON", "'msgtype' and 'body' are required")}
	case target != "" && !m.events[room+" "+target]:
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "M_UNKNOWN", "Can't send relation to non-existent event")}
	}
	m.last++
	id := fmt.Sprintf("$wall%08d", m.last)
	o := platform.Outcome{ID: id, Answer: platform.JSON(http.StatusOK, map[string]any{"event_id": id})}
	switch relation.Get("rel_type").Text() {
	case "m.thread":
		o.Thread = target
	case "m.replace":
		o.Edits = target
		if !n.Get("m.new_content").IsObject() {
			o.Notes = append(o.Notes, "an edit without new content")
		}
	}
	if len(m.events) >= platform.MaxRemembered {
		clear(m.events)
	}
	m.events[room+" "+id] = true
	for _, tag := range platform.Tags(n.Get("formatted_body").Text()) {
		if !allowedTag.MatchString(tag) {
			o.Notes = append(o.Notes, "clients remove "+tag)
		}
	}
	if !n.Get("m.mentions").IsObject() || len(n.Get("m.mentions").Keys()) > 0 {
		o.Notes = append(o.Notes, "m.mentions mentions somebody, or is missing")
	}
	return o
}
