package render

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// TestJSON writes values into JSON, by where their template stands.
func TestJSON(t *testing.T) {
	facts := bridge.Facts{
		"name": `Mira "Mi" <x> \ ", "admin": true, "`, "score": json.Number("92.5"), "big": json.Number("12345678901234567890"),
		"list": []any{"a", json.Number("1"), nil}, "course": map[string]any{"name": "Work\nat Height", "id": json.Number("7")}, "yes": true,
	}
	for template, want := range map[string]string{
		`{"a": {{ .name }}}`:                                                                `{"a": "Mira \"Mi\" <x> \\ \", \"admin\": true, \""}`,
		`{"a": "Hello {{ .name }}!"}`:                                                       `{"a": "Hello Mira \"Mi\" <x> \\ \", \"admin\": true, \"!"}`,
		`{"a": {{ json .name }}, "b": {{ .name }}}`:                                         `{"a": "Mira \"Mi\" <x> \\ \", \"admin\": true, \"", "b": "Mira \"Mi\" <x> \\ \", \"admin\": true, \""}`,
		`{"a": "{{ json .list }}"}`:                                                         `{"a": "[\"a\",1,null]"}`,
		`{"a": {{ .score }}, "b": {{ .big }}}`:                                              `{"a": 92.5, "b": 12345678901234567890}`,
		`[{{ .list }}, {{ .yes }}, {{ .missing.x }}]`:                                       `[["a",1,null], true, null]`,
		`{"a": {{ .course }}, "b": "{{ .missing }}"}`:                                       `{"a": {"id":7,"name":"Work\nat Height"}, "b": ""}`,
		`{"a": "{{ .course.name }}"}`:                                                       `{"a": "Work\nat Height"}`,
		`{"a\"": {{ .yes }}, "b\\": "{{ .course.id }}"}`:                                    `{"a\"": true, "b\\": "7"}`,
		`{"a": {{ bold .course.name }}}`:                                                    `{"a": "Work at Height"}`,
		`{"a": {{ toJson .list }}}`:                                                         `{"a": ["a",1,null]}`,
		`{"a": [{{ range $i, $x := .list }}{{ if $i }},{{ end }}{"v": {{ $x }}}{{ end }}]}`: `{"a": [{"v": "a"},{"v": 1},{"v": null}]}`,
	} {
		text, err := load(t, Options{}).Body("body", template, "application/json")
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		got, err := text.Execute(t.Context(), facts)
		if err != nil || got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s gives\n%s, %v; want\n%s", template, got, err, want)
		}
	}
}

func TestJSONFaults(t *testing.T) {
	_, err := load(t, Options{}).Body("body of crm", "{\n\"a\": {{ jsn .x }} }", "application/json")
	if err == nil || !strings.Contains(err.Error(), "body of crm:2:") || !strings.Contains(err.Error(), `"json"`) {
		t.Errorf("the fault is reported as %v", err)
	}
}

// FuzzJSON puts whatever comes into every place of a body: it stays one value.
func FuzzJSON(f *testing.F) {
	set, err := Load(Options{})
	if err != nil {
		f.Fatal(err)
	}
	text, err := set.Body("body", `{"a": {{ .x }}, "b": "<{{ .x }}>", "c": {{ json .x }}, "d": {"e{{ .x }}": [{{ .x }}]}}`, "application/json")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{`a`, `"`, `\`, `\"`, "\x00\u2028\xff", `","x":"`, "}]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > value.MaxText/100 {
			return // would be cut
		}
		body, err := text.Execute(t.Context(), bridge.Facts{"x": s})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%q makes %s: %v", s, body, err)
		}
		s = strings.Map(func(r rune) rune { return r }, s) // invalid bytes become U+FFFD, one by one
		want := map[string]any{"a": s, "b": "<" + s + ">", "c": s, "d": map[string]any{"e" + s: []any{s}}}
		if !maps.EqualFunc(got, want, func(a, b any) bool { return reflect.DeepEqual(a, b) }) {
			t.Errorf("%q makes %s", s, body)
		}
	})
}
