package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// Event is something that happens in the portal.
type Event struct {
	Type        string // canonical name
	User, Admin string // ids, or ""
	Correlation string // "" for a new one
	At          time.Time
	Entities    map[string]string // ids of the things concerned, by key
}

// Webhook is the webhook of an event, ready to sign and send.
type Webhook struct {
	Event     string
	Body      []byte
	UserAgent string
	Form      SignatureForm
}

// Webhook makes the sample of an event happen, for the sample learner and the sample
// admin, and returns its webhook.
func (p *Portal) Webhook(event string, pr Profile) Webhook {
	return p.Trigger(sample(event), pr)
}

// sample is the event that the samples of the built-in templates describe.
func sample(event string) Event {
	h := Event{Type: event, User: id(kindUser, 1), Entities: map[string]string{}}
	for _, e := range absorb.Events() {
		if e.Name == event && e.ByAdmin {
			h.Admin = id(kindUser, 2)
		}
	}
	aboutThing := func(key, value string) { h.Entities[key] = value; h.User = "" }
	switch {
	case event == "UserCreated":
		h.User = id(kindUser, 4)
	case strings.HasPrefix(event, "OnlineCourse"):
		aboutThing("courseId", id(kindCourse, 1))
	case strings.HasPrefix(event, "InstructorLedCourse"):
		aboutThing("courseId", id(kindCourse, 2))
	case strings.HasPrefix(event, "Curriculum"):
		aboutThing("curriculumId", id(kindCourse, 3))
	case event == "CourseBundleDeleted": // no other sample needs what the samples delete
		aboutThing("courseBundleId", id(kindCourse, len(courses())+1))
	case event == "DepartmentDeleted":
		aboutThing("departmentId", id(kindDepartment, 7))
	case event == "GroupDeleted":
		aboutThing("groupId", id(kindGroup, 3))
	case strings.HasPrefix(event, "CourseBundle"):
		aboutThing("courseBundleId", id(kindCourse, 4))
	case strings.HasPrefix(event, "Department"):
		aboutThing("departmentId", id(kindDepartment, 2))
	case strings.HasPrefix(event, "Group"):
		aboutThing("groupId", id(kindGroup, 1))
	case event == "SessionEnrollmentCompleted":
		h.Entities["courseId"], h.Entities["sessionId"] = id(kindCourse, 2), id(kindSession, 1)
	case strings.HasPrefix(event, "UserEnrolled"):
		h.Entities["courseId"], h.Entities["enrollmentId"] = id(kindCourse, 5), id(kindEnrollment, 5)
	case event == "CompetencyAwarded":
		h.Entities["competencyId"] = id(kindCompetency, 1)
	case event == "SelfAssessmentCompleted":
		h.Entities["selfAssessmentId"] = id(kindAssessment, 1)
	case event == "LearningPathCompleted":
		h.Entities["learningPathId"] = id(kindPath, 1)
	default:
		h.Entities["courseId"], h.Entities["enrollmentId"] = id(kindCourse, 1), id(kindEnrollment, 1)
		if event == "CertificateAwarded" {
			h.Entities["certificateId"] = id(kindCertificate, 1)
		}
	}
	return h
}

// Trigger makes an event happen and returns its webhook. The API shows the event once its
// lag is over.
func (p *Portal) Trigger(h Event, pr Profile) Webhook {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	p.sequence++
	if h.At.IsZero() {
		h.At = now
	}
	if h.Correlation == "" {
		h.Correlation = id(kindCorrelation, p.sequence) + fmt.Sprintf("-%x", p.random.Uint32())
	}
	p.pending = append(p.pending, change{at: now.Add(p.Lag), apply: func(d *database) { d.apply(h) }})
	p.applyDue(now)
	body, err := json.Marshal(pr.body(h))
	if err != nil {
		panic(err) // always valid
	}
	return Webhook{Event: h.Type, Body: body, UserAgent: pr.UserAgent, Form: pr.Form}
}

// Request builds the POST that sends the webhook to a URL, signed with the secret.
func (w Webhook) Request(ctx context.Context, url, secret string) (*http.Request, error) {
	return w.request(ctx, url, Sign(secret, w.Body, w.Form))
}

// TestRequest builds what the portal's Test Webhook button sends. Its signature is random,
// so it is never valid.
func (w Webhook) TestRequest(ctx context.Context, url string) (*http.Request, error) {
	return w.request(ctx, url, Sign(randomSecret(), w.Body, w.Form))
}

func (w Webhook) request(ctx context.Context, url, signature string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(w.Body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", w.UserAgent)
	req.Header.Set("absorb-signature", signature)
	return req, nil
}
