package absorb

import (
	"cmp"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// An Occurrence is what happened, whoever told of it: a webhook, or the Integration
// API that was asked afterwards.
type Occurrence struct {
	// Keys name it, the best first: a webhook may bear the id of the course, or of
	// the enrollment, or both. A lean webhook bears neither, and there is none.
	Keys []string

	// Lean names it as a lean webhook does: by its kind and its person, or "" when
	// it is about a thing.
	Lean string
}

// listed are the kinds of events that the Integration API can list by their date, by
// canonical name. Who enrolled a learner, or completed for them, it does not tell:
// the two events are one kind.
func listed() map[string]string {
	return map[string]string{
		"UserCreated":                   "user",
		"DepartmentCreated":             "department",
		"GroupCreated":                  "group",
		"UserEnrolledInCourseByAdmin":   "enrolled",
		"UserEnrolledInCourseByLearner": "enrolled",
		"EnrollmentCompletedByAdmin":    "completed",
		"EnrollmentCompletedByLearner":  "completed",
		"CertificateAwarded":            "certificate",
		"CourseCreditsAwarded":          "credits",
	}
}

// kinds is listed, made once; never changed.
var kinds = listed()

// Listed gives the names of the events that the Integration API can list by their
// date, in the catalogue's order. There is no list of the others, or none with a
// date: what was activated, deactivated or deleted, sessions, competencies,
// self-assessments and learning paths.
func Listed() []string {
	var all []string
	for _, e := range Events() {
		if kinds[e.Name] != "" {
			all = append(all, e.Name)
		}
	}
	return all
}

// SameKind tells whether the API cannot tell two events apart.
func SameKind(a, b string) bool { return kinds[a] != "" && kinds[a] == kinds[b] }

// OccurrenceOf says what an event tells of. It is empty for an event that the API
// cannot list.
func OccurrenceOf(e bridge.Event) (o Occurrence) {
	kind := kinds[e.Type]
	name := func(what, id string) {
		if id != "" {
			o.Keys = append(o.Keys, strings.ToLower(kind+" "+e.UserID+" "+what+" "+id))
		}
	}
	id := e.Entities
	switch kind {
	case "":
	case "user":
		name("user", e.UserID)
	case "department", "group":
		id := id[kind+"Id"]
		if id != "" {
			o.Keys = []string{strings.ToLower(kind + " " + id)} // the user may be whoever made it
		}
	default:
		if e.UserID == "" {
			return o
		}
		name("course", cmp.Or(id["courseId"], id["curriculumId"], id["courseBundleId"]))
		name("enrollment", id["enrollmentId"])
		if kind == "certificate" {
			name("certificate", id["certificateId"])
		}
		o.Lean = strings.ToLower(kind + " " + e.UserID)
	}
	return o
}
