package kit

import "strings"

// EscapeHTML makes data literal in HTML, in texts and in attributes. It uses the
// entities that every reader of a subset knows.
func EscapeHTML(s string) string { return htmlEntities.Replace(s) }

var htmlEntities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// InertHTML makes data inert in the text of HTML.
func InertHTML(s string) string { return EscapeHTML(Inert(s)) }

// HTML is the dialect of readers that know a subset of it: b, i, code and a. The
// escape may do more than InertHTML.
func HTML(measure Measure, newline string, escape func(string) string) Dialect {
	return Dialect{Measure: measure, Newline: newline, Span: func(s Span) (before, after string, text func(string) string) {
		if s.Code {
			before, after = "<code>", "</code>"
		}
		if s.Italic {
			before, after = "<i>"+before, after+"</i>"
		}
		if s.Bold {
			before, after = "<b>"+before, after+"</b>"
		}
		if s.URL != "" {
			before, after = `<a href="`+EscapeHTML(s.URL)+`">`+before, after+"</a>"
		}
		return before, after, escape
	}}
}

// Bold is a name in bold, escaped already, in HTML.
func Bold(name string) string { return "<b>" + name + "</b>" }

// Visible is a Measure of HTML: the UTF-16 code units that are left when its tags are
// gone and its entities are characters.
func Visible(s string) int {
	n := 0
	for s != "" {
		end := -1
		switch s[0] {
		case '<':
			end = strings.IndexByte(s, '>')
		case '&':
			end = strings.IndexByte(s, ';')
			n++
		}
		if end >= 0 {
			s = s[end+1:]
			continue
		}
		next := strings.IndexAny(s[1:], "<&") + 1
		if next == 0 {
			next = len(s)
		}
		n += UTF16(s[:next])
		s = s[next:]
	}
	return n
}
