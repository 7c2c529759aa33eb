package kit

import (
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestTable(t *testing.T) {
	table := Table{"Ann@example.com": "1", "bob@example.com": "2", "carl@example.com": "1"}
	for email, want := range map[string]string{"ann@example.com": "1", "ANN@EXAMPLE.COM": "1", "bob@example.com": "2", "": "", "no@example.com": ""} {
		p := bridge.Person{Name: "x", Email: email}
		if id, ok := table.ID(p); id != want || ok != (want != "") || table.Has(p) != ok {
			t.Errorf("%q: %q, %v", email, id, ok)
		}
	}
	m := bridge.Message{
		Title: bridge.MentionMark(2), Fields: []bridge.Field{{Name: bridge.MentionMark(0), Value: bridge.MentionMark(3)}},
		Mentions: []bridge.Person{{Email: "ann@example.com"}, {Email: "bob@example.com"}, {Email: "carl@example.com"}, {Email: "no@example.com"}},
	}
	if got := table.Mentioned(m); !slices.Equal(got, []string{"1"}) {
		t.Errorf("mentioned: %q", got)
	}
	if faults := SettingErrors(Table{"a": "1", "b": "x", "c": "12\n"}.Check(`\d+`, "12")); len(faults) != 2 || !strings.Contains(faults[0].Problem, "the id of b") {
		t.Errorf("faults %v", faults)
	}
}

func TestMentionsInText(t *testing.T) {
	m := Mentions{
		People: []bridge.Person{{Name: "Ann <Lee>", Email: "ann@example.com"}},
		Write:  func(p bridge.Person) string { return "<@" + p.Email + ">" },
	}
	escape := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace
	text := "<" + bridge.MentionMark(0) + ">" + bridge.MentionMark(1)
	if got := m.Live(escape)(text); got != "&lt;<@ann@example.com>&gt;" {
		t.Errorf("live: %s", got)
	}
	if got := m.Named(escape)(text); got != "&lt;Ann &lt;Lee&gt;&gt;" {
		t.Errorf("named: %s", got)
	}
	blocks := ParseMarkdown("*" + bridge.MentionMark(0) + "* `" + bridge.MentionMark(0) + "` [" + bridge.MentionMark(0) + "](https://example.com/)")
	d := Dialect{Measure: Runes, Newline: "\n", Mentions: m, Span: func(Span) (string, string, func(string) string) { return "[", "]", escape }}
	if got, _ := d.Write(blocks, 1000); got != "[<@ann@example.com>][ ][Ann &lt;Lee&gt;][ ][Ann &lt;Lee&gt;]" {
		t.Errorf("in markdown: %s", got)
	}
	// A mention is whole or not there at all, however little room there is.
	long := strings.Repeat("word ", 10) + bridge.MentionMark(0) + strings.Repeat(" word", 10)
	for limit := range 130 {
		got, _ := ShortenEscaped(long, limit, Runes, m.Live(escape))
		if Runes(got) > limit || strings.Contains(got, "<") != strings.Contains(got, "<@ann@example.com>") {
			t.Errorf("within %d: %q", limit, got)
		}
	}
}

func TestLine(t *testing.T) {
	if got := Line([]string{"1", "22", "333"}, "<@%s>", 11); got != "<@1> <@22>" {
		t.Errorf("line %q", got)
	}
}

func TestDraft(t *testing.T) {
	d := Draft{"a": []byte(`"<x>"`), "b": []byte(`[1]`), "c": []byte(`"y"`)}
	changed := d.With(map[string]string{"c": "", "d": `"<z>"`})
	if d.Text("a") != "<x>" || d.Text("b") != "" || d.Text("no") != "" || d.Text("c") != "y" {
		t.Errorf("texts of %s", d.Body())
	}
	if got := string(changed.Body()); got != `{"a":"<x>","b":[1],"d":"\"<z>\""}` {
		t.Errorf("changed: %s", got)
	}
}
