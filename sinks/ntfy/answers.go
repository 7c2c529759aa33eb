package ntfy

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are what an ntfy server says: the message that it took, or an error whose
// first digits are its status.
var answers = kit.Answers{
	Platform: "ntfy",
	Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"id": nil, "event": regexp.MustCompile(`^"message"$`)}}},
	Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"code": regexp.MustCompile(`^[345]\d{4}$`), "http": nil, "error": nil}}},
}

// refine puts a refusal into a kind by ntfy's code (its source: server/errors.go),
// which says more than the status. Most are 400 for messages that are wrong, but some
// of these are about the topic, or about settings that all messages share.
func refine(failure *bridge.SendError, a kit.Answer) *bridge.SendError {
	var words struct{ Code int }
	if failure.Intermediary || json.Unmarshal(a.Body, &words) != nil {
		return failure
	}
	settings := []int{
		40001,                             // email is switched off
		40002, 40003, 40004, 40005, 40006, // delay
		40007,        // priority
		40009, 40010, // topic
		40013, 40014, 40015, // attach
		40018, // actions
		40021, // icon
		40050, // anonymous email
	}
	if slices.Contains(settings, words.Code) {
		failure.Kind = bridge.DestinationBroken
	}
	return failure
}
