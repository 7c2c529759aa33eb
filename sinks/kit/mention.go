package kit

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Table is a sink's setting `mentions`: people's ids on its platform, by their
// email addresses.
type Table map[string]string

// ID gives a person's id on the platform.
func (t Table) ID(p bridge.Person) (string, bool) {
	if id, ok := t[p.Email]; ok {
		return id, p.Email != ""
	}
	for email, id := range t {
		if strings.EqualFold(email, p.Email) {
			return id, true
		}
	}
	return "", false
}

// Has tells whether the table holds the person.
func (t Table) Has(p bridge.Person) bool {
	_, ok := t.ID(p)
	return ok
}

// Check finds ids that are none. The pattern matches a whole id; like is one, for
// the error.
func (t Table) Check(pattern, like string) error {
	valid := regexp.MustCompile(`^(?:` + pattern + `)$`)
	var errs []error
	for _, email := range slices.Sorted(maps.Keys(t)) {
		if !valid.MatchString(t[email]) {
			errs = append(errs, Setting("mentions", "the id of %s is none; want one like %s", email, like))
		}
	}
	return errors.Join(errs...)
}

// Mentions writes the mentions of one message.
type Mentions struct {
	People []bridge.Person            // Message.Mentions
	Write  func(bridge.Person) string // a mention in the platform's own form
}

// Live is escape for text that may hold marks of mentions: it writes these.
func (m Mentions) Live(escape func(string) string) func(string) string {
	return m.replacing(escape, m.Write)
}

// Named is escape for places in which the platform has no mentions: names take
// their place.
func (m Mentions) Named(escape func(string) string) func(string) string {
	return m.replacing(escape, func(p bridge.Person) string { return escape(bridge.CleanLine(p.Name)) })
}

func (m Mentions) replacing(escape func(string) string, mention func(bridge.Person) string) func(string) string {
	if len(m.People) == 0 {
		return escape
	}
	return func(s string) string {
		var b strings.Builder
		bridge.SplitMentions(s, m.People,
			func(text string) { b.WriteString(escape(text)) },
			func(p bridge.Person) { b.WriteString(mention(p)) })
		return b.String()
	}
}

// Mentioned lists the ids of everybody whom the message mentions, each once, and
// of nobody else: a mark must stand in a part that is shown.
func (t Table) Mentioned(m bridge.Message) []string {
	var ids []string
	note := func(p bridge.Person) {
		if id, ok := t.ID(p); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	parts := []string{m.Title, m.Text, m.Footer}
	for _, f := range m.Fields {
		parts = append(parts, f.Name, f.Value)
	}
	for _, part := range parts {
		bridge.SplitMentions(part, m.Mentions, func(string) {}, note)
	}
	return ids
}

// Line puts mentions into a line of at most limit by the measure; what finds no
// room is left out.
func Line(ids []string, format string, limit int) string {
	var b strings.Builder
	for _, id := range ids {
		mention := fmt.Sprintf(format, id)
		if b.Len()+len(mention)+1 > limit {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(mention)
	}
	return b.String()
}
