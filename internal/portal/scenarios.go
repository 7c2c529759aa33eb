package portal

import (
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// Story makes a learner complete a course. Its webhooks announce the completion, a
// certificate, a competency and credits, with one correlation id.
func (p *Portal) Story(pr Profile) []Webhook {
	h := p.learnerWithCourse()
	var all []Webhook
	for _, event := range []string{"EnrollmentCompletedByLearner", "CertificateAwarded", "CompetencyAwarded", "CourseCreditsAwarded"} {
		h.Type = event
		all = append(all, p.Trigger(h, pr))
	}
	return all
}

// Bulk makes an admin enroll n learners in one transaction. It adds people to the portal
// if there are fewer.
func (p *Portal) Bulk(n int, pr Profile) []Webhook {
	h := p.learnerWithCourse()
	h.Type, h.Admin = "UserEnrolledInCourseByAdmin", id(kindUser, 2)
	learners := p.ensurePeople(n)
	var all []Webhook
	for i := range n {
		h.User = learners[i]
		h.Entities = map[string]string{"courseId": h.Entities["courseId"], "enrollmentId": id(kindEnrollment, 0x10000+i)}
		all = append(all, p.Trigger(h, pr))
	}
	return all
}

// Next makes a random event happen, with the frequencies of a usual portal.
func (p *Portal) Next(pr Profile) Webhook {
	events := absorb.Events()
	p.mu.Lock()
	pick := p.random.IntN(100)
	event := events[p.random.IntN(len(events))].Name
	p.mu.Unlock()
	switch { // most traffic comes from learners
	case pick < 35:
		event = "EnrollmentCompletedByLearner"
	case pick < 55:
		event = "UserEnrolledInCourseByLearner"
	case pick < 70:
		event = "CertificateAwarded"
	}
	return p.TriggerNew(event, pr)
}

// learnerWithCourse starts an event for a learner and a course, in a new transaction.
func (p *Portal) learnerWithCourse() Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.nextLearner()
	p.addCourse(&h, "")
	for key, kind := range map[string]string{"certificateId": kindCertificate, "competencyId": kindCompetency} {
		h.Entities[key] = id(kind, 0x1000+p.sequence)
	}
	return h
}

// People returns the ids of the people with whom a portal starts.
func (p *Portal) People() []string { return numbered(kindUser, len(people())) }

// Courses returns the ids of the courses of all kinds with which a portal starts.
func (p *Portal) Courses() []string { return numbered(kindCourse, len(courses())) }

func numbered(kind string, count int) []string {
	var all []string
	for i := range count {
		all = append(all, id(kind, i+1))
	}
	return all
}
