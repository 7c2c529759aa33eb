package absorb

import (
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// resolve gives the entities of an event the keys that templates use: other spellings
// become the usual ones, and the id of an "entity" becomes that of a course or whatever
// it is. An id that does not fit keeps its key.
func (all fields) resolve(e *bridge.Event) {
	for _, s := range otherKeys() {
		rename(e.Entities, s[0], s[1])
	}
	for _, stem := range anyThing() {
		id := e.Entities[stem+"Id"]
		if id == "" {
			continue
		}
		switch key := all.thing(stem, e.Type); key {
		case "":
		case "userId":
			if e.UserID == "" || e.UserID == id {
				e.UserID = id
				delete(e.Entities, stem+"Id")
			}
		default:
			rename(e.Entities, stem+"Id", key)
		}
	}
	curriculum, bundle := e.Entities["curriculumId"], e.Entities["courseBundleId"]
	if e.Entities["courseId"] == "" && (curriculum == "" || bundle == "") && curriculum+bundle != "" {
		e.Entities["courseId"] = curriculum + bundle // they are courses too, for the API and for conditions
	}
}

// rename moves an id to another key, unless that key has another id.
func rename(ids map[string]string, from, to string) {
	id, ok := ids[from]
	if other, taken := ids[to]; ok && (!taken || other == id) {
		ids[to] = id
		delete(ids, from)
	}
}

// thing returns the key for the id of an "entity": from the kind beside it (entityType,
// or type in the same object), or else from the event's type. "" means unknown.
func (all fields) thing(stem, event string) string {
	for _, key := range []string{stem + "type", stem + "kind", stem + "typename"} {
		for _, f := range all {
			if kind, ok := f.value.(string); ok && kind != "" && f.is(key) {
				return kindKey(kind)
			}
		}
	}
	for _, f := range all {
		if kind, ok := f.value.(string); ok && f.is(stem) && kindKey(kind) != "" {
			return kindKey(kind)
		}
	}
	return concerned(event)
}

// kindKey returns the key of the ids of a kind of thing, such as courseId for "Online
// Course"; "" if the text does not name a kind.
func kindKey(kind string) string {
	name := fold(kind)
	if name == "ilt" {
		return "courseId"
	}
	for _, name := range []string{name, strings.TrimSuffix(name, "s"), strings.TrimSuffix(name, "ies") + "y"} {
		switch name {
		case "user", "learner":
			return "userId"
		case "":
			continue
		}
		known := knownEntities[name+"id"]
		for _, s := range otherKeys() {
			if s[0] == known {
				known = s[1]
			}
		}
		if known != "" && !slices.Contains(anyThing(), name) {
			return known
		}
	}
	return ""
}

// concerned returns the key of the thing that an event type is about, according to its
// name; "" if the name does not say.
func concerned(event string) string {
	switch {
	case strings.HasPrefix(event, "OnlineCourse"), strings.HasPrefix(event, "InstructorLedCourse"), strings.HasPrefix(event, "UserEnrolledInCourse"),
		event == "CourseCreditsAwarded":
		return "courseId"
	case strings.HasPrefix(event, "EnrollmentCompleted"):
		return "enrollmentId"
	case event == "UserCreated":
		return "userId"
	}
	for prefix, key := range map[string]string{
		"Curriculum": "curriculumId", "CourseBundle": "courseBundleId", "Department": "departmentId", "Group": "groupId",
		"Certificate": "certificateId", "Competency": "competencyId", "LearningPath": "learningPathId", "SelfAssessment": "selfAssessmentId",
	} {
		if Known(event) && strings.HasPrefix(event, prefix) {
			return key
		}
	}
	return ""
}
