package gateway

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/config"
)

var conditionRow = regexp.MustCompile("(?m)^\\| `(.+?)` \\| .* \\| (\\w+) \\|$")

// TestConditionsOfTheManual compiles every example of docs/conditions.md in a
// configuration, and evaluates it on the samples that it names.
func TestConditionsOfTheManual(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, and does one thing at a time")
	}
	text, err := os.ReadFile("../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := conditionRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) < 15 {
		t.Fatalf("only %d examples were found", len(rows))
	}
	for _, row := range rows {
		expression, event := strings.ReplaceAll(row[1], `\|`, "|"), row[2]
		c, err := config.Parse("bridge.yaml", []byte(`sources: { production: { path: /absorb, secrets: [ sixteen-characters ], api: { region: us, key: k, username: u, password: p } } }
sinks: { log: { type: console } }
routes:
  - name: r
    events: [ `+event+` ]
    to: [ log ]
    when: >-
      `+expression+"\n"), nil)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: %v", expression, c.Warnings)
		}
		parts, err := Build(c)
		if err != nil {
			t.Fatal(err)
		}
		sampler, err := NewSampler(parts.Templates, c.Sources)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := sampler.Facts(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if holds, err := parts.Routes[0].When.Holds(facts); !holds || err != nil {
			t.Errorf("%s on the sample of %s: %v, %v", expression, event, holds, err)
		}
	}
}
