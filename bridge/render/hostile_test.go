package render

import (
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
