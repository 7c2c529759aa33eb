package portal

import (
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// Story lets a learner complete a course, with all that comes of it: the
// completion, a certificate, a competency and credits, announced one after the
// other under one correlation id.
func (p *Portal) Story(pr Profile) []Webhook {
	h := p.somebody()
	var all []Webhook
	for _, event := range []string{"EnrollmentCompletedByLearner", "CertificateAwarded", "CompetencyAwarded", "CourseCreditsAwarded"} {
		h.Event = event
		all = append(all, p.Happen(h, pr))
	}
	return all
}

// Bulk lets an admin enroll n learners in one transaction. There are as many people in
// the portal afterwards.
func (p *Portal) Bulk(n int, pr Profile) []Webhook {
	h := p.somebody()
	h.Event, h.Admin = "UserEnrolledInCourseByAdmin", id(kindUser, 2)
	learners := p.grow(n)
	var all []Webhook
	for i := range n {
		h.User = learners[i]
		h.Entities = map[string]string{"courseId": h.Entities["courseId"], "enrollmentId": id(kindEnrollment, 0x10000+i)}
		all = append(all, p.Happen(h, pr))
	}
	return all
}

// Next lets something plausible happen to somebody.
func (p *Portal) Next(pr Profile) Webhook {
	events := absorb.Events()
	p.mu.Lock()
	pick := p.random.IntN(100)
	event := events[p.random.IntN(len(events))].Name
	p.mu.Unlock()
	switch { // most of a portal's traffic is learners at work
	case pick < 35:
		event = "EnrollmentCompletedByLearner"
	case pick < 55:
		event = "UserEnrolledInCourseByLearner"
	case pick < 70:
		event = "CertificateAwarded"
	}
	return p.Occur(event, pr)
}

// somebody is a learner with a course, in a new transaction.
func (p *Portal) somebody() Happening {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.learner()
	p.study(&h, "")
	for key, kind := range map[string]string{"certificateId": kindCertificate, "competencyId": kindCompetency} {
		h.Entities[key] = id(kind, 0x1000+p.sequence)
	}
	return h
}

// People are the ids of everybody in the portal.
func (p *Portal) People() []string { return numbered(kindUser, len(people())) }

// Courses are the ids of all courses in the portal, of every kind.
func (p *Portal) Courses() []string { return numbered(kindCourse, len(courses())) }

func numbered(kind string, count int) []string {
	var all []string
	for i := range count {
		all = append(all, id(kind, i+1))
	}
	return all
}
