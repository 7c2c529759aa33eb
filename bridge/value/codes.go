package value

import (
	"math"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// status puts an enrollment's status into words. Codes and their names are those
// of Absorb's Integration API, v2.
func status(v any) string {
	words := [...]string{
		"not started", "in progress", "pending approval", "complete", "not complete", "failed", "declined",
		"evaluation required", "on the waiting list", "absent", "not applicable", "waiting for a proctor", "ready for review",
	}
	v = CodeOf(v, "status")
	if n, ok := Numeric(v); ok {
		if n == math.Trunc(n) && 0 <= n && n < float64(len(words)) {
			return words[int(n)]
		}
		return TextOf(v)
	}
	switch name := TextOf(v); strings.ToLower(name) {
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
	v = CodeOf(v, "activeStatus")
	switch TextOf(v) {
	case "0":
		return "active"
	case "1":
		return "inactive"
	}
	return lowerWords(TextOf(v))
}

// courseType puts a kind of course into words.
func courseType(v any) string {
	kind := TextOf(CodeOf(v, "courseType"))
	if strings.EqualFold(kind, "InstructorLedCourse") {
		return "instructor-led course"
	}
	return lowerWords(kind)
}

// CodeOf is a code, or the one that a part holds below the key.
func CodeOf(v any, key string) any {
	if m, ok := Plain(v).(map[string]any); ok {
		return Plain(m[key])
	}
	return Plain(v)
}

// lowerWords takes a PascalCase name apart: "CourseBundle" is "course bundle".
func lowerWords(s string) string { return strings.ToLower(bridge.EventTitle(s)) }

// Function is one that puts a value into words, for templates and conditions alike.
type Function struct {
	Call func(any) any
	Cost Cost // of the call, to be taken off the budget first
}

// Words are the functions that both templates and conditions call to put a value into
// words, by name.
func Words() map[string]Function {
	const formatting = 16 // what cleaning and escaping allocate for each byte
	all := map[string]Function{
		"name":         {NameOf, Texts(4)},
		"status":       {func(v any) any { return status(v) }, ofCode("status", formatting)},
		"activeStatus": {func(v any) any { return activeStatus(v) }, ofCode("activeStatus", formatting)},
		"courseType":   {func(v any) any { return courseType(v) }, ofCode("courseType", formatting)},
		"plain":        {func(v any) any { return plainText(TextOf(v)) }, Texts(2 * formatting)},
	}
	for name, f := range all {
		all[name] = Function{f.Call, Cutting(f.Cost)}
	}
	return all
}
