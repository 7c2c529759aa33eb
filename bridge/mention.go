package bridge

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxMentions bounds how many people one message can mention.
const MaxMentions = 100

// firstMark is the mark of the first person: of the last private characters of
// Unicode, which no font uses. A mark says no more than a place in Message.Mentions,
// so that text which holds one, wherever it is from, can only mention somebody whom
// the template does.
const firstMark = '\U0010FF00'

// MentionMark is the character that stands for the i-th person of
// Message.Mentions, from 0 to MaxMentions-1. Being one character, it is never cut
// in half.
func MentionMark(i int) string { return string(firstMark + rune(i)) }

// isMentionMark tells whether r is a mark, and not one of the first known people.
func isMentionMark(r rune, known int) bool {
	return firstMark+rune(known) <= r && r < firstMark+MaxMentions
}

// StripMentions takes the marks out of foreign text.
func StripMentions(s string) string {
	return strings.Map(func(r rune) rune {
		if isMentionMark(r, 0) {
			return -1
		}
		return r
	}, s)
}

// SplitMentions calls text for every piece of s that holds no mark, and mention for
// every mark of one of the people, in order. Other marks are left out.
func SplitMentions(s string, people []Person, text func(string), mention func(Person)) {
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return isMentionMark(r, 0) })
		if i < 0 {
			text(s)
			return
		}
		if i > 0 {
			text(s[:i])
		}
		mark, size := utf8.DecodeRuneInString(s[i:])
		if n := int(mark - firstMark); n < len(people) {
			mention(people[n])
		}
		s = s[i+size:]
	}
}

func nobody(Person) bool { return false }

// SpellMentions puts the name in place of the mark of everybody who is not
// reachable, as a sink that cannot mention everybody wants it.
func (m Message) SpellMentions(reachable func(Person) bool) Message {
	if len(m.Mentions) == 0 {
		return m
	}
	spell := func(s string, escape func(string) string) string {
		var b strings.Builder
		SplitMentions(s, m.Mentions, func(s string) { b.WriteString(s) }, func(p Person) {
			if reachable(p) {
				b.WriteString(MentionMark(slices.Index(m.Mentions, p)))
				return
			}
			b.WriteString(escape(CleanLine(p.Name)))
		})
		return b.String()
	}
	plain := func(s string) string { return s }
	m.Title, m.Footer = spell(m.Title, plain), spell(m.Footer, plain)
	m.Text = spell(m.Text, EscapeMarkdown)
	fields := slices.Clone(m.Fields)
	for i, f := range fields {
		fields[i].Name, fields[i].Value = spell(f.Name, plain), spell(f.Value, plain)
	}
	m.Fields = fields
	return m
}

// EscapeMarkdown makes one line of text literal in CommonMark.
func EscapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
