package portal

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// apply makes the changes that an event causes in the API's data.
func (d *database) apply(h Event) {
	course, enrollment := h.course(), h.Entities["enrollmentId"]
	switch event := h.Type; {
	case strings.HasPrefix(event, "EnrollmentCompleted"):
		d.enroll(h.User, course, h.At, enrollment)
		d.complete(h.User, course, h.At)
	case event == "SessionEnrollmentCompleted":
		d.enroll(h.User, course, h.At, enrollment)
		d.completeSession(h.User, course, h.Entities["sessionId"], h.At)
	case strings.HasPrefix(event, "UserEnrolled"):
		d.reenroll(h.User, course, h.At, enrollment)
	case event == "CertificateAwarded":
		d.awardCertificate(h.User, course, h.Entities["certificateId"], h.At)
	case event == "CourseCreditsAwarded":
		d.ensureCompleted(h.User, course, h.At)
	case event == "CompetencyAwarded":
		d.awardCompetency(h.User, h.Entities["competencyId"], h.At)
	case event == "UserCreated":
		d.create("users", h.User, h.At)
	case event == "DepartmentCreated":
		d.create("departments", h.Entities["departmentId"], h.At)
	case event == "GroupCreated":
		d.create("groups", h.Entities["groupId"], h.At)
	case event == "DepartmentDeleted":
		d.remove("departments", h.Entities["departmentId"])
	case event == "GroupDeleted":
		d.remove("groups", h.Entities["groupId"])
	case event == "CourseBundleDeleted":
		d.remove("courses", course)
	case strings.HasSuffix(event, "Deactivated"):
		d.setActiveStatus(course, 1, h.At)
	case strings.HasSuffix(event, "Activated"):
		d.setActiveStatus(course, 0, h.At)
	}
}

// course returns the id of the event's course, curriculum or bundle.
func (h Event) course() string {
	return cmp.Or(h.Entities["courseId"], h.Entities["curriculumId"], h.Entities["courseBundleId"])
}

// setActiveStatus sets the activeStatus of a course: 0 is active, 1 is not.
func (d *database) setActiveStatus(course string, status int, at time.Time) {
	if c := d.byID("courses", course); c != nil {
		c["activeStatus"], c["dateEdited"] = status, stamp(at)
	}
}

// create adds a person, a department, a group or a course bundle. If it already exists,
// only its dates change.
func (d *database) create(collection, resourceID string, at time.Time) {
	o := d.byID(collection, resourceID)
	switch {
	case resourceID == "":
	case o != nil:
		edited(at, o)
	default:
		d.add(collection, edited(at, d.new(collection, resourceID, at)))
	}
}

// new makes a resource with plausible data.
func (d *database) new(collection, resourceID string, at time.Time) object {
	n := d.created[collection]
	d.created[collection]++
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
		o["id"], o["dateHired"] = resourceID, stamp(at)
		return o
	case "departments":
		return object{"id": resourceID, "name": name(departmentNames()), "parentId": id(kindDepartment, 1), "companyName": nil, "emailAddress": nil, "phoneNumber": nil, "externalId": nil}
	case "courses":
		o := course(1000+n, sampleCourse{"CourseBundle", fmt.Sprint("Course bundle ", n+1), ""})
		o["id"] = resourceID
		return o
	default:
		return object{"id": resourceID, "name": name(groupNames()), "isAutomatic": false, "userIds": []any{}}
	}
}
