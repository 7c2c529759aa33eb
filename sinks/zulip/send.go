package zulip

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are those to a new message, changes those to everything else.
var (
	answers = kit.Answers{
		Platform: "Zulip",
		Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"result": regexp.MustCompile(`^"success"$`), "id": regexp.MustCompile(`^\d+$`)}}},
		Refused:  refusals,
	}
	changes = kit.Answers{
		Platform: "Zulip",
		Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"result": regexp.MustCompile(`^"success"$`)}}},
		Refused:  refusals,
	}
	refusals = []kit.Form{{JSON: map[string]*regexp.Regexp{"result": regexp.MustCompile(`^"error"$`), "msg": nil}}}
)

// Send makes one attempt: it posts a message, or edits the one that it takes the place
// of. Zulip takes forms.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	d, err := kit.DraftOf(p.Body)
	if err != nil {
		return bridge.Receipt{}, err
	}
	if earlier, err := strconv.ParseInt(p.Replaces, 10, 64); err == nil {
		answer, failure := s.call(ctx, changes, http.MethodPatch, kit.Draft{"content": d["content"]}, "messages", p.Replaces)
		if failure == nil {
			return bridge.Receipt{ID: strconv.FormatInt(earlier, 10), Thread: p.Thread, Status: answer.Status, Pause: pause(answer, time.Now())}, nil
		}
		// A 400 says that this message cannot be edited, or no longer.
		if failure.Intermediary || failure.Status != http.StatusBadRequest {
			return bridge.Receipt{}, failure
		}
	}
	answer, failure := s.call(ctx, answers, http.MethodPost, d, "messages")
	if failure != nil {
		return bridge.Receipt{}, failure
	}
	var taken struct{ ID json.Number }
	_ = json.Unmarshal(answer.Body, &taken) // it is Zulip's, so it has an id
	return bridge.Receipt{ID: taken.ID.String(), Thread: d.Text("topic"), Status: answer.Status, Pause: pause(answer, time.Now())}, nil
}

// call asks the API.
func (s *Sink) call(ctx context.Context, known kit.Answers, method string, d kit.Draft, path ...string) (kit.Answer, *bridge.SendError) {
	answer, err := kit.Post(ctx, s.client, kit.Request{
		Method: method, URL: bridge.Secret(s.server.JoinPath(append([]string{"api/v1"}, path...)...).String()), Body: kit.FormBody(d, nil), Type: kit.FormType,
		Header: http.Header{"Authorization": {kit.Basic(s.config.Email, s.config.Key).Reveal()}},
	})
	if err != nil {
		return answer, bridge.AsSendError(err)
	}
	failure := known.Failure(answer, s.secrets...)
	if failure != nil {
		refine(failure, answer)
	}
	return answer, failure
}

// refine puts a refusal into a kind by Zulip's code: nearly everything is a 400. The
// words are in the organisation's language, so they decide only where the code says
// nothing.
func refine(failure *bridge.SendError, a kit.Answer) {
	var words struct {
		Code, Msg  string
		RetryAfter float64 `json:"retry-after"`
	}
	if failure.Intermediary || json.Unmarshal(a.Body, &words) != nil {
		return
	}
	about := []string{
		"STREAM_DOES_NOT_EXIST", "CHANNEL_DOES_NOT_EXIST", "NONEXISTENT_SUBDOMAIN", "UNAUTHORIZED", "INVALID_API_KEY", "UNAUTHENTICATED_USER",
		"USER_DEACTIVATED", "REALM_DEACTIVATED", "PASSWORD_RESET_REQUIRED", "TOPICS_POLICY_VIOLATION", "STREAM_ARCHIVED",
	}
	message := strings.ToLower(words.Msg)
	switch {
	case words.Code == "RATE_LIMIT_HIT" || failure.Kind == bridge.Limited:
		failure.Kind = bridge.Limited
		failure.RetryAfter = max(failure.RetryAfter, kit.Seconds(words.RetryAfter))
	case slices.Contains(about, words.Code), words.Code == "BAD_REQUEST" && (strings.Contains(message, "authorized") || strings.Contains(message, "permission")):
		failure.Kind = bridge.DestinationBroken
	}
}

// pause is how long to wait when this request was the last that the limit allows.
func pause(a kit.Answer, now time.Time) time.Duration {
	reset, err := strconv.ParseInt(a.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || a.Header.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	return kit.Seconds(time.Unix(reset, 0).Sub(now).Seconds())
}

// Probe asks Zulip who the bot is.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	if _, failure := s.call(ctx, changes, http.MethodGet, nil, "users", "me"); failure != nil {
		return "", failure
	}
	return "Zulip knows the bot", nil
}
