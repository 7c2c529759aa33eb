package kit

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Measure gives a text's length as a platform counts it.
type Measure func(string) int

// Runes counts code points.
func Runes(s string) int { return utf8.RuneCountInString(s) }

// Bytes counts bytes of UTF-8.
func Bytes(s string) int { return len(s) }

// UTF16 counts UTF-16 code units: a rune above U+FFFF is two.
func UTF16(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// Ellipsis ends a text that was shortened.
const Ellipsis = "…"

// Shorten cuts a text to at most limit by the measure, with an ellipsis at its
// end, and never inside what a reader sees as one character (an emoji with its
// skin tone, a letter with its accents). It tells whether it cut.
func Shorten(s string, limit int, measure Measure) (string, bool) {
	return ShortenEscaped(s, limit, measure, func(x string) string { return x })
}

// ShortenEscaped shortens a text so that its escaped form fits the limit, and
// gives back the escaped form. Since the plain text is cut, an escape sequence
// never is.
func ShortenEscaped(s string, limit int, measure Measure, escape func(string) string) (string, bool) {
	if whole := escape(s); measure(whole) <= limit {
		return whole, false
	}
	var b strings.Builder
	left := limit - measure(Ellipsis)
	for rest, state := s, -1; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		escaped := escape(cluster)
		if left -= measure(escaped); left < 0 {
			break
		}
		b.WriteString(escaped)
	}
	if limit < measure(Ellipsis) {
		return "", true
	}
	return strings.TrimRight(b.String(), " \n") + Ellipsis, true
}
