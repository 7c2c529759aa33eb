package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// nameless are the ways in which an answer may lack a name.
func nameless() map[string]func(m map[string]any, key string) {
	return map[string]func(m map[string]any, key string){
		"no names":      func(m map[string]any, key string) { delete(m, key) },
		"null names":    func(m map[string]any, key string) { m[key] = nil },
		"blank names":   func(m map[string]any, key string) { m[key] = " \t" },
		"names no text": func(m map[string]any, key string) { m[key] = map[string]any{"value": "never"} },
	}
}

// unnamed is a value without any names in it.
func unnamed(v any, strip func(m map[string]any, key string)) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for key, value := range v {
			m[key] = unnamed(value, strip)
		}
		for _, key := range []string{"firstName", "lastName", "fullName", "username", "name", "courseName"} {
			if _, is := m[key]; is {
				strip(m, key)
			}
		}
		return m
	case []any:
		all := make([]any, len(v))
		for i, element := range v {
			all[i] = unnamed(element, strip)
		}
		return all
	}
	return v
}

// TestIDsDoNotVanish: whichever part of an answer lacks its name, or is missing, a
// message of every event, in every language, shows each id of the webhook or the name
// of what it stands for.
func TestIDsDoNotVanish(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale})
		for _, event := range append(set.Events(), "SomethingNewHappened") {
			template := set.Template(event)
			lean := leanFacts(event, template)
			about := value.Get(lean, "event").(map[string]any)
			about["roomId"] = "b0000000-0000-4000-a000-000000000001" // one that no template knows
			about["costCenter"] = "HQ-7"                             // what a source's fields may add
			full := fullFacts(t, template, lean)
			parts := slices.DeleteFunc(slices.Sorted(maps.Keys(full)), func(part string) bool { return slices.Contains(bridge.Given(), part) })
			for how, strip := range nameless() {
				bare := maps.Clone(lean)
				for _, part := range parts {
					bare[part] = unnamed(full[part], strip)
					one := maps.Clone(full)
					one[part] = bare[part]
					everyID(t, locale+" "+event+": "+how+" in "+part, template, one)
				}
				everyID(t, locale+" "+event+": "+how, template, bare)
			}
			for _, part := range parts {
				one := maps.Clone(full)
				for missing, value := range map[string]any{"empty": map[string]any{}, "null": nil} {
					one[part] = value
					everyID(t, locale+" "+event+": "+missing+" "+part, template, one)
				}
			}
			everyID(t, locale+" "+event+": no lookups", template, lean)
		}
	}
}

// everyID looks for the ids of an event in its message.
func everyID(t *testing.T, what string, template *Template, facts bridge.Facts) {
	t.Helper()
	m, err := template.Message(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	shown := m.Title + "\n" + m.Text + "\n" + fmt.Sprint(m.Fields)
	for key, id := range value.Get(facts, "event").(map[string]any) {
		if slices.Contains(engine.KeysWithoutThing(), key) || strings.Contains(shown, value.TextOf(id)) {
			continue
		}
		name := value.NameByKey(facts, value.TextOf(id))
		if key == "courseId" {
			name = cmp.Or(name, value.NameIn(facts["certificate"])) // which has no courseId
		}
		if name == "" || name == value.TextOf(id) || !strings.Contains(shown, name) {
			t.Errorf("%s: %s %s vanished, and its name %q:\n%s", what, key, id, name, shown)
		}
	}
	if strings.Contains(shown, "never") {
		t.Errorf("%s: a mapping is shown as a name:\n%s", what, shown)
	}
}

// TestOtherIDsAreRare: a message that names everything has no ids.
func TestOtherIDsAreRare(t *testing.T) {
	for locale, field := range map[string]string{"en": "Other IDs", "de": "Weitere IDs"} {
		set := load(t, Options{Locale: locale})
		for _, event := range set.Events() {
			template := set.Template(event)
			lean := leanFacts(event, template)
			if event == "CertificateAwarded" {
				value.Get(lean, "event").(map[string]any)["enrollmentId"] = "80000000-0000-4000-a000-000000000001"
			}
			m, err := template.Message(t.Context(), fullFacts(t, template, lean))
			if err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(m.Fields, func(f bridge.Field) bool { return f.Name == field }); i >= 0 {
				t.Errorf("%s: %s", event, m.Fields[i].Value)
			}
			roomy := maps.Clone(lean)
			value.Get(roomy, "event").(map[string]any)["roomId"] = "r1"
			if m, _ = template.Message(t.Context(), roomy); !slices.ContainsFunc(m.Fields, func(f bridge.Field) bool {
				return f.Name == field && strings.Contains(f.Value, "roomId: r1")
			}) {
				t.Errorf("%s: an id that nobody knows is not below %q: %v", event, field, m.Fields)
			}
		}
	}
}
