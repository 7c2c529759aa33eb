package portal

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// happen changes what the API shows.
func (w *world) happen(h Happening) {
	course, enrollment := h.course(), h.Entities["enrollmentId"]
	switch event := h.Event; {
	case strings.HasPrefix(event, "EnrollmentCompleted"):
		w.enroll(h.User, course, h.At, enrollment)
		w.complete(h.User, course, h.At)
	case event == "SessionEnrollmentCompleted":
		w.enroll(h.User, course, h.At, enrollment)
		w.attend(h.User, course, h.Entities["sessionId"], h.At)
	case strings.HasPrefix(event, "UserEnrolled"):
		w.enrollAnew(h.User, course, h.At, enrollment)
	case event == "CertificateAwarded":
		w.award(h.User, course, h.Entities["certificateId"], h.At)
	case event == "CourseCreditsAwarded":
		w.completed(h.User, course, h.At)
	case event == "CompetencyAwarded":
		w.qualify(h.User, h.Entities["competencyId"], h.At)
	case event == "UserCreated":
		w.found("users", h.User, h.At)
	case event == "DepartmentCreated":
		w.found("departments", h.Entities["departmentId"], h.At)
	case event == "GroupCreated":
		w.found("groups", h.Entities["groupId"], h.At)
	case event == "DepartmentDeleted":
		w.remove("departments", h.Entities["departmentId"])
	case event == "GroupDeleted":
		w.remove("groups", h.Entities["groupId"])
	case event == "CourseBundleDeleted":
		w.remove("courses", course)
	case strings.HasSuffix(event, "Deactivated"):
		w.activate(course, 1, h.At)
	case strings.HasSuffix(event, "Activated"):
		w.activate(course, 0, h.At)
	}
}

// course is the id of the course concerned, whatever its kind.
func (h Happening) course() string {
	return cmp.Or(h.Entities["courseId"], h.Entities["curriculumId"], h.Entities["courseBundleId"])
}

// activate sets the activeStatus of a course: 0 is active, 1 is not.
func (w *world) activate(course string, status int, at time.Time) {
	if c := w.byID("courses", course); c != nil {
		c["activeStatus"], c["dateEdited"] = status, stamp(at)
	}
}

// found makes what is new: a person, a department, a group or a course bundle. What is
// there already is dated as new.
func (w *world) found(collection, thing string, at time.Time) {
	o := w.byID(collection, thing)
	switch {
	case thing == "":
	case o != nil:
		edited(at, o)
	default:
		w.add(collection, edited(at, w.new(collection, thing, at)))
	}
}

// new is a thing that was not there before.
func (w *world) new(collection, thing string, at time.Time) object {
	n := w.founded[collection]
	w.founded[collection]++
	name := func(names []string) string {
		if round := n / len(names); round > 0 {
			return fmt.Sprint(names[n%len(names)], " ", round+1)
		}
		return names[n]
	}
	switch collection {
	case "users":
		first, _, _ := strings.Cut(people()[n%len(people())], "|")
		_, last, _ := strings.Cut(people()[(n*7+3)%len(people())], "|")
		o := user(1000+n, first, last, jobs()[n%len(jobs())], id(kindDepartment, 2))
		o["id"], o["dateHired"] = thing, stamp(at)
		return o
	case "departments":
		return object{"id": thing, "name": name(places()), "parentId": id(kindDepartment, 1), "companyName": nil, "emailAddress": nil, "phoneNumber": nil, "externalId": nil}
	case "courses":
		o := course(1000+n, courseKind{"CourseBundle", fmt.Sprint("Course bundle ", n+1), ""})
		o["id"] = thing
		return o
	default:
		return object{"id": thing, "name": name(crowds()), "isAutomatic": false, "userIds": []any{}}
	}
}
