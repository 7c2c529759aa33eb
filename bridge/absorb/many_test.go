package absorb

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyKeys: of a body with many keys no more than the bounds is looked at and kept,
// and what the parser looks for is found wherever it stands.
func TestManyKeys(t *testing.T) {
	const many = 4000
	repeat := func(form string) string {
		var b strings.Builder
		for i := range many {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	known := `"eventName": "Certificate Awarded", "userId": "u1", "timestamp": "2026-11-23T12:00:00Z", "courseId": "k1"`
	for name, body := range map[string]string{
		"before the others":       `{` + repeat(`"a%dId": 1, `) + known + `}`,
		"beyond the others":       `{` + known + repeat(`, "z%dId": 1`) + `}`,
		"inside of an object":     `{"data": {` + repeat(`"a%dId": 1, `) + known + `}}`,
		"beside objects":          `{` + repeat(`"a%d": {"id": 1}, `) + known + `}`,
		"beside texts with JSON":  `{` + repeat(`"a%d": "{\"id\": 1}", `) + known + `}`,
		"beside a list of values": `{` + known + `, "values": [` + strings.TrimSuffix(repeat(`{"key": "a%dId", "value": 1}, `), ", ") + `]}`,
		"behind a large object":   `{"a": {` + strings.TrimSuffix(repeat(`"a%dId": 1, `), ", ") + `}, ` + known + `}`,
	} {
		p, err := NewParser(nil)
		if err != nil {
			t.Fatal(err)
		}
		events, err := p.Parse([]byte(body))
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e := events[0]
		if e.Type != "CertificateAwarded" || e.UserID != "u1" || e.Entities["courseId"] != "k1" || e.OccurredAt.IsZero() {
			t.Errorf("%s: %s of %q about %q at %v", name, e.Type, e.UserID, e.Entities["courseId"], e.OccurredAt)
		}
		if n := len(e.Entities); n > maxEntities+1 {
			t.Errorf("%s: %d ids are kept", name, n)
		}
		if n := len(indexBody(e.Body)); n > maxFields {
			t.Errorf("%s: %d values are looked at", name, n)
		}
		if again, err := p.Parse([]byte(body)); err != nil || fmt.Sprint(again[0].Entities) != fmt.Sprint(e.Entities) {
			t.Errorf("%s: understood in another way the second time, or %v", name, err)
		}
	}
}
