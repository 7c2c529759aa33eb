package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// textFunctions work on texts.
func textFunctions() map[string]function {
	return map[string]function{
		"upper": {strings.ToUpper, value.Texts(4)}, "lower": {strings.ToLower, value.Texts(4)}, "title": {titled, value.Texts(4)}, "untitle": {untitled, value.Texts(4)},
		"trim": {strings.TrimSpace, value.Texts(0)}, "trimAll": {trimAll, trimming},
		"trimPrefix": {func(prefix, s string) string { return strings.TrimPrefix(s, prefix) }, value.Texts(0)},
		"trimSuffix": {func(suffix, s string) string { return strings.TrimSuffix(s, suffix) }, value.Texts(0)},
		"trunc":      {trunc, value.Texts(0)}, "substr": {substring, value.Texts(0)}, "abbrev": {abbreviate, value.Texts(2)}, "nospace": {nospace, value.Texts(4)}, "initials": {initials, value.Texts(4)},
		"snakecase": {func(s string) string { return strings.ToLower(strings.Join(wordsIn(s), "_")) }, value.Texts(48)},
		"kebabcase": {func(s string) string { return strings.ToLower(strings.Join(wordsIn(s), "-")) }, value.Texts(48)},
		"camelcase": {camelCase, value.Texts(48)},
		"contains":  {func(part, s string) bool { return strings.Contains(s, part) }, value.Texts(0)},
		"hasPrefix": {func(prefix, s string) bool { return strings.HasPrefix(s, prefix) }, value.Texts(0)},
		"hasSuffix": {func(suffix, s string) bool { return strings.HasSuffix(s, suffix) }, value.Texts(0)},
		"quote":     {func(all ...any) string { return joined(all, " ", strconv.Quote) }, value.Texts(16)},
		"squote":    {func(all ...any) string { return joined(all, " ", func(s string) string { return "'" + s + "'" }) }, value.Texts(10)},
		"cat":       {func(all ...any) string { return joined(all, " ", func(s string) string { return s }) }, value.Texts(8)},
		"toString":  {value.TextOf, value.Texts(4)},
		"repeat":    {repeat, value.Free}, "replace": {replace, value.Free},
		"b64enc":    {func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }, value.Texts(4)},
		"sha256sum": {func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }, value.Texts(2)},
	}
}

// atWords changes the first letter of each word.
func atWords(s string, change func(rune) rune) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		first := unicode.IsSpace(before)
		before = r
		if first {
			return change(r)
		}
		return r
	}, s)
}

func titled(s string) string   { return atWords(s, unicode.ToTitle) }
func untitled(s string) string { return atWords(s, unicode.ToLower) }

func trimAll(letters, s string) string { return strings.Trim(s, letters) }

// trimming is the cost of trimAll: each letter at the ends is compared with all that
// are given.
func trimming(b *budget.Budget, args []any) error {
	if len(args) < 2 {
		return nil
	}
	letters, err := value.ReadText(b, args[0], 0)
	if err != nil {
		return err
	}
	length, err := value.ReadText(b, args[1], 0)
	return cmp.Or(err, b.Read(length, 1+letters))
}

// cutAt is where the nth character of a text begins, or its length.
func cutAt(s string, n int) int {
	for i := range s {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(s)
}

// trunc is the first n characters, or the last ones if n is negative.
func trunc(n int, s string) string {
	if n >= 0 {
		return s[:cutAt(s, n)]
	}
	return s[cutAt(s, utf8.RuneCountInString(s)+n):]
}

// substring is the text between two positions, counted in characters; without end
// if the second is negative.
func substring(start, end int, s string) string {
	if end >= 0 {
		s = s[:cutAt(s, end)]
	}
	return s[cutAt(s, start):]
}

// abbreviate cuts a text to a number of characters, with three dots at its end.
func abbreviate(width int, s string) string {
	if width < 4 || utf8.RuneCountInString(s) <= width {
		return s
	}
	return s[:cutAt(s, width-3)] + "..."
}

func nospace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func initials(s string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		first := unicode.IsSpace(before)
		before = r
		if first && !unicode.IsSpace(r) {
			return r
		}
		return -1
	}, s)
}

// wordsIn takes a text apart at blanks, at punctuation, and where a capital letter
// begins a word.
func wordsIn(s string) (words []string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	start, before := 0, ' '
	end := func(i int) {
		if i > start {
			words = append(words, s[start:i])
		}
	}
	for i, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end(i)
			start = i + utf8.RuneLen(r)
		case unicode.IsUpper(r):
			next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if !unicode.IsUpper(before) || unicode.IsLower(next) {
				end(i)
				start = i
			}
		}
		before = r
	}
	end(len(s))
	return words
}

func camelCase(s string) string {
	var b strings.Builder
	for _, word := range wordsIn(s) {
		b.WriteString(titled(strings.ToLower(word)))
	}
	return b.String()
}

// joined puts texts together that a function has changed, without what is nothing.
func joined(all []any, between string, change func(string) string) string {
	var b strings.Builder
	for _, v := range all {
		if v == nil {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(between)
		}
		b.WriteString(change(value.TextOf(v)))
	}
	return b.String()
}

func repeat(s *Scope, n int, part string) (string, error) {
	if err := s.budget.Bytes(len(part), max(0, n)); err != nil {
		return "", err
	}
	return strings.Repeat(part, max(0, n)), nil
}

func replace(s *Scope, old, by, in string) (string, error) {
	n := strings.Count(in, old)
	for _, err := range []error{s.budget.Read(len(in)+1, 2), s.budget.Bytes(len(in), 2), s.budget.Bytes(n, len(by))} {
		if err != nil {
			return "", err
		}
	}
	return strings.ReplaceAll(in, old, by), nil
}
