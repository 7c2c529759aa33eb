package kit

import (
	"sort"
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
// never is, and an escape sees what is around a character.
func ShortenEscaped(s string, limit int, measure Measure, escape func(string) string) (string, bool) {
	if whole := escape(s); measure(whole) <= limit {
		return whole, false
	}
	left := limit - measure(Ellipsis)
	if left < 0 {
		return "", true
	}
	var ends []int // of the characters, as readers see them, that could find room
	for rest, state := s, -1; rest != "" && len(ends) <= left; {
		_, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		ends = append(ends, len(s)-len(rest))
	}
	fits := sort.Search(len(ends), func(i int) bool { return measure(escape(s[:ends[i]])) > left })
	if fits == 0 {
		return Ellipsis, true
	}
	return strings.TrimRight(escape(s[:ends[fits-1]]), " \n") + Ellipsis, true
}
