package render

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// folder writes files by name into a folder of their own.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, source := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ownTemplate compiles one template that must be right.
func ownTemplate(t *testing.T, source string, escape map[string]func(string) string) *Template {
	t.Helper()
	set := load(t, Options{Dir: folder(t, map[string]string{"own.yaml": source}), Escape: escape})
	return set.Template("Own")
}

const head = "event: Own\n"

// problemCase is a file and what is wrong with it.
type problemCase struct {
	name, source string
	want         []string // "line:column: message", of which the start must match
}

func (c problemCase) check(t *testing.T) {
	_, err := Load(Options{
		Dir:    folder(t, map[string]string{"own.yaml": c.source}),
		Escape: map[string]func(string) string{"slack": strings.ToUpper},
	})
	problems, ok := errors.AsType[bridge.Problems](err)
	if !ok || len(problems) != len(c.want) {
		t.Fatalf("have %d problems, want %d:\n%v", len(problems), len(c.want), err)
	}
	for i, p := range problems {
		line, _, _ := strings.Cut(p.Error(), "\n")
		_, place, _ := strings.Cut(line, "own.yaml:")
		if !strings.HasPrefix(strings.TrimSpace(place), c.want[i]) {
			t.Errorf("problem %d:\n%v\nwant %s", i, p, c.want[i])
		}
	}
}

// TestProblemsOfYAML is about keys and their types.
func TestProblemsOfYAML(t *testing.T) {
	for _, c := range []problemCase{
		{"not yaml", "event: [1\n", []string{"1:8: sequence end token"}},
		{"empty", "", []string{"is empty: write a template, or remove the file"}},
		{"two documents", "event: A\n---\nevent: B\n", []string{"3:1: want one YAML document"}},
		{"list", "- 1\n", []string{"1:1: want a mapping, have a list"}},
		{"duplicate key", head + "event: B\n", []string{`2:1: mapping key "event" already defined`}},
		{"unknown keys", head + "mesage:\n  title: x\nmessage:\n  titel: x\n", []string{
			"2:1: mesage: unknown key; did you mean \"message\"?", "5:3: message.titel: unknown key; did you mean \"title\"?",
		}},
		{"no title", head + "message:\n  level: info\n", []string{"2:1: message.title: required"}},
		{"wrong types", head + "message:\n  title: 5\n  text: [a]\n  fields: {a: b}\n  level: loud\nsample: x\n", []string{
			"3:10: message.title: want a text, have a number", "4:9: message.text: want a text, have a list",
			"5:11: message.fields: want a list, have a mapping", "6:10: message.level: want info, success, warning or danger, have \"loud\"",
			"7:9: sample: want a mapping, have a text",
		}},
		{"alias", head + "message: { title: &a x, text: *a }\n", []string{
			"2:19: message.title: want a text, have an anchor or alias", "2:31: message.text: want a text, have an anchor",
		}},
		{"half a field", head + "message:\n  title: x\n  fields:\n    - { name: A }\n    - { name: A, value: b, short: 1 }\n", []string{
			"5:7: message.fields[0]: wants a name and a value", "6:35: message.fields[1].short: want true or false, have a number",
		}},
		{"half an action", head + "message: { title: x, actions: [ { label: A } ] }\n", []string{"2:33: message.actions[0]: wants a label and a url"}},
	} {
		t.Run(c.name, c.check)
	}
}

// TestProblemsOfTemplates is about what stands between braces.
func TestProblemsOfTemplates(t *testing.T) {
	for _, c := range []problemCase{
		{"syntax", head + "message:\n  title: 'Hello {{ .event.id'\n", []string{"3:17: message.title: unclosed action"}},
		{"syntax in a block", head + "message:\n  title: x\n  text: |\n    one\n    two {{ if }}x{{ end }}\n", []string{"6:9: message.text: missing value for if"}},
		{"functions", head + "message:\n  title: '{{ naem .event }} {{ env \"HOME\" }} {{ duration }} {{ .event.id | plural }}'\n", []string{
			"3:14: message.title: no function named naem; did you mean \"name\"?", "3:32: message.title: no function named env",
			"3:49: message.title: duration wants 1 value, has 0", "3:76: message.title: plural wants at least 3 values, has 1",
		}},
		{"values with values", head + "message:\n  title: '{{ .event.id 1 }}{{ 1 | .event }}'\n", []string{
			"3:14: message.title: .event.id is a value, not a function", "3:35: message.title: .event is a value",
		}},
		{"unknown part", head + "lookups:\n  user: /users/{{ .event.userId }}\nmessage:\n  title: '{{ .usr.name }} {{ with .event }}{{ .any }}{{ $.usr }}{{ end }}'\n", []string{
			"5:14: message.title: no part named usr; did you mean \"user\"?", "5:57: message.title: no part named usr",
		}},
		{"refused", head + "message:\n  title: '{{ define \"a\" }}{{ end }}'\n  text: '{{ template \"b\" }}'\n  footer: '{{ $ := 1 }}'\n  url: '{{ call .event }}{{ _get . }}'\n", []string{
			"3:11: message.title: define and block are not supported", "4:", "5:15: message.footer: $ cannot be assigned",
			"6:12: message.url: no function named call", "6:29: message.url: no function named _get",
		}},
		{"lookups", head + "lookups:\n  event: /x\n  a: users\n  b: /b/{{ .c.id }}\n  c: /c/{{ .b.id }}\n  d: { path: '/d/{{ .e }}', until: 'true', x: 1 }\nmessage: { title: x }\n", []string{
			"3:3: lookups.event: the name is taken", "4:6: lookups.a: want a path below the API's address",
			"6:3: lookups.c: waits for itself: b needs c needs b", "7:21: lookups.d.path: no part named e", "7:44: lookups.d.x: unknown key",
		}},
		{"native", head + "message: { title: x, native: { slakc: { a: b }, slack: 5 } }\n", []string{
			`2:32: message.native.slakc: no sink type "slakc"; did you mean "slack"?`, "2:56: message.native.slack: want a mapping",
		}},
		{"never works", head + "message:\n  title: x\n  text: |\n    a\n    {{ div 1 0 }}\n", []string{"6:8: message.text: div"}},
		{"lookup that never works", head + "lookups:\n  a: /x/{{ mod 1 0 }}\n  b: { path: /x, until: '{{ repeat 9999999 \"x\" }}' }\nmessage: { title: x }\n", []string{
			"3:12: lookups.a: mod", "4:29: lookups.b.until: repeat takes more than the 1 MiB of memory that a lookup may take",
		}},
		{"no zone", head + "message: { title: '{{ date .event.id \"\" \"Mars/Base\" }}' }\n", []string{`2:23: message.title: date knows no time zone "Mars/Base"`}},
		{"loops for ever", head + "message: { title: x, text: '{{ range 1000000000 }}{{ range 1000000000 }}{{ end }}{{ end }}' }\n", []string{"2:"}},
		{"no event", "message: { title: x }\n", []string{"1:1: event: required"}},
	} {
		t.Run(c.name, c.check)
	}
}

func TestProblemShowsItsPlace(t *testing.T) {
	p := bridge.Problem{File: "templates/x.yaml", Line: 3, Column: 4, Message: "message.title: wrong", Excerpt: "\té: x"}
	const want = "templates/x.yaml:3:4: message.title: wrong\n    \té: x\n    \t  ^"
	if p.Error() != want {
		t.Errorf("have %q, want %q", p.Error(), want)
	}
}

func TestOverrides(t *testing.T) {
	set := load(t, Options{Dir: folder(t, map[string]string{
		"user-created.yaml":  "message: { title: by the file's name }\n",
		"graduation.yml":     "event: certificate awarded\nmessage: { title: by its event }\n",
		"novel.yaml":         "event: NovelWritten\nmessage: { title: a new event }\n",
		"generic.yaml":       "message: { title: anything }\n",
		".hidden.yaml":       "not read",
		"README.md":          "not read",
		"group-created.yaml": "event: GroupCreated\nmessage: { title: both }\n",
	})})
	for event, want := range map[string]string{
		"UserCreated": "by the file's name", "CertificateAwarded": "by its event", "NovelWritten": "a new event",
		"Unheard": "anything", "GroupCreated": "both", "GroupDeleted": "A group was deleted", "NOVEL_WRITTEN": "a new event",
	} {
		m, err := set.Template(event).Message(t.Context(), bridge.Facts{})
		if err != nil || m.Title != want {
			t.Errorf("%s: %q, %v; want %q", event, m.Title, err, want)
		}
	}
	if n := len(set.Events()); n != len(absorb.Events())+1 || !slices.Contains(set.Events(), "CertificateAwarded") {
		t.Errorf("events: %v", set.Events())
	}
}

func TestOverridesThatConflict(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml":            "event: Novel\nmessage: { title: x }\n",
		"b.yaml":            "event: novel\nmessage: { title: x }\n",
		"user-created.yaml": "event: GroupCreated\nmessage: { title: x }\n",
	})
	_, err := Load(Options{Dir: dir})
	problems, _ := errors.AsType[bridge.Problems](err)
	if len(problems) != 2 || !strings.Contains(problems[0].Message, "another template in") || !strings.Contains(problems[1].Message, "give it another name") {
		t.Errorf("have %v", err)
	}
	if _, err := Load(Options{Dir: filepath.Join(dir, "nowhere")}); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestLookups(t *testing.T) {
	tpl := ownTemplate(t, `event: Own
lookups:
  user: /users/{{ .event.userId }}
  boss:
    path: /users/{{ .user.supervisorId }}?_filter={{ .event.q }}
    until: '{{ eq .boss.activeStatus 0 }}'
  open: /categories
message: { title: x }
`, nil)
	lookups := tpl.Lookups()
	if len(lookups) != 3 || lookups[1].Part != "boss" || !slices.Equal(lookups[1].Need, []string{"user"}) {
		t.Fatalf("have %+v", lookups)
	}
	for _, c := range []struct {
		lookup int
		event  map[string]any
		user   any
		want   string
	}{
		{0, map[string]any{"userId": "a b/../?x=1&y#"}, nil, "/users/a%20b%2F..%2F%3Fx%3D1%26y%23"},
		{0, map[string]any{"userId": ".."}, nil, ""},
		{0, map[string]any{"userId": ""}, nil, ""},
		{0, map[string]any{"userId": "00000000-0000-0000-0000-000000000000"}, nil, ""},
		{0, nil, nil, ""},
		{1, map[string]any{"q": "name eq 'é'"}, map[string]any{"supervisorId": "7"}, "/users/7?_filter=name%20eq%20%27%C3%A9%27"},
		{1, map[string]any{"q": "x"}, map[string]any{}, ""},
		{2, nil, nil, "/categories"},
	} {
		path, err := lookups[c.lookup].Ways[0].Path(bridge.Facts{"event": c.event, "user": c.user})
		if err != nil || path != c.want {
			t.Errorf("%v %v: %q, %v; want %q", c.event, c.user, path, err, c.want)
		}
	}
	if s := lookups[1].Settled; s(bridge.Facts{}) || !s(bridge.Facts{"boss": map[string]any{"activeStatus": 0.0}}) {
		t.Error("until: does not follow the answer")
	}
	if lookups[0].Settled != nil {
		t.Error("a lookup without until: is settled at once")
	}
}
