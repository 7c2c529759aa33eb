package render

import (
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// BenchmarkMessage writes the message of one event by a built-in template: with the ids
// of its webhook alone, and with all that was looked up.
func BenchmarkMessage(b *testing.B) {
	const event = "EnrollmentCompletedByLearner"
	template := load(b, Options{}).Template(event)
	lean := leanFacts(event, template)
	for name, facts := range map[string]bridge.Facts{"lean": lean, "full": fullFacts(b, template, lean)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := template.Message(b.Context(), facts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
