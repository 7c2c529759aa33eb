package value

import (
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// NameOf is what a person or a thing is called: a person's first and last name, a
// thing's name, else a user name; nothing when there is none. An enrollment and a
// certificate are called as their course. A text is a name already.
func NameOf(v any) any {
	m, ok := Plain(v).(map[string]any)
	if !ok {
		if s, isText := Plain(v).(string); isText && strings.TrimSpace(s) == "" {
			return nil
		}
		return Plain(v)
	}
	for _, name := range []string{
		strings.TrimSpace(ScalarOf(m, "firstName") + " " + ScalarOf(m, "lastName")),
		ScalarOf(m, "name"), ScalarOf(m, "courseName"), fullNameOf(m), ScalarOf(m, "username"),
	} {
		if name != "" {
			return name
		}
	}
	return nil
}

// fullNameOf is a person's name. That of an enrollment or a certificate, which tells
// whose it is, is no name of the thing.
func fullNameOf(m map[string]any) string {
	for _, key := range []string{"courseId", "courseName", "enrollmentId", "courseEnrollmentId", "acquiredDate"} {
		if _, is := m[key]; is {
			return ""
		}
	}
	return ScalarOf(m, "fullName")
}

// maxName bounds what a person or a thing is called, in bytes: longer than any name.
const maxName = 4 << 10

// ScalarOf is the value of a key as text, without the blanks around it: nothing for a
// mapping or a list, which cannot be a name. It is cut where no name would end.
func ScalarOf(m map[string]any, key string) string {
	switch m[key].(type) {
	case map[string]any, []any:
		return ""
	}
	return bridge.Cut(strings.TrimSpace(TextOf(m[key])), maxName)
}
