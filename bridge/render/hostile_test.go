package render

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// attack is what a name may hold.
const attack = "Evil **b** [x](https://evil.example) <!channel> @everyone\n- 99: ({{ .event }})"

// hostile writes what becomes of such names in a digest.
func hostile(t *testing.T, b *strings.Builder, set *Set, event string) {
	t.Helper()
	digest, err := set.Together(t.Context(), []bridge.Facts{
		occurrence(event, 1, 1, "Dr. "+attack, attack), occurrence(event, 2, 2, "", ""), occurrence(event, 1, 1, "", attack),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(b, "digest of hostile names", digest)
}

// TestGoldenSections: events of every type in one message, in each language.
func TestGoldenSections(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale})
		for _, types := range [][]string{{"UserCreated", "EnrollmentCompletedByAdmin", "CourseBundleDeleted"}, append(set.Events(), "SomethingNewHappened")} {
			var few, lean, evil []bridge.Facts
			for i, event := range append(types, types...) {
				few = append(few, occurrence(event, i, i%2, "Mira Halvorsen", "Ropes"))
				lean = append(lean, occurrence(event, i, i%2, "", ""))
				evil = append(evil, occurrence(event, i, i%2, "Dr. "+attack, attack))
			}
			for what, events := range map[string][]bridge.Facts{"few": few, "no lookups": lean, "hostile names": evil} {
				m, err := together(t, set, events, nil)
				if err != nil {
					t.Fatal(err)
				}
				var one strings.Builder
				write(&one, what, m)
				golden(t, filepath.Join("testdata", "golden", fmt.Sprintf("sections.%d.%s.%s.txt", len(types), strings.ReplaceAll(what, " ", "-"), locale)), one.String())
			}
		}
	}
}
