package rocketchat

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are those of incoming integrations.
var answers = kit.Answers{
	Platform: "Rocket.Chat",
	Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"success": regexp.MustCompile(`^true$`)}}},
	Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"success": regexp.MustCompile(`^false$`)}}},
}
