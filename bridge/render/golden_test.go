package render

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) { testGolden(t, load(t, Options{}), filepath.Join("testdata", "golden")) }

// TestGoldenInGerman: every template is translated, and no English is left.
func TestGoldenInGerman(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("this machine knows no time zones")
	}
	folder := filepath.Join("testdata", "golden", "de")
	testGolden(t, load(t, Options{Locale: "de", Zone: berlin}), folder)
	english := regexp.MustCompile(`(?i)\b(a|an|the|was|is|and|completed|awarded|learner|available|until|by|course|created|deleted)\b`)
	for _, event := range load(t, Options{}).Events() {
		text, err := os.ReadFile(filepath.Join(folder, event+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			words := regexp.MustCompile(`^(##|level:|thread:|url:|text:|time:).*|https://\S+|Working at Height|Forklift Basics & Beyond|How to climb & stay safe|Quay 4, room B`).ReplaceAllString(line, "")
			if found := english.FindString(words); found != "" {
				t.Errorf("%s: %q is English: %s", event, found, line)
			}
		}
	}
}

func testGolden(t *testing.T, set *Set, folder string) {
	t.Helper()
	if n := len(set.Events()); n != len(absorb.Events()) {
		t.Errorf("%d events have a template, want %d", n, len(absorb.Events()))
	}
	for _, event := range append(set.Events(), "SomethingNewHappened") {
		t.Run(event, func(t *testing.T) {
			template := set.Template(event)
			lean := leanFacts(event, template)
			full := fullFacts(t, template, lean)
			full["portal"] = "https://learning.example.com/"
			var b strings.Builder
			show(t, &b, "full facts", template, full)
			show(t, &b, "no lookups", template, lean)
			digest, err := set.Together(t.Context(), []bridge.Facts{full, lean, full}, nil)
			if err != nil {
				t.Fatal(err)
			}
			write(&b, "digest of three", digest)
			hostile(t, &b, set, event)
			golden(t, filepath.Join(folder, event+".txt"), b.String())
		})
	}
}

func show(t *testing.T, b *strings.Builder, what string, template *Template, f bridge.Facts) {
	t.Helper()
	m, err := template.Message(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"@example.com", "E-100", "never-shown"} {
		if strings.Contains(fmt.Sprint(m), private) {
			t.Errorf("%s: the default wording shows %q", what, private)
		}
	}
	write(b, what, m)
}

func write(b *strings.Builder, what string, m bridge.Message) {
	fmt.Fprintf(b, "## %s\nlevel:  %s\ntitle:  %s\n", what, m.Level, m.Title)
	for _, line := range []struct{ name, value string }{
		{"url", m.URL}, {"text", m.Text}, {"footer", m.Footer}, {"thread", m.ThreadKey},
	} {
		if line.value != "" {
			fmt.Fprintf(b, "%-7s %s\n", line.name+":", strings.ReplaceAll(line.value, "\n", "\n        "))
		}
	}
	for _, f := range m.Fields {
		fmt.Fprintf(b, "- %s = %s\n", f.Name, strings.ReplaceAll(f.Value, "\n", " / "))
	}
	fmt.Fprintf(b, "time:   %s\n\n", m.Time.Format(time.RFC3339))
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; -update writes it anew. Have:\n%s\nWant:\n%s", file, got, want)
	}
}

func load(t testing.TB, o Options) *Set {
	t.Helper()
	set, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// leanFacts are those of an event's sample before anything was looked up.
func leanFacts(event string, template *Template) bridge.Facts {
	e := bridge.Event{
		ID: "0192f0c4-7a10-7c3e-9b1e-5f1f2a3b4c5e", Source: "production", Type: event, Entities: map[string]string{},
		OccurredAt: time.Date(2026, 11, 23, 14, 2, 35, 0, time.UTC), ReceivedAt: time.Date(2026, 11, 23, 14, 2, 36, 0, time.UTC),
		Body: map[string]any{"eventName": event},
	}
	for key, id := range template.Sample() {
		e.Entities[key] = id.(string)
	}
	return bridge.NewFacts(e)
}

// matches reports whether an entry of a list has the ids that a choice asks for.
func matches(c *bridge.Choice, entry any, f bridge.Facts) bool {
	for field, key := range c.Match {
		if !value.Equal(value.Get(entry, field), value.Get(f, "event", key)) {
			return false
		}
	}
	return true
}

// fullFacts answers the template's lookups from testdata/portal.json.
func fullFacts(t testing.TB, template *Template, lean bridge.Facts) bridge.Facts {
	t.Helper()
	source, err := os.ReadFile("testdata/portal.json")
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(source)))
	decoder.UseNumber()
	if err := decoder.Decode(&answers); err != nil {
		t.Fatal(err)
	}
	full := bridge.Facts{}
	for part, v := range lean {
		full[part] = v
	}
	byPart := map[string]bridge.Lookup{}
	for _, l := range template.Lookups() {
		byPart[l.Part] = l
	}
	var ask func(bridge.Lookup)
	ask = func(l bridge.Lookup) {
		for _, need := range l.Need {
			ask(byPart[need])
		}
		for _, w := range l.Ways {
			path, err := w.Path(full)
			if err != nil {
				t.Fatal(err)
			}
			answer, ok := answers[path]
			switch {
			case path == "", w.Choose.Infers(), full[l.Part] != nil:
			case !ok:
				t.Errorf("lookup %s asks for %s, which the sample portal does not know", l.Part, path)
			case w.Choose == nil:
				full[l.Part] = answer
			default:
				for _, entry := range bridge.Entries(answer) {
					if matches(w.Choose, entry, full) {
						full[l.Part] = entry
					}
				}
			}
		}
	}
	for _, l := range template.Lookups() {
		ask(l)
	}
	for _, l := range template.Lookups() {
		if l.Settled != nil && (!l.Settled(full) || l.Settled(lean)) {
			t.Errorf("lookup %s: settled = %v with the answer, %v without", l.Part, l.Settled(full), l.Settled(lean))
		}
	}
	return full
}
