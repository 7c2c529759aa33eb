package absorb

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// An Occurrence is what happened, no matter whether a webhook or a later request to the
// Integration API reports it.
type Occurrence struct {
	// Kind is what happened. Only events of one kind may be the same occurrence.
	Kind string

	// Keys identify it, best first: a webhook may have the id of the course, of the
	// enrollment, or both. A lean webhook has neither, and no key.
	Keys []string

	// Lean identifies it as a lean webhook does, by kind and person; "" if the API has
	// no list to compare it with.
	Lean string
}

// listed returns the event types that the Integration API can list by date, by
// canonical name. The API does not say who enrolled a learner or completed for them, so
// the two events have one kind.
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

// kinds is listed, computed once; it never changes.
var kinds = listed()

// Listed returns the event types that the Integration API can list by date, in the
// catalogue's order. The API has no list of the others, or none with a date: things
// that were activated, deactivated or deleted, sessions, competencies, self-assessments
// and learning paths.
func Listed() []string {
	var all []string
	for _, e := range Events() {
		if kinds[e.Name] != "" {
			all = append(all, e.Name)
		}
	}
	return all
}

// SameKind reports whether the API cannot tell two events apart.
func SameKind(a, b string) bool { return kinds[a] != "" && kinds[a] == kinds[b] }

// SameKinds returns the event types that the API cannot tell from one type, including
// that type.
func SameKinds(name string) []string {
	all := []string{name}
	for other := range kinds {
		if other != name && SameKind(other, name) {
			all = append(all, other)
		}
	}
	return all
}

// OccurrenceOf returns what an event reports.
func OccurrenceOf(e bridge.Event) (o Occurrence) {
	o.Kind = cmp.Or(kinds[e.Type], e.Type)
	name := func(what, id string) {
		if id != "" {
			o.Keys = append(o.Keys, strings.ToLower(o.Kind+" "+e.UserID+" "+what+" "+id))
		}
	}
	id := e.Entities
	switch kinds[e.Type] {
	case "":
		if what, id := thing(e); id != "" {
			name(what, id)
		}
	case "user":
		name("user", e.UserID)
	case "department", "group":
		if id := id[o.Kind+"Id"]; id != "" {
			o.Keys = []string{strings.ToLower(o.Kind + " " + id)} // the user may be the person who created it
		}
		o.Lean = o.Kind
	default:
		if e.UserID == "" {
			return o
		}
		name("course", courseOf(e))
		name("enrollment", id["enrollmentId"])
		if o.Kind == "certificate" {
			name("certificate", id["certificateId"])
		}
		o.Lean = strings.ToLower(o.Kind + " " + e.UserID)
	}
	return o
}

// courseOf returns the id of an event's course, of any kind.
func courseOf(e bridge.Event) string {
	return cmp.Or(e.Entities["courseId"], e.Entities["curriculumId"], e.Entities["courseBundleId"])
}

// thing identifies what an event is about if the API cannot list it by date: for a
// known event type the id of its thing, otherwise all ids that distinguish events.
func thing(e bridge.Event) (what, id string) {
	if Known(e.Type) {
		keys := []string{"sessionId", "competencyId", "learningPathId", "selfAssessmentId"}
		if about := concerned(e.Type); about == "departmentId" || about == "groupId" {
			keys = []string{about}
		}
		for _, key := range keys {
			if id := e.Entities[key]; id != "" {
				return key, id
			}
		}
		return "course", courseOf(e)
	}
	for _, key := range slices.Sorted(maps.Keys(e.Entities)) {
		if !slices.Contains(surroundings(), key) {
			id += " " + key + " " + e.Entities[key]
		}
	}
	return "ids", id
}

// ThingOf identifies the thing that an event is about, as far as its ids do; otherwise
// it returns "".
func ThingOf(e bridge.Event) string {
	if keys := OccurrenceOf(e).Keys; len(keys) > 0 {
		return keys[len(keys)-1]
	}
	return ""
}

// surroundings are the ids that many events share: of the portal, of the webhook, of
// what the person or the course belongs to.
func surroundings() []string {
	return append(bridge.PortalKeys(), "credits", "categoryId", "departmentId", "supervisorId", "roleId")
}

// Anonymous reports whether an event names neither a thing nor a time. Two such events
// with the same bytes may be two different events.
func Anonymous(e bridge.Event) bool {
	for key := range e.Entities {
		if !slices.Contains(surroundings(), key) {
			return false
		}
	}
	return e.OccurredAt.IsZero() && ThingOf(e) == ""
}
