package portal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// Occur lets an event happen to somebody, or to something, that it has not happened to
// before: the portal's lists can tell it from every other event.
func (p *Portal) Occur(event string, pr Profile) Webhook { return p.Happen(p.occasion(event), pr) }

// occasion thinks up a happening.
func (p *Portal) occasion(event string) Happening {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.learner()
	h.Event = event
	fresh := func(key, kind string) { h.Entities[key] = id(kind, 0x1000+p.sequence) }
	switch {
	case event == "UserCreated":
		h.User = id(kindUser, 0x1000+p.sequence)
	case strings.HasPrefix(event, "UserEnrolled"):
		h.Entities["courseId"] = p.untaken(h.User, "")
		fresh("enrollmentId", kindEnrollment)
	case event == "SessionEnrollmentCompleted":
		p.study(&h, "InstructorLedCourse")
		delete(h.Entities, "enrollmentId")
		for _, s := range p.world.all(sessions) {
			if s["courseId"] == h.Entities["courseId"] {
				h.Entities["sessionId"] = text(s["id"])
			}
		}
	case strings.HasPrefix(event, "EnrollmentCompleted"), event == "CourseCreditsAwarded":
		p.study(&h, "")
	case event == "CertificateAwarded":
		p.study(&h, "")
		fresh("certificateId", kindCertificate)
	case event == "CompetencyAwarded":
		fresh("competencyId", kindCompetency)
	case event == "SelfAssessmentCompleted":
		fresh("selfAssessmentId", kindAssessment)
	case event == "LearningPathCompleted":
		fresh("learningPathId", kindPath)
	default:
		p.matter(&h)
	}
	for _, e := range absorb.Events() {
		if e.Name == event && e.ByAdmin {
			h.Admin = id(kindUser, 2)
		}
	}
	return h
}

// matter gives a happening the thing that it is about, where no learner is concerned.
func (p *Portal) matter(h *Happening) {
	h.User = ""
	for _, m := range []struct{ prefix, key, collection, kind string }{
		{"Department", "departmentId", "departments", kindDepartment}, {"Group", "groupId", "groups", kindGroup}, {"CourseBundleDeleted", "courseBundleId", "courses", kindCourse},
	} {
		if strings.HasPrefix(h.Event, m.prefix) {
			h.Entities[m.key] = id(m.kind, 0x1000+p.sequence)
			if strings.HasSuffix(h.Event, "Deleted") { // it was there until now
				p.world.found(m.collection, h.Entities[m.key], p.Now().AddDate(0, -1, 0))
			}
			return
		}
	}
	for _, m := range []struct{ prefix, key, kind string }{
		{"OnlineCourse", "courseId", "OnlineCourse"}, {"InstructorLedCourse", "courseId", "InstructorLedCourse"},
		{"Curriculum", "curriculumId", "Curriculum"}, {"CourseBundle", "courseBundleId", "CourseBundle"},
	} {
		if strings.HasPrefix(h.Event, m.prefix) {
			h.Entities[m.key] = p.unchanged(m.kind)
			return
		}
	}
}

// learner is the next person in turn, in a new transaction.
func (p *Portal) learner() Happening {
	p.sequence++
	p.turn++
	return Happening{
		User:        id(kindUser, 1+p.turns[p.turn%len(p.turns)]),
		Correlation: id(kindCorrelation, p.sequence) + fmt.Sprintf("-%x", p.random.Uint32()),
		Entities:    map[string]string{},
	}
}

// study gives a happening a course of a kind, or of any, in which its person was
// enrolled a week ago.
func (p *Portal) study(h *Happening, kind string) {
	course := p.untaken(h.User, kind)
	p.world.enrollAnew(h.User, course, p.Now().AddDate(0, 0, -7), id(kindEnrollment, 0x1000+p.sequence))
	h.Entities["courseId"] = course
	if e := p.world.enrollment(h.User, course); e != nil {
		h.Entities["enrollmentId"] = text(e["id"])
	}
}

// untaken is a course of a kind, or of any, in which a person is not enrolled: any
// course for somebody who is enrolled in all of them.
func (p *Portal) untaken(user, kind string) (course string) {
	all := courses()
	for _, n := range p.random.Perm(len(all)) {
		if kind != "" && all[n].kind != kind {
			continue
		}
		course = id(kindCourse, n+1)
		if p.world.enrollment(user, course) == nil {
			return course
		}
	}
	return course
}

// unchanged is the course of a kind whose last change is the longest ago.
func (p *Portal) unchanged(kind string) string {
	var all []object
	for _, c := range p.world.all("courses") {
		if c["courseType"] == kind && slices.Contains(p.Courses(), text(c["id"])) {
			all = append(all, c)
		}
	}
	return text(slices.MinFunc(all, func(a, b object) int { return compare(a["dateEdited"], b["dateEdited"]) })["id"])
}

// grow lets the portal have at least n people, and gives the ids of the first n.
func (p *Portal) grow(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.world.all("users")); i < n; i++ {
		p.world.found("users", p.world.newID(kindUser), began)
	}
	all := make([]string, n)
	for i := range all {
		all[i] = text(p.world.all("users")[i]["id"])
	}
	return all
}
