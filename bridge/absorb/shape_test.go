package absorb

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// hostile are bodies of one size that decode to as much as possible.
func hostile(size int) map[string]string {
	var keys, pairs, inside strings.Builder
	for i := 0; keys.Len() < size-20; i++ {
		fmt.Fprintf(&keys, `"%d":1,`, i)
	}
	for i := 0; pairs.Len() < size-60; i++ {
		fmt.Fprintf(&pairs, `{"name":"%d","value":{"%dId":1}},`, i, i)
	}
	for i := 0; inside.Len() < size-60; i++ {
		fmt.Fprintf(&inside, `\"%dId\":1,`, i)
	}
	fill := func(text string) string { return strings.Repeat(text, size/len(text)-1) }
	return map[string]string{
		"numbers":      `{"a":[` + fill("0,") + `0]}`,
		"objects":      `{"a":[` + fill("{},") + `{}]}`,
		"lists":        `{"a":[` + fill(strings.Repeat("[", 29)+strings.Repeat("]", 29)+",") + `[]]}`,
		"keys":         `{` + keys.String() + `"z":1}`,
		"pairs":        `{"data":[` + pairs.String() + `{}]}`,
		"in a text":    `{"data":"{` + inside.String() + `\"z\":1}"}`,
		"small events": `[` + fill("{},") + `{}]`,
		"long texts":   `{"a":"` + fill("x") + `"}`,
		"one key":      `{` + fill(`"a":1,`) + `"z":1}`,
		"lean events":  `[` + fill(`{"event":"User Created","userId":"u","adminId":"a","clientId":"c","correlationId":"k"},`) + `{"event":"x"}]`,
	}
}

// Whatever a body is like, Parse takes no more than Cost says, which is what intake
// takes of its budget.
func TestCost(t *testing.T) {
	p, err := NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{500, 20_000, 256 << 10} {
		for name, body := range hostile(size) {
			var before, after runtime.MemStats
			var events []bridge.Event
			runtime.ReadMemStats(&before)
			events, err := p.Parse([]byte(body))
			runtime.ReadMemStats(&after)
			used := int64(after.TotalAlloc - before.TotalAlloc)
			t.Logf("%6d %-12s %8d of %8d, %d events, %.60v", len(body), name, used, Cost([]byte(body)), len(events), err)
			if used > Cost([]byte(body)) {
				t.Errorf("%s, %d bytes: took %d bytes, Cost says %d (%d events, %v)", name, len(body), used, Cost([]byte(body)), len(events), err)
			}
		}
	}
}
