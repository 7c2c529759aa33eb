// Package absorb is what Absorb LMS speaks: its catalogue of events, the
// signature of its webhooks, their bodies, and its Integration API.
package absorb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// EventType is a kind of event that an admin can choose for a webhook.
type EventType struct {
	Name    string // canonical: its words joined in PascalCase
	Title   string // Absorb's own words
	ByAdmin bool   // an admin's doing rather than a learner's
}

// Events are the 24 kinds of events that Absorb's help centre lists ("Webhooks"),
// in its order.
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

// canonical names by their folded form; built once, never changed.
var catalogue = func() map[string]string {
	all := map[string]string{}
	for _, e := range Events() {
		all[fold(e.Name)] = e.Name
	}
	return all
}()

// maxName bounds an event's name, in bytes.
const maxName = 100

// Canonical gives an event's canonical name. How Absorb spells names on the wire
// is not published, so every spelling of a catalogued event with the same
// letters and digits gives its name: "Certificate Awarded", "certificate.awarded",
// "CERTIFICATE_AWARDED". Any other name is joined in PascalCase; "" means that
// there was nothing to join.
func Canonical(name string) string {
	if known, ok := catalogue[fold(name)]; ok {
		return known
	}
	return pascal(name)
}

// Known tells whether an event, in any spelling, is in the catalogue.
func Known(name string) bool {
	_, ok := catalogue[fold(name)]
	return ok
}

// SameName tells whether two names of events differ only in case and punctuation.
func SameName(a, b string) bool { return fold(a) == fold(b) }

// fold takes everything but letters and digits out of a name, and lowers its
// case.
func fold(name string) string {
	folded := make([]byte, 0, len(name))
	for _, r := range name {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9': // nearly all
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
