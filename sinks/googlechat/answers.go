package googlechat

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are those of spaces.messages.create: the message, which has a name, or an
// error with one of Google's canonical codes (cloud.google.com/apis/design/errors).
var answers = kit.Answers{
	Platform: "Google Chat",
	Taken:    []kit.Form{{JSON: map[string]*regexp.Regexp{"name": regexp.MustCompile(`^"spaces/[^/]+/messages/.`)}}},
	Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"error.code": regexp.MustCompile(`^\d+$`), "error.status": regexp.MustCompile(`^"[A-Z_]+"$`)}}},
}
