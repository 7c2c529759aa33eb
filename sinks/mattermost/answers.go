package mattermost

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are those of incoming webhooks: "ok", an error with its id, or the words of
// the server's rate limit and of its limit of a request's size.
var answers = kit.Answers{
	Platform: "Mattermost",
	Taken:    []kit.Form{{Status: 200, Text: regexp.MustCompile(`^ok$`)}},
	Refused: []kit.Form{
		{JSON: map[string]*regexp.Regexp{"id": regexp.MustCompile(`^"[a-z_]+(?:\.\w+)+"$`), "status_code": regexp.MustCompile(`^\d+$`)}},
		{Status: 429, Text: regexp.MustCompile(`^limit exceeded$`)},
		{Status: 413, Text: regexp.MustCompile(`^http: request body too large$`)},
	},
}
