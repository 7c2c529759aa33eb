package kit

import (
	"reflect"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestSimplerForms(t *testing.T) {
	mark := bridge.MentionMark(0)
	m := bridge.Message{
		ID: "m", Level: bridge.LevelDanger, Title: mark + " *passed*", URL: "https://example.com/", ImageURL: "https://example.com/1.png",
		Text:     "**Well \\*done\\***, *" + mark + "*: [the **page** of `a*b`](https://example.com/x)\n\n2. two\n3. three [x](https://example.com/)",
		Fields:   []bridge.Field{{Name: "Sc_ore", Value: "9_2\nof " + mark, Short: true}, {Value: "alone"}, {Name: "empty"}},
		Actions:  []bridge.Action{{Label: "Open", URL: "https://example.com/"}},
		Footer:   "f " + mark,
		Mentions: []bridge.Person{{Name: "Ann <*>", Email: "ann@example.com"}},
		Native:   map[string]map[string]any{"slack": {"text": "x"}},
	}
	var without []string
	forms := map[string]bridge.Message{}
	for _, form := range SimplerForms() {
		m = form.Of(m)
		without = append(without, form.Without)
		forms[form.Without] = m
	}
	if got := strings.Join(without, ", "); got != "its native part, its picture, its links, its formatting" {
		t.Errorf("the forms are without %s", got)
	}
	if n := forms["its native part"]; n.Native != nil || n.ImageURL == "" || n.URL == "" {
		t.Errorf("%+v", n)
	}
	if n := forms["its picture"]; n.ImageURL != "" || n.URL == "" || len(n.Actions) != 1 {
		t.Errorf("%+v", n)
	}
	n := forms["its links"]
	want := []Block{
		{Spans: []Span{{Text: "Well *done*", Bold: true}, {Text: ", "}, {Text: mark, Italic: true}, {Text: ": the "}, {Text: "page", Bold: true}, {Text: " of "}, {Text: "a*b", Code: true}}},
		{Spans: []Span{{Text: "2. two\n3. three x"}}},
	}
	if got := ParseMarkdown(n.Text); n.URL != "" || n.Actions != nil || len(n.Fields) != 3 || len(n.Mentions) != 1 || !reflect.DeepEqual(written(got), written(want)) {
		t.Errorf("without links: %+v\n%+v", n, got)
	}
	var text []string
	for _, b := range ParseMarkdown(m.Text) {
		if len(b.Spans) != 1 || b.Spans[0] != (Span{Text: b.Spans[0].Text}) {
			t.Errorf("formatted: %+v", b)
		}
		text = append(text, written([]Block{b}))
	}
	if got := strings.Join(text, "|"); got != "Well *done*, Ann <*>: the page of a*b\n2. two\n3. three x|Sc_ore: 9_2\nof Ann <*>|alone" {
		t.Errorf("plain: %s", got)
	}
	if m.Title != "Ann <*> *passed*" || m.Footer != "f Ann <*>" || m.Level != bridge.LevelInfo || m.Fields != nil || m.Mentions != nil {
		t.Errorf("plain: %+v", m)
	}
}

// written are the texts of blocks, with the markers of lists.
func written(blocks []Block) string {
	var lines []string
	for _, b := range blocks {
		line := strings.TrimPrefix(b.Marker+" ", " ")
		for _, s := range b.Spans {
			line += s.Text
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
