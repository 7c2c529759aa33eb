package engine

import (
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// maxEmail bounds an email address, in bytes (RFC 5321 section 4.5.3.1).
const maxEmail = 254

// mention names a person so that the platform tells them, where it can. What it
// gives is a mark that only this function makes: a text from Absorb that looks like
// one is printed without it. It is the person's name where no mention can stand, as
// in a link, and in all that other functions make of it.
func mention(s *Scope, person any) any {
	name := bridge.CleanLine(value.TextOf(value.NameOf(person)))
	if name == "" {
		return nil
	}
	i := s.mention(bridge.Person{Name: name, Email: emailOf(person)})
	if i < 0 {
		return name
	}
	mark := bridge.MentionMark(i)
	return Markdown{source: mark, plain: mark, words: name}
}

// mention gives a person's place among those whom the message mentions, or -1 when
// nobody could tell them.
func (s *Scope) mention(p bridge.Person) int {
	if s.People == nil || p.Email == "" {
		return -1
	}
	if i := slices.Index(*s.People, p); i >= 0 {
		return i
	}
	if len(*s.People) == bridge.MaxMentions {
		return -1
	}
	*s.People = append(*s.People, p)
	return len(*s.People) - 1
}

// emailOf is a person's address if it is one that can stand anywhere.
func emailOf(person any) string {
	email := strings.ToLower(strings.TrimSpace(value.TextOf(value.Get(person, "emailAddress"))))
	at := strings.IndexByte(email, '@')
	if at < 1 || at == len(email)-1 || len(email) > maxEmail || email != bridge.CleanLine(email) ||
		strings.ContainsAny(email, " <>()[]|&,;:\"'`\\") {
		return ""
	}
	return email
}
