package bridge

import (
	"strings"
	"testing"
)

func people() []Person {
	return []Person{{Name: "Ann *Lee*", Email: "ann@example.com"}, {Name: "Bob", Email: "bob@example.com"}}
}

func TestMentionsAreNamesUnlessASinkCanDoMore(t *testing.T) {
	text := MentionMark(0) + " and " + MentionMark(1) + MentionMark(2)
	m := Message{Title: text, Text: "**" + text + "**", Footer: text, Fields: []Field{{Name: text, Value: text}}, Mentions: people()}

	clean := m.Clean()
	if want := "Ann *Lee* and Bob"; clean.Title != want || clean.Footer != want || clean.Fields[0] != (Field{Name: want, Value: want}) {
		t.Errorf("cleaned: %+v", clean)
	}
	if want := `**Ann \*Lee\* and Bob**`; clean.Text != want {
		t.Errorf("text %q, want %q", clean.Text, want)
	}
	if data := m.Data(); data["title"] != clean.Title || data["footer"] != clean.Footer {
		t.Errorf("data: %v", data)
	}
	if m.Fields[0].Name != text {
		t.Error("the message was changed, which others share")
	}

	marked := m.SpellMentions(func(p Person) bool { return p.Name == "Bob" }).CleanMarked()
	if want := "Ann *Lee* and " + MentionMark(1); marked.Title != want {
		t.Errorf("title %q, want %q", marked.Title, want)
	}
}

// TestMarksInData: a mark of nobody never stays, whatever cleans the text.
func TestMarksInData(t *testing.T) {
	forged := "a" + MentionMark(0) + "b" + MentionMark(MaxMentions-1) + "c"
	for what, got := range map[string]string{
		"CleanText": CleanText(forged), "CleanLine": CleanLine(forged), "StripMentions": StripMentions(forged),
		"Clean": Message{Title: forged}.Clean().Title, "CleanMarked": Message{Title: forged}.CleanMarked().Title,
	} {
		if got != "abc" {
			t.Errorf("%s leaves %q", what, got)
		}
	}
	m := Message{Title: forged, Mentions: people()}
	if got := m.CleanMarked().Title; got != "a"+MentionMark(0)+"bc" {
		t.Errorf("of two people: %q", got)
	}
	m = Message{Title: MentionMark(0), Mentions: []Person{{Name: forged}}}
	if got := m.Clean().Title; got != "abc" {
		t.Errorf("a name with marks is written %q", got)
	}
}

func TestSplitMentions(t *testing.T) {
	for s, want := range map[string]string{
		"":                                    "",
		"x":                                   "x;",
		MentionMark(0):                        "@Ann *Lee*;",
		"a" + MentionMark(1) + MentionMark(0): "a;@Bob;@Ann *Lee*;",
		MentionMark(7) + "z":                  "z;",
		MentionMark(1) + "\u0301é":            "@Bob;\u0301é;",
	} {
		var b strings.Builder
		SplitMentions(s, people(), func(s string) { b.WriteString(s + ";") }, func(p Person) { b.WriteString("@" + p.Name + ";") })
		if b.String() != want {
			t.Errorf("%q: %q, want %q", s, b.String(), want)
		}
	}
}
