package dispatch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// The cache is bounded by bytes, and counts a message once for several sinks.
func TestKeptMessagesAreBounded(t *testing.T) {
	set, all := templates(t), NewMessageCache()
	ask := func(event, text string) {
		d := bridge.Delivery{EventID: event, EventType: "UserCreated", Routed: time.Unix(1, 0), Facts: bridge.Facts{
			"event": map[string]any{"type": "UserCreated", "body": map[string]any{"note": text}}, "user": map[string]any{"firstName": text},
		}}
		if _, err := all.get(t.Context(), set, d); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		ask("one", "Ada")
	}
	if all.bytes <= 0 || all.bytes > 10_000 || len(all.entries) != 1 {
		t.Errorf("one message counts %d bytes, %d are kept", all.bytes, len(all.entries))
	}
	for i := range 2000 {
		ask(fmt.Sprint(i), strings.Repeat("Ada ", 900))
	}
	sum := 0
	for _, one := range all.entries {
		sum += one.bytes
	}
	if all.bytes != sum || sum > maxCachedBytes || len(all.entries) != len(all.order) || len(all.order) > maxCachedMessages || len(all.order) < 100 {
		t.Errorf("%d bytes are counted of %d in %d messages, %d in order", all.bytes, sum, len(all.entries), len(all.order))
	}
}
