package kit

import (
	"math"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Simpler makes a message simpler, for a platform that refuses it as it is.
type Simpler struct {
	Without string // what it leaves out, for people
	Of      func(bridge.Message) bridge.Message
}

// SimplerForms are the forms in which a refused message is worth another try, each
// simpler than the one before. The first is without the message's native part, the last
// has a title and text alone.
func SimplerForms() []Simpler {
	return []Simpler{
		{"its native part", withoutNative},
		{"its picture", withoutPicture},
		{"its links", withoutLinks},
		{"its formatting", plain},
	}
}

func withoutNative(m bridge.Message) bridge.Message {
	m.Native = nil
	return m
}

func withoutPicture(m bridge.Message) bridge.Message {
	m.ImageURL = ""
	return m
}

// withoutLinks leaves the labels of links in the text.
func withoutLinks(m bridge.Message) bridge.Message {
	m.URL, m.Actions = "", nil
	m.Text = restyled(m.Text, func(s Span) Span { return Span{Text: s.Text, Bold: s.Bold, Italic: s.Italic, Code: s.Code} })
	return m
}

// plain has the fields as lines of the text, and names in place of mentions.
func plain(m bridge.Message) bridge.Message {
	m = m.SpellMentions(func(bridge.Person) bool { return false })
	parts := []string{restyled(m.Text, func(s Span) Span { return Span{Text: s.Text} })}
	for _, f := range m.Fields {
		line := bridge.CleanText(f.Value)
		if name := bridge.CleanLine(f.Name); name != "" && line != "" {
			line = name + ": " + line
		}
		parts = append(parts, bridge.EscapeMarkdown(line))
	}
	m.Text = strings.TrimSpace(strings.Join(parts, "\n\n"))
	m.Level, m.Fields, m.Mentions = bridge.LevelInfo, nil, nil
	return m
}

// restyled writes a text in markdown again, with its spans changed.
func restyled(text string, change func(Span) Span) string {
	blocks := ParseMarkdown(text)
	for i, b := range blocks {
		var spans []Span
		for _, s := range b.Spans {
			spans = appendSpan(spans, change(s))
		}
		blocks[i].Spans = spans
	}
	written, _ := Dialect{Measure: Bytes, Newline: "\n", Span: markdownSpan}.Write(blocks, math.MaxInt)
	return written
}

// markdownSpan writes a span as ParseMarkdown reads it.
func markdownSpan(s Span) (before, after string, escape func(string) string) {
	if s.Code {
		return "`", "`", func(x string) string { return strings.ReplaceAll(x, "`", "ˋ") }
	}
	if s.Italic {
		before, after = before+"*", "*"+after
	}
	if s.Bold {
		before, after = before+"**", "**"+after
	}
	return before, after, bridge.EscapeMarkdown
}
