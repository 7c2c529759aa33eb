package telegram

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are those to a message, questions those to what a probe asks.
var (
	answers = kit.Answers{
		Platform: "Telegram",
		Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"ok": regexp.MustCompile(`^true$`), "result.message_id": regexp.MustCompile(`^\d+$`)}}},
		Refused:  refusals,
	}
	questions = kit.Answers{
		Platform: "Telegram",
		Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"ok": regexp.MustCompile(`^true$`), "result": nil}}},
		Refused:  refusals,
	}
	refusals = []kit.Form{{JSON: map[string]*regexp.Regexp{"ok": regexp.MustCompile(`^false$`), "error_code": regexp.MustCompile(`^\d+$`), "description": nil}}}
)

// refusal is why a call failed.
type refusal struct {
	*bridge.SendError
	moved       string // the id of the chat that took the place of the one asked for, or ""
	description string // in lower case
}

// says tells whether the description has one of some texts.
func (r *refusal) says(texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(r.description, text) })
}

// refine puts a refusal into a kind by Telegram's description (its source:
// Client.cpp), since nearly everything is a 400.
func refine(failure *bridge.SendError, a kit.Answer) *refusal {
	r := &refusal{SendError: failure}
	var words struct {
		Description string
		Parameters  struct {
			RetryAfter      float64     `json:"retry_after"`
			MigrateToChatID json.Number `json:"migrate_to_chat_id"`
		}
	}
	if failure.Intermediary || json.Unmarshal(a.Body, &words) != nil {
		return r
	}
	r.description, r.moved = strings.ToLower(words.Description), words.Parameters.MigrateToChatID.String()
	switch {
	case failure.Kind == bridge.Limited:
		failure.RetryAfter = max(failure.RetryAfter, kit.Seconds(words.Parameters.RetryAfter))
	case failure.Kind == bridge.MessageRejected && (r.moved != "" || r.says(
		"chat not found", "chat_id is empty", "message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid",
		"not enough rights", "chat_write_forbidden", "have no rights", "need administrator rights", "peer_id_invalid", "chat_restricted", "bot was", "upgraded to a supergroup",
	)):
		failure.Kind = bridge.DestinationBroken
	}
	return r
}
