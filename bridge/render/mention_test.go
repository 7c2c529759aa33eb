package render

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// TestMention: a mention is a mark wherever a message shows text, and a name
// wherever it could not be one.
func TestMention(t *testing.T) {
	own := ownTemplate(t, head+`lookups: { user: /users/1, supervisor: /users/2, course: /courses/1, nobody: /users/3 }
message:
  title: '{{ mention .user }} completed {{ .course.name }}'
  text: '{{ bold (mention .user) }}, {{ mention .supervisor }}, {{ with mention .nobody }}x{{ else }}none{{ end }}'
  footer: '{{ printf "by %s" (mention .user) }}, {{ list (mention .user) (mention .supervisor) | sentence }}'
  thread: '{{ mention .user }}'
  url: 'https://example.com/{{ mention .user }}'
  fields: [ { name: Who, value: '{{ mention .user | default "nobody" }} {{ mention "Someone" }}' } ]
`, nil)
	facts := decode(t, `{"event":{"type":"Own"},"course":{"name":"Ropes"},
		"user":{"firstName":"Ann","lastName":"Lee","emailAddress":"Ann@Example.com"},
		"supervisor":{"firstName":"Bob","lastName":"Ray","emailAddress":"bob@example.com"}}`)
	m, err := own.Message(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	ann, bob := bridge.MentionMark(0), bridge.MentionMark(1)
	for what, c := range map[string]struct{ got, want string }{
		"title":  {m.Title, ann + " completed Ropes"},
		"text":   {m.Text, "**" + ann + "**, " + bob + ", none"},
		"footer": {m.Footer, "by Ann Lee, Ann Lee and Bob Ray"},
		"thread": {m.ThreadKey, ""},
		"url":    {m.URL, "https://example.com/Ann%20Lee"},
		"field":  {m.Fields[0].Value, ann + " Someone"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", what, c.got, c.want)
		}
	}
	if len(m.Mentions) != 2 || m.Mentions[0] != (bridge.Person{Name: "Ann Lee", Email: "ann@example.com"}) || m.Mentions[1].Name != "Bob Ray" {
		t.Errorf("mentions %+v", m.Mentions)
	}
}

// TestDataCannotMention: whatever Absorb sends, through whatever function, nobody
// is mentioned but by mention.
func TestDataCannotMention(t *testing.T) {
	mark := bridge.MentionMark(0)
	facts := bridge.Facts{
		"event": map[string]any{"type": "Own"},
		"boss":  map[string]any{"firstName": "The", "lastName": "Boss", "emailAddress": "boss@example.com"},
		"evil":  map[string]any{"name": mark + "x" + mark, "list": []any{mark, "y" + mark}, "html": "<p>&#1113856;" + mark + "</p>", "n": int64(0x10FF00)},
	}
	for _, action := range []string{
		`{{ .evil.name }}`, `{{ bold .evil.name }}`, `{{ code .evil.name }}`, `{{ link .evil.name "https://example.com/" }}`,
		`{{ name .evil }}`, `{{ sentence .evil.list }}`, `{{ join "" .evil.list }}`, `{{ range .evil.list }}{{ . }}{{ end }}`,
		`{{ plain .evil.html }}`, `{{ printf "%c%s%v" .evil.n .evil.name .evil.list }}`, `{{ print .evil.name }}`,
		`{{ .evil.name | upper | trim }}`, `{{ toJson .evil }}`, `{{ mention .evil }}`, `{{ truncate 2 .evil.name }}`,
		`{{ regexReplaceAll "x" .evil.name "z" }}`, `{{ default "a" .evil.name }}`, `{{ index .evil.list 0 }}`, `{{ quote .evil.name }}`,
	} {
		own := ownTemplate(t, head+"lookups: { boss: /users/1, evil: /users/2 }\nmessage:\n  title: |\n    {{ mention .boss }} "+action+"\n  text: |\n    "+action+"\n  footer: |\n    "+action+
			"\n  fields:\n    - name: |\n        "+action+"\n      value: |\n        "+action+"\n", nil)
		m, err := own.Message(t.Context(), facts)
		if err != nil {
			t.Errorf("%s: %v", action, err)
			continue
		}
		shown := m.Title + m.Text + m.Footer
		for _, f := range m.Fields {
			shown += f.Name + f.Value
		}
		if n := strings.Count(shown, mark); n != 1 || len(m.Mentions) != 1 {
			t.Errorf("%s: %d mentions in %q of %+v", action, n, shown, m.Mentions)
		}
	}
}

// TestMentionsOfSeveralEvents: a story mentions whom its leading message does; what
// comes from other messages has names.
func TestMentionsOfSeveralEvents(t *testing.T) {
	set := load(t, Options{Dir: folder(t, map[string]string{
		"own.yaml":   "event: Own\nlookups: { user: /users/1 }\nmessage: { title: '{{ mention .user }} leads' }\nstory: { lead: 99, fields: [ { name: Own, value: x } ] }\n",
		"other.yaml": "event: Other\nlookups: { user: /users/1 }\nmessage: { title: '{{ mention .user }} follows' }\nstory: { fields: [ { name: Also, value: 'by {{ mention .user }}' } ] }\n",
	})})
	event := func(kind, name string) bridge.Facts {
		return bridge.Facts{
			"event": map[string]any{"type": kind, "occurredAt": "2026-01-02T03:04:05Z"},
			"user":  map[string]any{"firstName": name, "emailAddress": name + "@example.com"},
		}
	}
	events := []bridge.Facts{event("Own", "Ann"), event("Other", "Bob")}
	m, err := set.Story(t.Context(), events)
	if err != nil || m.Title != bridge.MentionMark(0)+" leads" || len(m.Mentions) != 1 || m.Mentions[0].Name != "Ann" || m.Fields[0].Value != "by Bob" {
		t.Errorf("story %+v, %v", m, err)
	}
	if m, err = set.Together(t.Context(), events, nil); err != nil || !strings.Contains(m.Text, "Ann leads") || !strings.Contains(m.Text, "Bob follows") || len(m.Mentions) != 0 {
		t.Errorf("digest %+v, %v", m, err)
	}
}
