package condition

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// like matches a whole text against a pattern of * and ?, ignoring case. It searches
// each part between two stars once, after the previous one, so the work grows with the
// text and not with the number of stars.
func like(b *budget.Budget, args []any) (any, error) {
	if err := value.ChargeText(b, 8, args...); err != nil || args[0] == nil {
		return false, err
	}
	text, parts := folded(value.TextOf(args[0])), strings.Split(folded(value.TextOf(args[1])), "*")
	for _, part := range parts {
		if strings.Contains(part, "?") { // each of its characters may then be compared at each position
			if err := b.Read(len(text), len(part)); err != nil {
				return nil, err
			}
		}
	}
	if err := cmp.Or(b.Bytes(len(parts), 16), b.Read(len(text), 8)); err != nil {
		return nil, err
	}
	return matches(text, parts), nil
}

// folded is a text in which letters that differ only in case are equal.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, s)
}

// matches reports whether a text consists of the parts, with anything between them.
func matches(text string, parts []string) bool {
	first, last := parts[0], parts[len(parts)-1]
	end := prefix(text, first)
	if len(parts) == 1 || end < 0 {
		return end == len(text)
	}
	text = text[end:]
	for _, part := range parts[1 : len(parts)-1] {
		at, length := find(text, part)
		if at < 0 {
			return false
		}
		text = text[at+length:]
	}
	start := len(text)
	for range utf8.RuneCountInString(last) {
		if start == 0 {
			return false
		}
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	return prefix(text[start:], last) == len(text)-start
}

// find returns where a part begins in a text, and its length there; -1 if it is absent.
func find(text, part string) (at, length int) {
	if !strings.Contains(part, "?") {
		return strings.Index(text, part), len(part)
	}
	for at := range text {
		if length := prefix(text[at:], part); length >= 0 {
			return at, length
		}
	}
	return -1, 0
}

// prefix returns the length of a part at the beginning of a text, or -1.
func prefix(text, part string) int {
	at := 0
	for _, r := range part {
		have, size := utf8.DecodeRuneInString(text[at:])
		if size == 0 || r != '?' && r != have {
			return -1
		}
		at += size
	}
	return at
}
