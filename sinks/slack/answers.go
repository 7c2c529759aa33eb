package slack

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// word is the form of Slack's words for errors, such as invalid_blocks.
var word = regexp.MustCompile(`^[a-z]+(?:_[a-z0-9]+)+$|^ratelimited$`)

// hookAnswers are those of incoming webhooks
// (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks): "ok", or a
// word. Their rate limit may answer as the Web API does.
var hookAnswers = kit.Answers{
	Platform: "Slack",
	Taken:    []kit.Form{{Status: 200, Text: regexp.MustCompile(`^ok$`)}},
	Refused:  []kit.Form{{Text: word}, apiRefusal},
}

// apiAnswers are those of the Web API (docs.slack.dev/apis/web-api).
var apiAnswers = kit.Answers{
	Platform: "Slack",
	Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"ok": regexp.MustCompile(`^true$`)}}},
	Refused:  []kit.Form{apiRefusal},
}

// postAnswers are those of the Web API to a message, which name it.
var postAnswers = kit.Answers{
	Platform: "Slack",
	Taken: []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{
		"ok": regexp.MustCompile(`^true$`), "channel": nil, "ts": regexp.MustCompile(`^"\d+\.\d+"$`),
	}}},
	Refused: []kit.Form{apiRefusal},
}

var apiRefusal = kit.Form{JSON: map[string]*regexp.Regexp{"ok": regexp.MustCompile(`^false$`), "error": regexp.MustCompile(`^"\w+"$`)}}
