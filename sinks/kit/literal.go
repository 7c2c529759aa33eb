package kit

import (
	"regexp"
	"strings"
	"unicode"
)

// ZeroWidth is a space that nobody sees. Beside a character that would mention, link
// or format it keeps that from happening.
const ZeroWidth = "\u200B"

// Inert is text of which a chat makes no mention, link, emoji or telephone number by
// itself: a space of no width breaks what it would look for.
func Inert(s string) string {
	return mapInContext(s, func(before, r, after rune) string {
		switch {
		case r == '@',
			r == ':' && after > ' ' && !(unicode.IsDigit(before) && unicode.IsDigit(after)),
			r == '+' && (unicode.IsDigit(after) || after == '('):
			return string(r) + ZeroWidth
		case r == '.' && (unicode.IsLetter(before) || unicode.IsDigit(before)) && unicode.IsLetter(after):
			return ZeroWidth + string(r) + ZeroWidth
		}
		return string(r)
	})
}

// LookAlike is Inert for markup that has no escape: characters that look the same take
// the place of what formats. Inside a word an underscore formats nothing and stays.
func LookAlike(s string) string {
	return mapInContext(LineStarts(Inert(s)), func(before, r, after rune) string {
		switch r {
		case '*':
			return "∗"
		case '~':
			return "∼"
		case '`':
			return "ˋ"
		case '_':
			if !inWord(before) || !inWord(after) {
				return "ˍ"
			}
		}
		return string(r)
	})
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

var lineStart = regexp.MustCompile(`(?m)^([ \t]*)([>#]|[-+*=]+(?:[ \t]|$)|[0-9]+[.)](?:[ \t]|$))`)

// LineStarts puts a space of no width before what makes a quote, a heading or a list
// of a line.
func LineStarts(s string) string {
	return lineStart.ReplaceAllString(s, "${1}"+ZeroWidth+"${2}")
}

// mapInContext replaces each character by what f makes of it and its neighbours, which
// are 0 at the ends.
func mapInContext(s string, f func(before, r, after rune) string) string {
	runes := []rune(s)
	var b strings.Builder
	b.Grow(len(s))
	before := rune(0)
	for i, r := range runes {
		after := rune(0)
		if i+1 < len(runes) {
			after = runes[i+1]
		}
		b.WriteString(f(before, r, after))
		before = r
	}
	return b.String()
}
