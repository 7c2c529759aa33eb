package teams

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// answers are those of a workflow's trigger, which Azure Logic Apps runs: 202 without a
// body or with JSON, or whatever a Response action of the workflow says, which only the
// header with the run's id tells from somebody else's. A "1", and a failure in a sentence
// under 200, are what relays in front of the retired connectors pass on.
var answers = kit.Answers{
	Platform: "a Teams workflow",
	Taken: []kit.Form{
		{Status: 202, Text: regexp.MustCompile(`(?s)^(?:\{.*\})?$`)},
		{Status: 200, Text: regexp.MustCompile(`^1$`)},
		{Header: "X-Ms-Workflow-Run-Id"},
	},
	Refused: []kit.Form{
		{JSON: map[string]*regexp.Regexp{"error.code": regexp.MustCompile(`^"[A-Za-z]+"$`), "error.message": nil}},
		{Status: 200, Text: deliveryFailed},
		{Status: 413, Text: regexp.MustCompile(`(?i)^request entity too large`)},
	},
}

// deliveryFailed finds the status that Teams hides in a sentence.
var deliveryFailed = regexp.MustCompile(`Microsoft Teams endpoint returned HTTP error (\d{3})\b`)
