package portal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// TriggerNew makes an event of a type happen to a person or a thing that has not had one
// before, so that the portal's lists distinguish it from all other events.
func (p *Portal) TriggerNew(event string, pr Profile) Webhook {
	return p.Trigger(p.newEvent(event), pr)
}

// newEvent chooses the person and the resources of an event.
func (p *Portal) newEvent(event string) Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.nextLearner()
	h.Type = event
	fresh := func(key, kind string) { h.Entities[key] = id(kind, 0x1000+p.sequence) }
	switch {
	case event == "UserCreated":
		h.User = id(kindUser, 0x1000+p.sequence)
	case strings.HasPrefix(event, "UserEnrolled"):
		h.Entities["courseId"] = p.courseNotTaken(h.User, "")
		fresh("enrollmentId", kindEnrollment)
	case event == "SessionEnrollmentCompleted":
		p.addCourse(&h, "InstructorLedCourse")
		delete(h.Entities, "enrollmentId")
		for _, s := range p.database.all(sessions) {
			if s["courseId"] == h.Entities["courseId"] {
				h.Entities["sessionId"] = text(s["id"])
			}
		}
	case strings.HasPrefix(event, "EnrollmentCompleted"), event == "CourseCreditsAwarded":
		p.addCourse(&h, "")
	case event == "CertificateAwarded":
		p.addCourse(&h, "")
		fresh("certificateId", kindCertificate)
	case event == "CompetencyAwarded":
		fresh("competencyId", kindCompetency)
	case event == "SelfAssessmentCompleted":
		fresh("selfAssessmentId", kindAssessment)
	case event == "LearningPathCompleted":
		fresh("learningPathId", kindPath)
	default:
		p.addSubject(&h)
	}
	for _, e := range absorb.Events() {
		if e.Name == event && e.ByAdmin {
			h.Admin = id(kindUser, 2)
		}
	}
	return h
}

// addSubject adds the resource that an event without a learner is about.
func (p *Portal) addSubject(h *Event) {
	h.User = ""
	for _, m := range []struct{ prefix, key, collection, kind string }{
		{"Department", "departmentId", "departments", kindDepartment}, {"Group", "groupId", "groups", kindGroup}, {"CourseBundleDeleted", "courseBundleId", "courses", kindCourse},
	} {
		if strings.HasPrefix(h.Type, m.prefix) {
			h.Entities[m.key] = id(m.kind, 0x1000+p.sequence)
			if strings.HasSuffix(h.Type, "Deleted") { // it was there until now
				p.database.create(m.collection, h.Entities[m.key], p.Now().AddDate(0, -1, 0))
			}
			return
		}
	}
	for _, m := range []struct{ prefix, key, kind string }{
		{"OnlineCourse", "courseId", "OnlineCourse"}, {"InstructorLedCourse", "courseId", "InstructorLedCourse"},
		{"Curriculum", "curriculumId", "Curriculum"}, {"CourseBundle", "courseBundleId", "CourseBundle"},
	} {
		if strings.HasPrefix(h.Type, m.prefix) {
			h.Entities[m.key] = p.leastRecentlyChanged(m.kind)
			return
		}
	}
}

// nextLearner starts an event for the next person, in a new transaction.
func (p *Portal) nextLearner() Event {
	p.sequence++
	p.learnersChosen++
	return Event{
		User:        id(kindUser, 1+p.learnerOrder[p.learnersChosen%len(p.learnerOrder)]),
		Correlation: id(kindCorrelation, p.sequence) + fmt.Sprintf("-%x", p.random.Uint32()),
		Entities:    map[string]string{},
	}
}

// addCourse adds a course, of a kind if one is given, and enrolls the event's person in
// it a week ago.
func (p *Portal) addCourse(h *Event, kind string) {
	course := p.courseNotTaken(h.User, kind)
	p.database.reenroll(h.User, course, p.Now().AddDate(0, 0, -7), id(kindEnrollment, 0x1000+p.sequence))
	h.Entities["courseId"] = course
	if e := p.database.enrollment(h.User, course); e != nil {
		h.Entities["enrollmentId"] = text(e["id"])
	}
}

// courseNotTaken chooses a course, of a kind if one is given, in which a person is not
// enrolled. If the person is enrolled in all of them, it chooses any.
func (p *Portal) courseNotTaken(user, kind string) (course string) {
	all := courses()
	for _, n := range p.random.Perm(len(all)) {
		if kind != "" && all[n].kind != kind {
			continue
		}
		course = id(kindCourse, n+1)
		if p.database.enrollment(user, course) == nil {
			return course
		}
	}
	return course
}

// leastRecentlyChanged returns the course of a kind whose last change is the oldest.
func (p *Portal) leastRecentlyChanged(kind string) string {
	var all []object
	for _, c := range p.database.all("courses") {
		if c["courseType"] == kind && slices.Contains(p.Courses(), text(c["id"])) {
			all = append(all, c)
		}
	}
	return text(slices.MinFunc(all, func(a, b object) int { return compare(a["dateEdited"], b["dateEdited"]) })["id"])
}

// ensurePeople adds people until there are n, and returns the ids of the first n.
func (p *Portal) ensurePeople(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.database.all("users")); i < n; i++ {
		p.database.create("users", p.database.newID(kindUser), began)
	}
	all := make([]string, n)
	for i := range all {
		all[i] = text(p.database.all("users")[i]["id"])
	}
	return all
}
