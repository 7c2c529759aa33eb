package matrix

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// known are the answers of a homeserver, of which a success has a key.
func known(key string) kit.Answers {
	return kit.Answers{
		Platform: "Matrix",
		Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{key: regexp.MustCompile(`^".+"$`)}}},
		Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"errcode": regexp.MustCompile(`^"[A-Z]+[._A-Za-z]*"$`)}}},
	}
}

// Send makes one attempt. The message's id is the transaction's, so that the homeserver
// knows a repetition and answers it with the event of then.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	d, err := kit.DraftOf(p.Body)
	if err != nil {
		return bridge.Receipt{}, err
	}
	room, failure := s.roomID(ctx)
	if failure != nil {
		return bridge.Receipt{}, failure
	}
	first, replies := event(p.Thread, room)
	earlier, replaces := event(p.Replaces, room)
	switch {
	case replaces:
		d = edit(d, earlier)
	case replies:
		d = with(d, "m.relates_to", map[string]any{
			"rel_type": "m.thread", "event_id": first, "is_falling_back": true, "m.in_reply_to": map[string]any{"event_id": first},
		})
	}
	path := []string{"rooms", url.PathEscape(room), "send", "m.room.message", url.PathEscape(cmp.Or(p.MessageID, "message"))}
	answer, failure := s.call(ctx, known("event_id"), http.MethodPut, d, path...)
	if failure != nil && codeOf(answer) == "M_FORBIDDEN" { // perhaps the account was only invited
		if _, refused := s.call(ctx, known("room_id"), http.MethodPost, kit.Draft{}, "join", url.PathEscape(room)); refused == nil {
			answer, failure = s.call(ctx, known("event_id"), http.MethodPut, d, path...)
		}
	}
	if failure != nil {
		return bridge.Receipt{}, failure
	}
	var taken struct {
		EventID string `json:"event_id"`
	}
	_ = json.Unmarshal(answer.Body, &taken) // it is the homeserver's, so it has one
	receipt := bridge.Receipt{ID: room + " " + taken.EventID, Thread: room + " " + taken.EventID, Status: answer.Status}
	switch {
	case replaces:
		receipt.ID, receipt.Thread = p.Replaces, p.Thread
	case replies:
		receipt.Thread = p.Thread
	}
	return receipt, nil
}

// event is the id of an event in the room, by the bridge's id of it.
func event(id, room string) (event string, ours bool) {
	where, event, found := strings.Cut(id, " ")
	return event, found && where == room && event != ""
}

// with is the draft with one more key.
func with(d kit.Draft, key string, value any) kit.Draft {
	changed := maps.Clone(d)
	changed[key], _ = kit.JSON(value, nil) // texts and what is made of them can be written
	return changed
}

// edit makes a draft an event that takes the place of an earlier one. Its own body is for
// clients that know no edits.
func edit(d kit.Draft, earlier string) kit.Draft {
	whole := with(d, "m.new_content", map[string]json.RawMessage(d))
	whole["body"], _ = kit.JSON("* "+d.Text("body"), nil)
	whole["formatted_body"], _ = kit.JSON("* "+d.Text("formatted_body"), nil)
	return with(whole, "m.relates_to", map[string]any{"rel_type": "m.replace", "event_id": earlier})
}

// roomID is the id of the room. An address is asked for once.
func (s *Sink) roomID(ctx context.Context) (string, *bridge.SendError) {
	if !strings.HasPrefix(s.config.Room, "#") {
		return s.config.Room, nil
	}
	if id := s.room.Load(); id != nil {
		return *id, nil
	}
	answer, failure := s.call(ctx, known("room_id"), http.MethodGet, nil, "directory", "room", url.PathEscape(s.config.Room))
	if failure != nil {
		return "", failure
	}
	var found struct {
		RoomID string `json:"room_id"`
	}
	_ = json.Unmarshal(answer.Body, &found) // it is the homeserver's, so it has one
	s.room.Store(&found.RoomID)
	return found.RoomID, nil
}

// call asks the homeserver. The parts of the path are escaped.
func (s *Sink) call(ctx context.Context, known kit.Answers, method string, d kit.Draft, path ...string) (kit.Answer, *bridge.SendError) {
	r := kit.Request{
		Method: method, URL: bridge.Secret(s.server.JoinPath(append([]string{"_matrix/client/v3"}, path...)...).String()),
		Header: http.Header{"Authorization": {"Bearer " + s.config.Token.Reveal()}}, Type: "application/json",
	}
	if d != nil {
		r.Body = d.Body()
	}
	answer, err := kit.Post(ctx, s.client, r)
	if err != nil {
		return answer, bridge.AsSendError(err)
	}
	failure := known.Failure(answer, s.config.Token)
	if failure != nil && !failure.Intermediary {
		refine(failure, answer)
	}
	return answer, failure
}

func codeOf(a kit.Answer) string {
	var words struct{ ErrCode string }
	_ = json.Unmarshal(a.Body, &words) // what is no JSON has no code
	return words.ErrCode
}

// refine puts a refusal into a kind by its code.
func refine(failure *bridge.SendError, a kit.Answer) {
	code := codeOf(a)
	broken := []string{
		"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_FORBIDDEN", "M_NOT_FOUND", "M_UNRECOGNIZED", "M_GUEST_ACCESS_FORBIDDEN", "M_USER_DEACTIVATED",
		"M_USER_LOCKED", "M_USER_SUSPENDED", "M_RESOURCE_LIMIT_EXCEEDED", "M_CONSENT_NOT_GIVEN", "M_UNSUPPORTED_ROOM_VERSION",
	}
	switch {
	case code == "M_LIMIT_EXCEEDED":
		var words struct {
			RetryAfterMS float64 `json:"retry_after_ms"`
		}
		_ = json.Unmarshal(a.Body, &words) // it is JSON, since it has a code
		failure.Kind = bridge.Limited
		if failure.RetryAfter == 0 { // the header is the newer way
			failure.RetryAfter = kit.Seconds(words.RetryAfterMS / 1000)
		}
	case slices.Contains([]string{"M_TOO_LARGE", "M_BAD_JSON", "M_NOT_JSON", "M_INVALID_PARAM", "M_MISSING_PARAM"}, code):
		failure.Kind = bridge.MessageRejected
	case slices.Contains(broken, code):
		failure.Kind = bridge.DestinationBroken
	}
}
