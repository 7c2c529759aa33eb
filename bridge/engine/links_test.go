package engine

import (
	"strings"
	"testing"
)

const courseID = "20000000-0000-4000-a000-000000000001"

func TestLinkTo(t *testing.T) {
	to := linkTo(map[string]Links{
		"own":  {"course": "https://admin.example.com/c/{id}", "curriculum": "/lists/{id}?of={id}#x", "user": "/u/{id}"},
		"half": {"online_course": "/o/{id}"},
	})
	kind := func(courseType any) map[string]any { return map[string]any{"courseType": courseType} }
	const portal = "https://learning.example.com"
	for _, tt := range []struct {
		source, kind string
		id           any
		course       []any
		want         string
	}{
		// What Absorb documents, and nothing else.
		{"", "course", courseID, nil, portal + "/#/online-courses/" + courseID},
		{"", "online_course", courseID, nil, portal + "/#/online-courses/" + courseID},
		{"", "curriculum", courseID, nil, portal + "/#/curricula/" + courseID},
		{"", "instructor_led_course", courseID, nil, ""}, {"", "course_bundle", courseID, nil, ""},
		{"", "user", "u", nil, ""}, {"", "certificate", "u", nil, ""}, {"", "department", "u", nil, ""}, {"", "group", "u", nil, ""},
		// A course's own kind counts, if it is known.
		{"", "course", courseID, []any{kind("Curriculum")}, portal + "/#/curricula/" + courseID},
		{"", "course", courseID, []any{kind("InstructorLedCourse")}, ""}, {"", "course", courseID, []any{kind("course bundle")}, ""},
		{"", "course", "x", []any{kind("OnlineCourse")}, portal + "/#/online-courses/x"}, {"", "course", "x", []any{kind("Podcast")}, portal + "/#/online-courses/x"},
		{"", "course", "x", []any{kind(nil)}, portal + "/#/online-courses/x"}, {"", "course", "x", []any{nil}, portal + "/#/online-courses/x"},
		{"", "user", "x", []any{kind("Curriculum")}, ""},
		// The source's own come first; course is for all kinds of courses without one.
		{"own", "course", "x", []any{kind("InstructorLedCourse")}, "https://admin.example.com/c/x"}, {"own", "course", "x", nil, "https://admin.example.com/c/x"},
		{"own", "online_course", "x", nil, "https://admin.example.com/c/x"}, {"own", "course_bundle", "x", nil, "https://admin.example.com/c/x"},
		{"own", "course", "x", []any{kind("Curriculum")}, portal + "/lists/x?of=x#x"}, {"own", "user", 7.0, nil, portal + "/u/7"}, {"own", "group", "x", nil, ""},
		{"half", "course", "x", nil, portal + "/o/x"}, {"half", "curriculum", "x", nil, portal + "/#/curricula/x"},
		// An id stays in its place, and without one there is no link.
		{"own", "user", "a/../b?c#d%&{id}", nil, portal + "/u/a%2F..%2Fb%3Fc%23d%25%26%7Bid%7D"},
		{"own", "user", "", nil, ""}, {"own", "user", nil, nil, ""}, {"own", "user", "..", nil, ""}, {"own", "user", "00000000-0000-0000-0000-000000000000", nil, ""},
	} {
		s := NewScope(t.Context(), map[string]any{"source": tt.source, "portal": portal + "/"})
		if got, err := to(s, tt.kind, tt.id, tt.course...); err != nil || got != tt.want {
			t.Errorf("source %q: linkTo %q %v %v = %q, %v; want %q", tt.source, tt.kind, tt.id, tt.course, got, err, tt.want)
		}
	}
	nowhere := NewScope(t.Context(), map[string]any{"source": "own"})
	if got, err := to(nowhere, "user", "x"); got != "" || err != nil {
		t.Errorf("without the portal's address: %q, %v", got, err)
	}
	if got, err := to(nowhere, "course", "x"); got != "https://admin.example.com/c/x" || err != nil {
		t.Errorf("a whole address without the portal's: %q, %v", got, err)
	}
	if _, err := to(nowhere, "curriculums", "x"); err == nil || !strings.Contains(err.Error(), `did you mean "curriculum"?`) {
		t.Errorf("a kind that there is not: %v", err)
	}
	if _, err := to(nowhere, "course", "x", nil, nil); err == nil {
		t.Error("four values are accepted")
	}
}
