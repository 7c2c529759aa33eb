package wall

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
)

const (
	matrixToken    = "syt_YWJzb3Ji_wallDemoTokenMatrix_00001"
	matrixMaxEvent = 65_536 // bytes, with what servers add
	matrixAdded    = 1_000  // bytes of hashes, signatures and the like
)

// matrix is a homeserver. Every address leads to a room but those that begin with
// "#no-such"; the account must join rooms that begin with "!invited", and cannot enter
// those that begin with "!private".
type matrix struct {
	mu     sync.Mutex // guards what follows
	last   int
	events map[string]bool // by room and id
	joined map[string]bool
	memory memory // of transactions
}

// matrixPlatform emulates what an account needs of a homeserver:
// https://spec.matrix.org/latest/client-server-api
func matrixPlatform() *platform {
	m := &matrix{events: map[string]bool{}, joined: map[string]bool{}}
	prefix := "/matrix/_matrix/client/v3/"
	return &platform{
		name: Matrix,
		patterns: []string{
			"PUT " + prefix + "rooms/{room}/send/m.room.message/{txn}", "GET " + prefix + "directory/room/{alias}",
			"POST " + prefix + "join/{join}", "GET " + prefix + "account/whoami",
		},
		address: func(r *http.Request, _ []byte) string { return r.PathValue("room") },
		door: func(r *http.Request) *answer {
			switch r.Header.Get("Authorization") {
			case "Bearer " + matrixToken:
				return nil
			case "":
				return refuse(matrixError(http.StatusUnauthorized, "M_MISSING_TOKEN", "Missing access token"))
			}
			return refuse(matrixError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token"))
		},
		take: m.take,
		accept: func(*http.Request) answer {
			return jsonAnswer(http.StatusOK, map[string]any{"event_id": "$counted"})
		},
		limited: func(wait time.Duration) answer {
			return jsonAnswer(http.StatusTooManyRequests, map[string]any{"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": wait.Milliseconds()}).
				with("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		},
		quota: newQuota(window{10, 50 * time.Second}),
		words: map[string]answer{
			"400": matrixError(http.StatusBadRequest, "M_BAD_JSON", "Content not JSON."), "401": matrixError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token"),
			"403": matrixError(http.StatusForbidden, "M_FORBIDDEN", "User not in room"), "404": matrixError(http.StatusNotFound, "M_NOT_FOUND", "Unknown room"),
			"413": matrixError(http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "event too large"), "500": matrixError(http.StatusInternalServerError, "M_UNKNOWN", "Internal server error"),
		},
	}
}

func matrixError(status int, code, words string) answer {
	return jsonAnswer(status, map[string]any{"errcode": code, "error": words})
}

func (m *matrix) take(r *http.Request, body []byte) outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	aside := func(key, value string) outcome {
		return outcome{aside: true, answer: jsonAnswer(http.StatusOK, map[string]any{key: value})}
	}
	alias, join, room := r.PathValue("alias"), r.PathValue("join"), r.PathValue("room")
	switch {
	case strings.HasPrefix(alias, "#no-such"):
		return outcome{aside: true, answer: matrixError(http.StatusNotFound, "M_NOT_FOUND", "Room alias "+alias+" not found.")}
	case alias != "":
		return aside("room_id", "!"+strings.TrimPrefix(alias, "#"))
	case strings.HasPrefix(join, "!private"):
		return outcome{aside: true, answer: matrixError(http.StatusForbidden, "M_FORBIDDEN", "You are not invited to this room.")}
	case join != "":
		m.joined[join] = true
		return aside("room_id", join)
	case room == "":
		return aside("user_id", "@absorb:wall.example")
	case (strings.HasPrefix(room, "!private") || strings.HasPrefix(room, "!invited")) && !m.joined[room]:
		return outcome{aside: true, answer: matrixError(http.StatusForbidden, "M_FORBIDDEN", "User not in room")}
	}
	return m.memory.once(room+" "+r.PathValue("txn"), func() outcome { return m.put(room, body) })
}

var matrixTag = regexp.MustCompile(`^</?(?:b|i|u|em|strong|code|pre|br|p|ul|ol|li|a|a href="[^"<>]+")/?>$`)

// put takes an event.
func (m *matrix) put(room string, body []byte) outcome {
	var n node
	if json.Unmarshal(body, &n.value) != nil || !n.isObject() {
		return outcome{answer: matrixError(http.StatusBadRequest, "M_NOT_JSON", "Content not JSON.")}
	}
	relation := n.get("m.relates_to")
	target := relation.get("event_id").text()
	switch {
	case len(body)+matrixAdded > matrixMaxEvent:
		return outcome{answer: matrixError(http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "event too large")}
	case n.get("msgtype").text() == "" || n.get("body").text() == "":
		return outcome{answer: matrixError(http.StatusBadRequest, "M_BAD_JSON", "'msgtype' and 'body' are required")}
	case target != "" && !m.events[room+" "+target]:
		return outcome{answer: matrixError(http.StatusBadRequest, "M_UNKNOWN", "Can't send relation to non-existent event")}
	}
	m.last++
	id := fmt.Sprintf("$wall%08d", m.last)
	o := outcome{id: id, answer: jsonAnswer(http.StatusOK, map[string]any{"event_id": id})}
	switch relation.get("rel_type").text() {
	case "m.thread":
		o.thread = target
	case "m.replace":
		o.edits = target
		if !n.get("m.new_content").isObject() {
			o.notes = append(o.notes, "an edit without new content")
		}
	}
	if len(m.events) >= maxKnown {
		clear(m.events)
	}
	m.events[room+" "+id] = true
	for _, tag := range anyTag.FindAllString(n.get("formatted_body").text(), -1) {
		if !matrixTag.MatchString(tag) {
			o.notes = append(o.notes, "clients remove "+tag)
		}
	}
	if !n.get("m.mentions").isObject() || len(n.get("m.mentions").keys()) > 0 {
		o.notes = append(o.notes, "m.mentions mentions somebody, or is missing")
	}
	return o
}
