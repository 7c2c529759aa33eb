package engine

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// Markdown is text that is formatted already. Only the functions bold, italic,
// code and link make it, from text that they escaped, so data cannot pose as it.
type Markdown struct {
	source string // CommonMark
	plain  string // the same without formatting
	words  string // the same with names in place of mentions
}

// Source is the text in CommonMark.
func (m Markdown) Source() string { return m.source }

// Plain is the text without its formatting, with the marks of mentions.
func (m Markdown) Plain() string { return m.plain }

// String is the text without its formatting and without mentions.
func (m Markdown) String() string { return m.words }

// Size is the length of the text with its formatting and without.
func (m Markdown) Size() int { return len(m.source) + len(m.plain) }

// plainOf is a value as plain text. Only Markdown may hold marks of mentions.
func plainOf(v any) string {
	if m, ok := v.(Markdown); ok {
		return m.plain
	}
	return bridge.StripMentions(value.TextOf(v))
}

// markdownOf is a value as CommonMark: escaped, unless it is Markdown.
func markdownOf(v any) string {
	if m, ok := v.(Markdown); ok {
		return m.source
	}
	return escapeMarkdown(plainOf(v))
}

// inline is a value as CommonMark on one line, and as plain text.
func inline(v any) Markdown {
	if m, ok := v.(Markdown); ok {
		return m
	}
	line := bridge.CleanLine(value.TextOf(v))
	return Markdown{source: escapeMarkdown(line), plain: line, words: line}
}

// wrap puts marks around a value. Nothing stays nothing, so that with and
// default still see it.
func wrap(mark string, v any) any {
	m := inline(v)
	if m.source == "" {
		return nil
	}
	m.source = mark + m.source + mark
	return m
}

// Bold shows a value in bold type.
func Bold(v any) any   { return wrap("**", v) }
func italic(v any) any { return wrap("*", v) }

// code shows a value as it is, in a fixed-width face. The fence is longer than
// any run of backquotes inside, so nothing inside can end it.
func code(v any) any {
	line := bridge.CleanLine(value.TextOf(v))
	if line == "" {
		return nil
	}
	fence := strings.Repeat("`", 1+longestRun(line, '`'))
	inner := line
	if strings.HasPrefix(line, "`") || strings.HasSuffix(line, "`") {
		inner = " " + line + " "
	}
	return Markdown{source: fence + inner + fence, plain: line, words: line}
}

// longestRun is how often a character stands beside itself in a text at most.
func longestRun(s string, c byte) (longest int) {
	run := 0
	for i := range len(s) {
		if run++; s[i] != c {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// link leads to a web page. Without a usable address it is the label alone, and
// without a label the address is one.
func link(label, address any) any {
	url := bridge.Message{URL: value.TextOf(address)}.Clean().URL
	m := inline(label)
	switch {
	case url == "" && m.source == "":
		return nil
	case url == "":
		return m
	case m.source == "":
		m = inline(url)
	}
	// Every character that CommonMark reads inside a destination is escaped.
	var target strings.Builder
	for _, r := range url {
		if strings.ContainsRune(`&*_[]!'~`, r) {
			target.WriteByte('\\')
		}
		target.WriteRune(r)
	}
	m.source = "[" + m.source + "](" + target.String() + ")"
	return m
}
