package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Codes that are acted upon
// (docs.discord.com/developers/topics/opcodes-and-status-codes).
const (
	unknownChannel  = 10003
	unknownMessage  = 10008
	manyEdits       = 30046 // of messages older than an hour
	notOurs         = 50005 // somebody else's message
	archivedThread  = 50083
	threadExists    = 160004
	lockedThread    = 160005
	invalidThread   = 50059
	forumNeedsName  = 220001
	namedNotInForum = 220003
)

// refusal is an error answer of Discord with its code, or 0.
type refusal struct {
	code int
	err  *bridge.SendError
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// codeOf is Discord's code of an error, or 0.
func codeOf(err error) int {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return 0
}

// cannotEdit tells whether an earlier message cannot be edited, while a new one may
// be sent.
func cannotEdit(err error) bool {
	switch codeOf(err) {
	case unknownChannel, unknownMessage, manyEdits, notOurs, archivedThread, lockedThread:
		return true
	}
	return false
}

// noThread tells whether the thread to post in is gone or closed.
func noThread(err error) bool {
	switch codeOf(err) {
	case unknownChannel, archivedThread, lockedThread, invalidThread:
		return true
	}
	return false
}

// message is what is read of an accepted message.
type message struct {
	ID        string `json:"id"`
	ChannelID string `json:"channel_id"`
}

// receipt reads an answer by which Discord took a request.
func receipt(a kit.Answer) (message, bridge.Receipt) {
	var m message
	_ = json.Unmarshal(a.Body, &m) // it has this form
	return m, bridge.Receipt{ID: messageID{m.ChannelID, m.ID}.String(), Status: a.Status, Pause: emptyBucket(a.Header)}
}

// emptyBucket is how long until the rate limit lets the next message through, as
// the headers of an answer tell.
func emptyBucket(h http.Header) time.Duration {
	if h.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	seconds, err := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err != nil {
		return 0
	}
	return kit.Seconds(seconds)
}

// refine classifies a failure by what Discord says. What somebody else says stays as
// it is, the pages of Discord's own proxy included.
func refine(failure *bridge.SendError, answer kit.Answer, secrets ...bridge.Secret) *refusal {
	if failure.Intermediary {
		return &refusal{0, failure}
	}
	var words struct {
		Code       int             `json:"code"`
		Message    string          `json:"message"`
		Errors     json.RawMessage `json:"errors"`
		RetryAfter float64         `json:"retry_after"` // seconds, finer than the header's
	}
	if json.Unmarshal(answer.Body, &words) != nil {
		return &refusal{0, failure}
	}
	if words.Message != "" {
		text := fmt.Sprintf("%s (code %d) %s", words.Message, words.Code, words.Errors)
		failure.Detail = kit.Detail(text, secrets...)
	}
	if kind, known := kindOf(words.Code); known {
		failure.Kind = kind
	}
	if words.RetryAfter > 0 && failure.Kind == bridge.Limited {
		failure.RetryAfter = kit.Seconds(words.RetryAfter)
	}
	return &refusal{words.Code, failure}
}

// kindOf classifies Discord's JSON error codes.
func kindOf(code int) (bridge.Kind, bool) {
	switch code {
	case unknownChannel, 10015, 40001, 50001, 50013, 50025, 50027, forumNeedsName, namedNotInForum, archivedThread, unknownMessage, lockedThread,
		50014, 50024, 160006:
		return bridge.DestinationBroken, true // also unknown webhook, bad token, no access, no threads here, too many of them
	case 40005, 50006, 50035, 50109, 240000:
		return bridge.MessageRejected, true // too large, empty, invalid form body, invalid JSON, harmful link
	case 20016, 20028, 20029, manyEdits, 40062:
		return bridge.Limited, true // slow mode, write limits
	}
	return bridge.Temporary, false
}
