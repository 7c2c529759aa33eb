package kit

import "strings"

// EscapeCommonMark makes data inert in CommonMark and in GitHub's flavour of it.
func EscapeCommonMark(s string) string {
	var b strings.Builder
	for _, r := range Inert(s) {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CommonMark is the dialect of readers that know all of it. It needs two spaces to
// break a line.
func CommonMark(measure Measure) Dialect {
	return Dialect{Measure: measure, Newline: "  \n", Span: func(s Span) (before, after string, escape func(string) string) {
		if s.Code {
			return "`", "`", func(x string) string { return Inert(strings.ReplaceAll(x, "`", "ˋ")) }
		}
		if s.Italic {
			before, after = "*", "*"
		}
		if s.Bold {
			before, after = before+"**", "**"+after
		}
		if s.URL != "" {
			before, after = before+"[", "]("+LinkTarget(s.URL)+")"+after
		}
		return before, after, EscapeCommonMark
	}}
}

// Literal is the escape of what is escaped already, or must not be.
func Literal(s string) string { return s }

// Plain is the dialect of readers that know no markup: the address of a link follows
// its label.
func Plain(measure Measure) Dialect {
	return Dialect{Measure: measure, Newline: "\n", Span: func(s Span) (before, after string, escape func(string) string) {
		if address := strings.TrimPrefix(s.URL, "mailto:"); address != "" && address != s.Text {
			after = " (" + address + ")"
		}
		if s.Text == s.URL {
			return "", after, Literal
		}
		return "", after, Inert
	}}
}
