package portal

import (
	"fmt"

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

// Bulk lets an admin enroll n learners in one transaction.
func (p *Portal) Bulk(n int, pr Profile) []Webhook {
	h := p.somebody()
	h.Event, h.Admin = "UserEnrolledInCourseByAdmin", id(kindUser, 2)
	learners := len(people())
	var all []Webhook
	for i := range n {
		h.User = id(kindUser, 1+i%learners)
		h.Entities = map[string]string{"courseId": h.Entities["courseId"], "enrollmentId": id(kindEnrollment, 0x10000+i)}
		all = append(all, p.Happen(h, pr))
	}
	return all
}

// Next lets something plausible happen to somebody.
func (p *Portal) Next(pr Profile) Webhook {
	h := p.somebody()
	events := absorb.Events()
	p.mu.Lock()
	pick := p.random.IntN(100)
	other := events[p.random.IntN(len(events))]
	p.mu.Unlock()
	switch { // most of a portal's traffic is learners at work
	case pick < 35:
		h.Event = "EnrollmentCompletedByLearner"
	case pick < 55:
		h.Event = "UserEnrolledInCourseByLearner"
	case pick < 70:
		h.Event = "CertificateAwarded"
	default:
		h = sample(other.Name)
		h.Correlation = ""
	}
	return p.Happen(h, pr)
}

// somebody is a learner with a course, in a new transaction.
func (p *Portal) somebody() Happening {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sequence++
	n := p.sequence
	h := Happening{
		User:        id(kindUser, 1+p.random.IntN(len(people()))),
		Correlation: id(kindCorrelation, n) + fmt.Sprintf("-%x", p.random.Uint32()),
		Entities: map[string]string{
			"courseId":      id(kindCourse, 1+p.random.IntN(len(courses()))),
			"enrollmentId":  id(kindEnrollment, 0x1000+n),
			"certificateId": id(kindCertificate, 0x1000+n),
			"competencyId":  id(kindCompetency, 0x1000+n),
		},
	}
	// Whoever completes or is certified was enrolled before.
	p.world.enroll(h.User, h.Entities["courseId"], p.Now().AddDate(0, 0, -7), h.Entities["enrollmentId"])
	if e := p.world.enrollment(h.User, h.Entities["courseId"]); e != nil {
		h.Entities["enrollmentId"] = fmt.Sprint(e["id"]) // there was one already
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
