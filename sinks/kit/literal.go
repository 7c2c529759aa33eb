package kit

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ZeroWidth is a space that nobody sees. Beside a character that would mention, link
// or format it keeps that from happening.
const ZeroWidth = "\u200B"

// Inert is text of which a chat makes no mention, link, emoji or telephone number by
// itself: a space of no width breaks what it would look for.
func Inert(s string) string {
	return replaceInContext(s, func(before, r, after rune) string {
		switch {
		case r == '@',
			r == ':' && after > ' ' && !(unicode.IsDigit(before) && unicode.IsDigit(after)),
			r == '+' && (unicode.IsDigit(after) || after == '('):
			return string(r) + ZeroWidth
		case r == '.' && (unicode.IsLetter(before) || unicode.IsDigit(before)) && unicode.IsLetter(after):
			return ZeroWidth + string(r) + ZeroWidth
		}
		return ""
	})
}

// LookAlike is Inert for markup that has no escape: characters that look the same take
// the place of what formats. Inside a word an underscore formats nothing and stays.
func LookAlike(s string) string {
	return replaceInContext(LineStarts(Inert(s)), func(before, r, after rune) string {
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
		return ""
	})
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

var lineStart = regexp.MustCompile(`(?m)^([ \t]*)([>#]|[-+*=]+(?:[ \t]|$)|[0-9]+[.)](?:[ \t]|$))`)

// LineStarts puts a space of no width before what makes a quote, a heading or a list
// of a line.
func LineStarts(s string) string {
	if !mayStart(s) {
		return s
	}
	return lineStart.ReplaceAllString(s, "${1}"+ZeroWidth+"${2}")
}

// mayStart tells whether a line begins with a character that may make something of it.
func mayStart(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimLeft(line, " \t"); line != "" && strings.IndexByte(">#-+*=0123456789", line[0]) >= 0 {
			return true
		}
	}
	return false
}

// replaceInContext replaces each character by what f makes of it and its neighbours, which
// are 0 at the ends. A character of which f makes nothing stays.
func replaceInContext(s string, f func(before, r, after rune) string) string {
	var b strings.Builder
	done, before := 0, rune(0) // how much of s is in b
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		next, after := i+size, rune(0)
		if next < len(s) {
			after, _ = utf8.DecodeRuneInString(s[next:])
		}
		other := f(before, r, after)
		if other == "" && r == utf8.RuneError && size == 1 {
			other = string(utf8.RuneError)
		}
		if other != "" {
			b.WriteString(s[done:i])
			b.WriteString(other)
			done = next
		}
		i, before = next, r
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}
