// Package absorb implements Absorb LMS's interfaces: the catalogue of event types, the
// signatures and bodies of webhooks, and the Integration API. It stores nothing, and
// does not decide what happens to an event.
package absorb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// EventType is an event type that an admin can choose for a webhook.
type EventType struct {
	Name    string // canonical: the words joined in PascalCase
	Title   string // as Absorb writes it
	ByAdmin bool   // an admin causes it, rather than a learner
}

// Events returns the 24 event types of Absorb's help centre ("Webhooks"), in its order.
func Events() []EventType {
	admin := []string{
		"User Created", "Online Course Activated", "Enrollment Completed by Admin", "Department Created",
		"Department Deleted", "Group Created", "Group Deleted", "Curriculum Activated", "Curriculum Deactivated",
		"Instructor Led Course Activated", "Instructor Led Course Deactivated", "Online Course Deactivated",
		"Course Bundle Activated", "Course Bundle Deactivated", "Course Bundle Deleted", "User Enrolled in Course by Admin",
	}
	learner := []string{
		"Enrollment Completed by Learner", "Certificate Awarded", "Competency Awarded", "Course Credits Awarded",
		"Session Enrollment Completed", "Self-Assessment Completed", "Learning Path Completed",
		"User Enrolled in Course by Learner",
	}
	all := make([]EventType, 0, len(admin)+len(learner))
	for i, title := range append(admin, learner...) {
		all = append(all, EventType{Name: pascal(title), Title: title, ByAdmin: i < len(admin)})
	}
	return all
}

// catalogue maps folded names to canonical names; it never changes.
var catalogue = func() map[string]string {
	all := map[string]string{}
	for _, e := range Events() {
		all[fold(e.Name)] = e.Name
	}
	return all
}()

// maxName limits an event type's name, in bytes.
const maxName = 100

// Canonical returns the canonical name of an event type. Absorb does not publish how
// webhooks spell the names, so Canonical accepts every spelling with the letters and
// digits of a known type: "Certificate Awarded", "certificate.awarded",
// "CERTIFICATE_AWARDED". It joins any other name in PascalCase; "" means that the name
// has no letters or digits.
func Canonical(name string) string {
	if known, ok := catalogue[fold(name)]; ok {
		return known
	}
	return pascal(name)
}

// Known reports whether an event type, in any spelling, is in the catalogue.
func Known(name string) bool {
	_, ok := catalogue[fold(name)]
	return ok
}

// SameName reports whether two names differ only in case and punctuation.
func SameName(a, b string) bool { return fold(a) == fold(b) }

// fold removes everything but letters and digits, and lowers the case.
func fold(name string) string {
	folded := make([]byte, 0, len(name))
	for _, r := range name {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9': // nearly all characters
			folded = append(folded, byte(r))
		case unicode.IsLetter(r), unicode.IsDigit(r):
			folded = utf8.AppendRune(folded, unicode.ToLower(r))
		}
	}
	return string(folded)
}

// pascal joins a name's words, each with a capital.
func pascal(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	for _, word := range words {
		runes := []rune(word)
		if strings.ToUpper(word) == word && len(words) > 1 { // UPPER_SNAKE
			runes = []rune(strings.ToLower(word))
		}
		runes[0] = unicode.ToUpper(runes[0])
		if b.Len()+len(string(runes)) > maxName {
			break
		}
		b.WriteString(string(runes))
	}
	return b.String()
}
