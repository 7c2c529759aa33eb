package discord

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are Discord's: the message, thread, channel or user that a request is about,
// which has an id; or an error, with a code and a message, with the wait of a rate
// limit, or with the parts of a form that are wrong
// (docs.discord.com/developers/reference#error-messages).
var answers = kit.Answers{
	Platform: "Discord",
	Taken:    []kit.Form{{JSON: map[string]*regexp.Regexp{"id": regexp.MustCompile(`^"` + snowflake + `"$`)}}},
	Refused: []kit.Form{
		{JSON: map[string]*regexp.Regexp{"code": regexp.MustCompile(`^\d+$`), "message": nil}},
		{JSON: map[string]*regexp.Regexp{"message": nil, "retry_after": regexp.MustCompile(`^[\d.]+$`)}},
		{Status: 400, Text: regexp.MustCompile(`^\{\s*"(?:content|embeds|components|username|avatar_url|thread_name|_misc)":\s*\[`)},
	},
}
