package render

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

func decode(t *testing.T, source string) bridge.Facts {
	t.Helper()
	var f bridge.Facts
	d := json.NewDecoder(strings.NewReader(source))
	d.UseNumber()
	if err := d.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestExpressions(t *testing.T) {
	set := load(t, Options{})
	facts := decode(t, `{"event":{"id":"e1"},"user":{"firstName":"Mira","lastName":null,"tags":["a","b"],"n":3,"f":100.0,"half":92.50,
		"big":123456789012345678901,"t":true,"items":[{"k":1},{"k":2}],"odd":"a string"}}`)
	for template, want := range map[string]string{
		// What is missing reads as nothing, wherever it is missing.
		`[{{ .nothing }}{{ .a.b.c }}{{ .user.lastName.x }}{{ .user.odd.x }}{{ (index .user.tags 9).x }}{{ $.a.b }}{{ $x := .a }}{{ $x.b }}]`: "[]",
		`{{ with .a.b }}yes{{ else }}no{{ end }}{{ if .user.firstName }}yes{{ end }}`:                                                        "noyes",
		`{{ range .nothing }}x{{ else }}none{{ end }}{{ range .user.odd }}<{{ . }}>{{ end }}`:                                                "none<a string>",
		`{{ range $i, $x := .user.items }}{{ $i }}={{ $x.k }}/{{ .k }} {{ end }}`:                                                            "0=1/1 1=2/2 ",
		`{{ range $k, $v := index .user.items 0 }}{{ $k }}{{ $v }}{{ end }}`:                                                                 "k1",
		`{{ with .user }}{{ .firstName }}{{ $.event.id }}{{ end }}{{ (index .user.items 1).k }}`:                                             "Mirae12",
		`{{ upper .nothing }}{{ trunc 2 .nothing }}{{ join "," .nothing }}{{ len .nothing }}{{ add 1 .nothing }}`:                            "01",
		`{{ range .user.items }}{{ if eq .k 2 }}{{ break }}{{ end }}{{ .k }}{{ end }}`:                                                       "1",

		// Numbers are numbers, without a needless fraction.
		`{{ .user.n }} {{ .user.f }} {{ .user.half }} {{ .user.big }} {{ .user.t }}`:                                             "3 100 92.5 123456789012345678901 true",
		`{{ eq .user.n 3 }}{{ eq .user.f 100 }}{{ eq .user.n "3" }}{{ ne .user.n 4 }}{{ eq .user.n 1 2 3 }}{{ eq .x nil }}`:      "truetruetruetruetruetrue",
		`{{ gt .user.half 90 }}{{ le .user.n 3.0 }}{{ lt .nothing 5 }}{{ ge "b" "a" }}{{ gt .user.tags 1 }}{{ eq .user.n "x" }}`: "truetruefalsetruefalsefalse",
		`{{ printf "%d %.1f %s %v %05.2f" .user.f .user.n .user.n .user.half .user.half }}`:                                      "100 3.0 3 92.5 92.50",
		`{{ if and .user.t (gt .user.n 2) (not .nothing) }}ok{{ end }}{{ or .nothing "else" }}`:                                  "okelse",

		// Literal text stays as it is.
		`**{{ "\n" }}**`: "**\n**",
		// Mappings and lists read as names.
		`{{ .user }} {{ .user.tags }}`: "Mira a, b",
	} {
		text, err := set.Text("test", template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		got, err := text.Execute(t.Context(), facts)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", template, got, err, want)
		}
	}
}

func TestDataIsHarmlessInText(t *testing.T) {
	tpl := ownTemplate(t, "event: Own\nmessage:\n  title: '{{ bold .event.x }}'\n  text: \"{{ .event.x }}\\n\\n{{ .event.x }}{{ bold .event.x }} {{ italic .event.x }} {{ code .event.x }} {{ link .event.x \\\"https://example.com/a_b_c?x=1&copy=2\\\" }}\"\n", nil)
	for _, c := range sinktest.Hostile() {
		data := c.Message.Title
		m, err := tpl.Message(t.Context(), bridge.Facts{"event": map[string]any{"x": data}})
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range kit.ParseMarkdown(m.Text) {
			if block.Item {
				t.Errorf("%s: %q makes a list", c.Name, data)
			}
			for _, span := range block.Spans {
				if span.URL != "" && span.URL != "https://example.com/a_b_c?x=1&copy=2" {
					t.Errorf("%s: %q links to %q", c.Name, data, span.URL)
				}
			}
		}
	}
}

func TestMarkdownFunctions(t *testing.T) {
	tpl := ownTemplate(t, `event: Own
message:
  title: '{{ bold .event.x }} {{ link "to" "https://example.com" }}'
  text: '{{ bold .event.x }} {{ italic "i" }} {{ code .event.c }} {{ link (bold "l*") "https://example.com/a_b" }} {{ link "bad" "javascript:alert(1)" }}{{ bold "" }}{{ with bold .event.none }}never{{ end }}'
`, nil)
	m, err := tpl.Message(t.Context(), bridge.Facts{"event": map[string]any{"x": "a*b", "c": "x`y"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "**a\\*b** *i* ``x`y`` [**l\\***](https://example.com/a\\_b) bad"; m.Text != want {
		t.Errorf("text %q, want %q", m.Text, want)
	}
	if want := "a*b to"; m.Title != want {
		t.Errorf("title %q, want %q: formatting has no place there", m.Title, want)
	}
	blocks := kit.ParseMarkdown(m.Text)
	want := []kit.Span{
		{Text: "a*b", Bold: true}, {Text: " "}, {Text: "i", Italic: true}, {Text: " "}, {Text: "x`y", Code: true}, {Text: " "},
		{Text: "l*", Bold: true, URL: "https://example.com/a_b"}, {Text: " bad"},
	}
	if len(blocks) != 1 || !reflect.DeepEqual(blocks[0].Spans, want) {
		t.Errorf("reads as %+v", blocks)
	}
}

func TestWholeMessage(t *testing.T) {
	tpl := ownTemplate(t, `event: Own
message:
  level: '{{ .event.level }}'
  title: ' {{ .event.x }} '
  url: 'https://example.com/{{ .event.x }}?q={{ .event.x }}'
  image_url: '{{ .event.image }}'
  footer: f
  thread: t-{{ .event.x }}
  fields:
    - { name: Empty, value: '  {{ .event.none }}  ' }
    - { name: X, value: '{{ .event.x }}', short: true }
  actions:
    - { label: Open, url: '{{ portal "/a/%s" .event.x }}' }
    - { label: Dropped, url: '{{ portal "/a/%s" .event.none }}' }
  native:
    slack:
      blocks: [ { type: section, text: { type: mrkdwn, text: '*<b>* {{ .event.x }}{{ .event.none }}' }, n: 1, ok: true } ]
`, map[string]func(string) string{"slack": func(s string) string { return "(" + strings.ToUpper(s) + ")" }})
	m, err := tpl.Message(t.Context(), bridge.Facts{
		"portal": "https://learning.example.com/",
		"event":  map[string]any{"x": "a b&c/d", "level": "danger", "image": "https://example.com/i.png", "occurredAt": "2026-11-23T14:02:35.5Z"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Message{
		Level: bridge.LevelDanger, Title: "a b&c/d", URL: "https://example.com/a%20b%26c%2Fd?q=a%20b%26c%2Fd",
		ImageURL: "https://example.com/i.png", Footer: "f", ThreadKey: "t-a b&c/d",
		Fields:  []bridge.Field{{Name: "X", Value: "a b&c/d", Short: true}},
		Actions: []bridge.Action{{Label: "Open", URL: "https://learning.example.com/a/a%20b%26c%2Fd"}},
		Time:    time.Date(2026, 11, 23, 14, 2, 35, 500_000_000, time.UTC),
		Native: map[string]map[string]any{"slack": {"blocks": []any{map[string]any{
			"type": "section", "n": uint64(1), "ok": true, "text": map[string]any{"type": "mrkdwn", "text": "*<b>* (A B&C/D)()"},
		}}}},
	}
	// Every text of a native part is a template, "section" too, and has no value.
	if !reflect.DeepEqual(m, want) {
		t.Errorf("have %+v\nwant %+v", m, want)
	}
}

func TestDigest(t *testing.T) {
	set := load(t, Options{Dir: folder(t, map[string]string{
		"own.yaml":  "event: Own\nmessage: { title: x }\ndigest:\n  group: '{{ .event.who }}'\n  title: '{{ .count }} {{ len .groups }} {{ .first.event.who }}-{{ .last.event.who }}'\n  text: '{{ range .groups }}{{ .key }}{{ .len }}{{ .event.who }}{{ len .events }} {{ end }}'\n",
		"bare.yaml": "event: BareThing\nmessage: { title: x }\n",
	})})
	var events []bridge.Facts
	for _, who := range []string{"a", "b", "a", "c"} {
		events = append(events, bridge.Facts{"event": map[string]any{"who": who, "type": "BareThing", "occurredAt": "2026-01-02T03:04:05Z"}})
	}
	m, err := set.Template("Own").digestOf(t.Context(), events, nil, "", engine.MaxList)
	if err != nil || m.Title != "4 3 a-c" || m.Text != "a2a2 b1b1 c1c1" {
		t.Errorf("have %+v, %v", m, err)
	}
	m, err = set.Together(t.Context(), events, nil)
	if err != nil || m.Title != "4 × Bare thing" {
		t.Errorf("without digest wording: %+v, %v", m, err)
	}
	if _, err := set.Together(t.Context(), nil, nil); err == nil {
		t.Error("a digest of nothing is made")
	}
}

func TestContextEnds(t *testing.T) {
	set := load(t, Options{})
	text, err := set.Text("endless", `{{ range 90000 }}{{ end }}x`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := text.Execute(ctx, bridge.Facts{}); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v", err)
	}
	if _, err := set.Template("UserCreated").Message(ctx, bridge.Facts{}); !errors.Is(err, context.Canceled) {
		t.Errorf("message: %v", err)
	}
}

func TestFailureNamesFileAndKeyButNoValue(t *testing.T) {
	tpl := ownTemplate(t, "event: Own\nmessage:\n  title: x\n  footer: '{{ if .event.x }}{{ pick .event.x \"a\" }}{{ end }}'\n", nil)
	_, err := tpl.Message(t.Context(), bridge.Facts{"event": map[string]any{"x": "personal"}})
	if err == nil || !strings.Contains(err.Error(), "own.yaml:4: message.footer: pick wants a mapping") || strings.Contains(err.Error(), "personal") {
		t.Errorf("have %v", err)
	}
}

func TestSetServesManyGoroutines(t *testing.T) {
	set := load(t, Options{})
	tpl := set.Template("CompetencyAwarded")
	facts := fullFacts(t, tpl, leanFacts("CompetencyAwarded", tpl))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				m, err := tpl.Message(t.Context(), facts)
				if err != nil || m.Title != "Mira Halvorsen gained the competency Fall protection" {
					t.Errorf("have %q, %v", m.Title, err)
				}
				if _, err := set.Text("x", "{{ .user.emailAddress }}"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("event: A\nlookups: { u: '/x/{{ .event.id }}' }\nmessage:\n  title: '{{ name .u }}'\n  text: |\n    {{ range .event }}{{ . }}{{ end }}\n"))
	f.Add([]byte("event: '*'\nmessage: { title: \"{{ bold `x` }}\", native: { slack: { a: [ '{{ . }}' ] } } }\ndigest: { title: '{{ .count }}', group: '{{ .event.x }}' }\n"))
	f.Add([]byte("\r# x\r\n\revent: 'a\r\nb'\rmessage: { title: \"{{ x }}\r\n\" }\r'"))
	f.Add([]byte("a: &x [*x]\n---\n? b\n: !!str c\n"))
	f.Add([]byte("event: A\nmessage: { title: x, native: { slack: { blocks: [ { type: section, text: { type: a } } ] }, teams: { body: [ { items: [ 1 ] } ] } } }\n"))
	f.Add([]byte("event: A\nbulk: true\nmessage: { title: x, native: { discord: { embeds: [ { color: x } ] }, slack: null } }\nstory: { lead: 1, fields: [ { name: a, value: '{{ .lead }}' } ] }\ndigest: { title: x, group: [ a, '{{ .event.x }}' ] }\n"))
	o, words := platforms(), english(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		c := &templateReader{engine.NewCompiler(locale.NewClock(words, time.UTC, ""), nil, o.Escape), o.Check}
		tpl, problems := c.readTemplate("fuzz.yaml", source, "", nil)
		for _, p := range problems {
			if p.Message == "" || p.Line > len(yamlfile.Lines(yamlfile.Normalize(source))) {
				t.Errorf("a problem without words or beyond the file: %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		m, err := tpl.Message(t.Context(), bridge.Facts{"event": map[string]any{"id": "*x*"}})
		if err == nil && !reflect.DeepEqual(m, m.Clean()) {
			t.Errorf("not clean: %+v", m)
		}
	})
}

func english(t testing.TB) *locale.Language {
	t.Helper()
	return load(t, Options{}).words
}
