package gateway

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
)

// TestLocalization: a route's language and zone win over the sink's, and those over the
// whole configuration's; sinks that speak alike share their templates.
func TestLocalization(t *testing.T) {
	if _, err := time.LoadLocation("Asia/Tokyo"); err != nil {
		t.Skip("this machine knows no time zones")
	}
	c, err := config.Parse("bridge.yaml", []byte(`
timezone: America/New_York
sources: { p: { path: /absorb, secrets: [ s ] } }
sinks:
  usual: { type: console }
  german: { type: console, locale: de, zone: Europe/Berlin }
  other: { type: console, locale: de, zone: Europe/Berlin }
routes:
  - { name: plain, events: [ "*" ], to: [ usual, german, other ] }
  - { name: tokyo, events: [ "*" ], to: [ usual, german ], zone: Asia/Tokyo }
  - { name: english, events: [ "*" ], to: [ german ], locale: en }
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Build(c)
	if err != nil {
		t.Fatal(err)
	}
	facts := bridge.Facts{
		"event": map[string]any{"type": "EnrollmentCompletedByLearner"}, "incomplete": true,
		"enrollment": map[string]any{"score": 92.5, "dateCompleted": "2026-11-23T14:02:31Z"},
	}
	for _, test := range []struct{ sink, route, want string }{
		{"usual", "plain", "A learner completed a course|92.5 %|23 Nov 2026, 09:02|Absorb could not be asked for details"},
		{"usual", "tokyo", "A learner completed a course|92.5 %|23 Nov 2026, 23:02|Absorb could not be asked for details"},
		{"german", "plain", "Jemand hat einen Kurs abgeschlossen|92,5 %|23. Nov. 2026, 15:02|Absorb konnte nicht nach Einzelheiten gefragt werden"},
		{"german", "tokyo", "Jemand hat einen Kurs abgeschlossen|92,5 %|23. Nov. 2026, 23:02|Absorb konnte nicht nach Einzelheiten gefragt werden"},
		{"german", "english", "A learner completed a course|92.5 %|23 Nov 2026, 15:02|Absorb could not be asked for details"},
		{"other", "a route of long ago", "Jemand hat einen Kurs abgeschlossen|92,5 %|23. Nov. 2026, 15:02|Absorb konnte nicht nach Einzelheiten gefragt werden"},
	} {
		m, err := parts.Composers[test.sink].Message(t.Context(), bridge.Delivery{EventID: "1", EventType: "EnrollmentCompletedByLearner", Route: test.route, Facts: facts})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join([]string{m.Title, m.Fields[0].Value, m.Fields[1].Value, m.Footer}, "|"); got != test.want {
			t.Errorf("%s by %s: %s", test.sink, test.route, got)
		}
	}
	v := newTemplateSets(c, parts.Templates)
	german, err := v.wording(c.Sinks[1])
	if err != nil {
		t.Fatal(err)
	}
	if other, err := v.wording(c.Sinks[2]); err != nil || other.Templates != german.Templates {
		t.Errorf("they do not share their templates: %v", err)
	}
}

// TestFaultOfATranslation is told once, however many sinks speak the language.
func TestFaultOfATranslation(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "de"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "de", "user-created.yaml"), []byte("message: { title: '{{ .usr }}' }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("bridge.yaml", []byte(`
templates: '`+dir+`'
sources: { p: { path: /absorb, secrets: [ s ] } }
sinks: { a: { type: console, locale: de }, b: { type: console, locale: de, zone: Europe/Berlin }, c: { type: console } }
routes: [ { name: all, events: [ "*" ], to: [ a, b, c ] } ]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Build(c)
	if err == nil || strings.Count(err.Error(), "no part named usr") != 1 {
		t.Error(err)
	}
}
