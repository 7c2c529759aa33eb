package render

import (
	"strings"
	"testing"
	"text/template"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// TestTemplatesRunAsTextTemplate: what decides, loops and keeps values does the same as
// in text/template.
func TestTemplatesRunAsTextTemplate(t *testing.T) {
	facts := map[string]any{
		"yes": true, "no": false, "zero": int64(0), "empty": "", "word": "w", "list": []any{"a", "b", "c"}, "none": []any{},
		"map": map[string]any{"k": "v", "a": "1", "deep": map[string]any{"x": "y"}}, "three": int64(3),
	}
	set := load(t, Options{})
	for _, source := range []string{
		`{{ if .yes }}a{{ else }}b{{ end }}{{ if .no }}c{{ else if .zero }}d{{ else }}e{{ end }}`,
		`{{ with .empty }}a{{ else with .word }}{{ . }}{{ else }}b{{ end }}{{ .word }}`,
		`{{ range .list }}{{ . }},{{ end }}{{ range .none }}x{{ else }}none{{ end }}{{ range .zero }}x{{ else }}zero{{ end }}`,
		`{{ range $i, $e := .list }}{{ $i }}{{ $e }}{{ $.word }} {{ end }}{{ range $e := .list }}{{ $e }}{{ end }}`,
		`{{ range $k, $v := .map }}{{ $k }} {{ end }}{{ range .three }}{{ . }}{{ end }}{{ range 2 }}-{{ end }}`,
		`{{ range .list }}{{ if eq . "b" }}{{ continue }}{{ end }}{{ . }}{{ end }}{{ .word }}`,
		`{{ range .list }}{{ range $.list }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}{{ . }} {{ end }}`,
		`{{ range .list }}{{ with $.map }}{{ .k }}{{ break }}{{ end }}{{ end }}{{ .word }}`,
		`{{ $x := "a" }}{{ if .yes }}{{ $x := "b" }}{{ $x }}{{ end }}{{ $x }}{{ if .yes }}{{ $x = "c" }}{{ end }}{{ $x }}`,
		`{{ $x := "a" }}{{ range $x := .list }}{{ $x }}{{ end }}{{ $x }}{{ range .list }}{{ $x = . }}{{ end }}{{ $x }}`,
		`{{ $i := "i" }}{{ $e := "e" }}{{ range $i, $e = .list }}{{ end }}{{ $i }}{{ $e }}`,
		`{{ with $x := .map }}{{ $x.k }}{{ .deep.x }}{{ end }}{{ with .map.deep }}{{ .x }}{{ $.map.k }}{{ end }}`,
		`{{ and .yes .word }}{{ and .empty .word }}{{ or .empty .word }}{{ or .no .zero }}{{ not .zero }}{{ .word | and .yes }}`,
		`{{ or .word (index .list 9) }}{{ and .no (index .list 9) }}{{ (index .map "deep").x }}{{ 1 }}{{ 0x1F }}{{ 1e1 }}{{ 'a' }}`,
		`{{- /* no */ -}} {{ "a\n" -}}  b{{ print "x" "y" | len }}`,
	} {
		var want strings.Builder
		if err := template.Must(template.New("").Funcs(template.FuncMap{"index": value.Index}).Parse(source)).Execute(&want, facts); err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		text, err := set.Text("flow", source)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := text.Execute(t.Context(), bridge.Facts(facts)); err != nil || got != want.String() {
			t.Errorf("%s: %q, %v, want %q", source, got, err, want.String())
		}
	}
}

// TestFaultsHaveTheirPlace: a template that fails says where, and in which function.
func TestFaultsHaveTheirPlace(t *testing.T) {
	set := load(t, Options{})
	for source, want := range map[string]string{
		"a\n  {{ div 1 0 }}":                                   "x:2: div divides by 0",
		"a\n\n{{ range $i, $n := 3 }}{{ end }}":                "x:3: can't use 3 to iterate over more than one variable",
		"{{ nil }}":                                            "x:1: nil is not a command",
		"{{ 9223372036854775808 }}":                            "x:1: 9223372036854775808 overflows int",
		"{{ if .no }}{{ $x := 1 }}{{ else }}{{ $x }}{{ end }}": "x:1: undefined variable: $x",
	} {
		text, err := set.Text("x", source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := text.Execute(t.Context(), nil); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", source, err, want)
		}
	}
}
