package render

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// nameOf is what a person or a thing is called: a person's first and last name, a
// thing's name, else a user name; nothing when there is none. An enrollment and a
// certificate are called as their course. A text is a name already.
func nameOf(v any) any {
	m, ok := plain(v).(map[string]any)
	if !ok {
		if s, isText := plain(v).(string); isText && strings.TrimSpace(s) == "" {
			return nil
		}
		return plain(v)
	}
	for _, name := range []string{
		strings.TrimSpace(scalarOf(m, "firstName") + " " + scalarOf(m, "lastName")),
		scalarOf(m, "name"), scalarOf(m, "courseName"), fullNameOf(m), scalarOf(m, "username"),
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
	return scalarOf(m, "fullName")
}

// maxName bounds what a person or a thing is called, in bytes: longer than any name.
const maxName = 4 << 10

// scalarOf is the value of a key as text, without the blanks around it: nothing for a
// mapping or a list, which cannot be a name. It is cut where no name would end.
func scalarOf(m map[string]any, key string) string {
	switch m[key].(type) {
	case map[string]any, []any:
		return ""
	}
	return bridge.Cut(strings.TrimSpace(text(m[key])), maxName)
}

// portal is a link into the source's portal: its base URL and the path, in which
// each %s is one of the values, escaped. It is nothing without the base URL or
// one of the values.
func portal(s *scope, path string, args ...any) (string, error) {
	if strings.Count(path, "%s") != len(args) {
		return "", fmt.Errorf("has %d values for %d times %%s", len(args), strings.Count(path, "%s"))
	}
	if !strings.HasPrefix(path, "/") {
		return "", errors.New("wants a path that starts with /")
	}
	base := strings.TrimRight(text(get(s, "portal")), "/")
	if base == "" {
		return "", nil
	}
	var b strings.Builder
	b.WriteString(base)
	for i, part := range strings.Split(path, "%s") {
		if i > 0 {
			value := text(args[i-1])
			if value == "" || value == "." || value == ".." {
				return "", nil
			}
			b.WriteString(percentEscape(value))
		}
		b.WriteString(part)
	}
	return b.String(), nil
}

// status puts an enrollment's status into words. Codes and their names are those
// of Absorb's Integration API, v2.
func status(v any) string {
	words := [...]string{
		"not started", "in progress", "pending approval", "complete", "not complete", "failed", "declined",
		"evaluation required", "on the waiting list", "absent", "not applicable", "waiting for a proctor", "ready for review",
	}
	v = codeOf(v, "status")
	if n, ok := numeric(v, true); ok {
		if n == math.Trunc(n) && 0 <= n && n < float64(len(words)) {
			return words[int(n)]
		}
		return text(v)
	}
	switch name := text(v); strings.ToLower(name) {
	case "completed":
		return words[3]
	case "pendingevaluationrequired":
		return words[7]
	case "onwaitlist":
		return words[8]
	case "pendingproctor":
		return words[11]
	default:
		return lowerWords(name)
	}
}

// activeStatus says whether a user or a course is active: 0 is, 1 is not.
func activeStatus(v any) string {
	v = codeOf(v, "activeStatus")
	switch text(v) {
	case "0":
		return "active"
	case "1":
		return "inactive"
	}
	return lowerWords(text(v))
}

// courseType puts a kind of course into words.
func courseType(v any) string {
	kind := text(codeOf(v, "courseType"))
	if strings.EqualFold(kind, "InstructorLedCourse") {
		return "instructor-led course"
	}
	return lowerWords(kind)
}

// codeOf is a code, or the one that a part holds below the key.
func codeOf(v any, key string) any {
	if m, ok := plain(v).(map[string]any); ok {
		return plain(m[key])
	}
	return plain(v)
}

// lowerWords takes a PascalCase name apart: "CourseBundle" is "course bundle".
func lowerWords(s string) string { return strings.ToLower(bridge.EventTitle(s)) }

// truncate shortens a text to at most n characters, at a word's end if one is
// near, with an ellipsis.
func truncate(n int, s string) string {
	if n < 1 || utf8.RuneCountInString(s) <= n {
		return s
	}
	kept := string([]rune(s)[:n-1])
	if i := strings.LastIndexFunc(kept, unicode.IsSpace); i > len(kept)*3/4 {
		kept = kept[:i]
	}
	return strings.TrimRightFunc(kept, unicode.IsSpace) + "…"
}
