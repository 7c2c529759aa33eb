package portal

import (
	"cmp"
	"fmt"
	"maps"
	"time"
)

// addRecords gives the sample learner what the sample events are about: two
// courses are completed, the others not yet begun.
func (w *world) addRecords() {
	at := time.Date(2026, 11, 23, 14, 2, 31, 120_000_000, time.UTC)
	mira := id(kindUser, 1)
	for n := 1; n <= 5; n++ {
		w.enroll(mira, id(kindCourse, n), at.AddDate(0, 0, -10), id(kindEnrollment, n))
	}
	w.complete(mira, id(kindCourse, 1), at)
	w.attend(mira, id(kindCourse, 2), id(kindSession, 1), at)
	w.award(mira, id(kindCourse, 1), id(kindCertificate, 1), at)
	w.qualify(mira, id(kindCompetency, 1), at)
}

// sessionEnrollments is the collection of who took part in which session.
const sessionEnrollments = "sessionEnrollments"

func (w *world) enrollment(user, course string) object {
	for _, e := range w.of("enrollments", "userId", user) {
		if folded(e["courseId"]) == folded(course) {
			return e
		}
	}
	return nil
}

// enroll makes an enrollment unless there is one.
func (w *world) enroll(user, course string, at time.Time, enrollmentID string) {
	u, c := w.byID("users", user), w.byID("courses", course)
	if u == nil || c == nil || w.enrollment(user, course) != nil {
		return
	}
	if enrollmentID == "" {
		enrollmentID = w.newID(kindEnrollment)
	}
	w.add("enrollments", edited(at, object{
		"id": enrollmentID, "courseId": c["id"], "courseName": c["name"], "progress": 0.0, "score": nil, "status": notStarted,
		"dateCompleted": nil, "dateExpires": nil, "fullName": fmt.Sprint(u["firstName"], " ", u["lastName"]), "jobTitle": u["jobTitle"],
		"userId": u["id"], "acceptedTermsAndConditions": false, "timeSpentTicks": 0, "timeSpent": "00:00:00", "dateStarted": nil,
		"enrollmentKeyId": nil, "certificateId": nil, "credits": nil, "isActive": true, "dateDue": stamp(at.AddDate(0, 0, 14)),
	}))
}

// enrollAnew makes an enrollment in the place of an older one.
func (w *world) enrollAnew(user, course string, at time.Time, enrollmentID string) {
	if e := w.enrollment(user, course); e != nil {
		if added, err := when(text(e["dateAdded"])); err == nil && !at.After(added) {
			return
		}
		w.remove("enrollments", text(e["id"]))
		enrollmentID = cmp.Or(enrollmentID, text(e["id"]))
	}
	w.enroll(user, course, at, enrollmentID)
}

func (w *world) complete(user, course string, at time.Time) {
	e := w.enrollment(user, course)
	if e == nil {
		return
	}
	maps.Copy(e, object{
		"progress": 100.0, "score": 92.5, "status": complete, "dateStarted": stamp(at.Add(-50 * time.Minute)), "dateCompleted": stamp(at),
		"dateExpires": stamp(at.AddDate(1, 0, 0)), "timeSpentTicks": int64(28_500_000_000), "timeSpent": "00:47:30", "credits": 1.5, "dateEdited": stamp(at),
	})
}

// completed completes an enrollment unless that has just happened: certificates and
// credits come of a completion.
func (w *world) completed(user, course string, at time.Time) {
	w.enroll(user, course, at, "")
	if e := w.enrollment(user, course); e != nil {
		done, err := when(text(e["dateCompleted"]))
		if err != nil || at.Sub(done).Abs() > time.Hour {
			w.complete(user, course, at)
		}
		e["dateEdited"] = stamp(at)
	}
}

// award gives a certificate, or renews it.
func (w *world) award(user, course, certificate string, at time.Time) {
	w.completed(user, course, at)
	e := w.enrollment(user, course)
	if e == nil {
		return
	}
	if certificate == "" {
		certificate = w.newID(kindCertificate)
	}
	w.remove("certificates", certificate)
	e["certificateId"] = certificate
	w.add("certificates", object{
		"id": certificate, "enrollmentId": e["id"], "userId": e["userId"], "fullName": e["fullName"], "courseName": e["courseName"],
		"acquiredDate": stamp(at), "expiryDate": stamp(at.AddDate(1, 0, 0)), "notes": nil,
	})
}

// qualify gives a competency, or gives it once more.
func (w *world) qualify(user, competency string, at time.Time) {
	if w.byID("users", user) == nil {
		return
	}
	if before := w.byID("competencies", competency); before != nil {
		before["dateAcquired"] = stamp(at)
		return
	}
	if competency == "" {
		competency = w.newID(kindCompetency)
	}
	n := len(w.all("competencies")) % len(competencies())
	w.add("competencies", object{
		"id": competency, "competencyDefinitionId": id(kindDefinition, n+1), "name": competencies()[n], "userId": user,
		"dateAcquired": stamp(at), "dateExpires": nil, "level": nil,
	})
}

// attend completes a session of an instructor-led course.
func (w *world) attend(user, course, session string, at time.Time) {
	w.completed(user, course, at)
	e, s := w.enrollment(user, course), w.byID(sessions, session)
	if e == nil || s == nil {
		return
	}
	for _, before := range w.of(sessionEnrollments, "courseEnrollmentId", text(e["id"])) {
		if folded(before["sessionId"]) == folded(session) {
			w.remove(sessionEnrollments, text(before["id"]))
			break
		}
	}
	w.add(sessionEnrollments, edited(at, object{
		"id": w.newID(kindSession), "sessionId": s["id"], "courseEnrollmentId": e["id"], "name": s["name"], "userId": e["userId"], "fullName": e["fullName"],
		"status": complete, "progress": 100.0, "score": nil, "timeSpent": "07:30:00", "dateEnrolled": e["dateAdded"],
		"dateStarted": stamp(at.Add(-8 * time.Hour)), "dateCompleted": stamp(at),
	}))
}
