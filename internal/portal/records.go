package portal

import (
	"cmp"
	"fmt"
	"maps"
	"time"
)

// addRecords gives the sample learner the records of the sample events: two courses are
// completed, the others not started.
func (d *database) addRecords() {
	at := time.Date(2026, 11, 23, 14, 2, 31, 120_000_000, time.UTC)
	mira := id(kindUser, 1)
	for n := 1; n <= 5; n++ {
		d.enroll(mira, id(kindCourse, n), at.AddDate(0, 0, -10), id(kindEnrollment, n))
	}
	d.complete(mira, id(kindCourse, 1), at)
	d.completeSession(mira, id(kindCourse, 2), id(kindSession, 1), at)
	d.awardCertificate(mira, id(kindCourse, 1), id(kindCertificate, 1), at)
	d.awardCompetency(mira, id(kindCompetency, 1), at)
}

// sessionEnrollments is the collection of people's enrollments in sessions.
const sessionEnrollments = "sessionEnrollments"

func (d *database) enrollment(user, course string) object {
	for _, e := range d.ownedBy("enrollments", "userId", user) {
		if folded(e["courseId"]) == folded(course) {
			return e
		}
	}
	return nil
}

// enroll makes an enrollment unless there is one.
func (d *database) enroll(user, course string, at time.Time, enrollmentID string) {
	u, c := d.byID("users", user), d.byID("courses", course)
	if u == nil || c == nil || d.enrollment(user, course) != nil {
		return
	}
	if enrollmentID == "" {
		enrollmentID = d.newID(kindEnrollment)
	}
	d.add("enrollments", edited(at, object{
		"id": enrollmentID, "courseId": c["id"], "courseName": c["name"], "progress": 0.0, "score": nil, "status": notStarted,
		"dateCompleted": nil, "dateExpires": nil, "fullName": fmt.Sprint(u["firstName"], " ", u["lastName"]), "jobTitle": u["jobTitle"],
		"userId": u["id"], "acceptedTermsAndConditions": false, "timeSpentTicks": 0, "timeSpent": "00:00:00", "dateStarted": nil,
		"enrollmentKeyId": nil, "certificateId": nil, "credits": nil, "isActive": true, "dateDue": stamp(at.AddDate(0, 0, 14)),
	}))
}

// reenroll replaces an older enrollment, or makes the first one.
func (d *database) reenroll(user, course string, at time.Time, enrollmentID string) {
	if e := d.enrollment(user, course); e != nil {
		if added, err := when(text(e["dateAdded"])); err == nil && !at.After(added) {
			return
		}
		d.remove("enrollments", text(e["id"]))
		enrollmentID = cmp.Or(enrollmentID, text(e["id"]))
	}
	d.enroll(user, course, at, enrollmentID)
}

func (d *database) complete(user, course string, at time.Time) {
	e := d.enrollment(user, course)
	if e == nil {
		return
	}
	maps.Copy(e, object{
		"progress": 100.0, "score": 92.5, "status": complete, "dateStarted": stamp(at.Add(-50 * time.Minute)), "dateCompleted": stamp(at),
		"dateExpires": stamp(at.AddDate(1, 0, 0)), "timeSpentTicks": int64(28_500_000_000), "timeSpent": "00:47:30", "credits": 1.5, "dateEdited": stamp(at),
	})
}

// ensureCompleted completes an enrollment that was not completed within the last hour:
// certificates and credits follow a completion.
func (d *database) ensureCompleted(user, course string, at time.Time) {
	d.enroll(user, course, at, "")
	if e := d.enrollment(user, course); e != nil {
		done, err := when(text(e["dateCompleted"]))
		if err != nil || at.Sub(done).Abs() > time.Hour {
			d.complete(user, course, at)
		}
		e["dateEdited"] = stamp(at)
	}
}

// awardCertificate gives a certificate, or renews it.
func (d *database) awardCertificate(user, course, certificate string, at time.Time) {
	d.ensureCompleted(user, course, at)
	e := d.enrollment(user, course)
	if e == nil {
		return
	}
	if certificate == "" {
		certificate = d.newID(kindCertificate)
	}
	d.remove("certificates", certificate)
	e["certificateId"] = certificate
	d.add("certificates", object{
		"id": certificate, "enrollmentId": e["id"], "userId": e["userId"], "fullName": e["fullName"], "courseName": e["courseName"],
		"acquiredDate": stamp(at), "expiryDate": stamp(at.AddDate(1, 0, 0)), "notes": nil,
	})
}

// awardCompetency gives a competency, or renews it.
func (d *database) awardCompetency(user, competency string, at time.Time) {
	if d.byID("users", user) == nil {
		return
	}
	if before := d.byID("competencies", competency); before != nil {
		before["dateAcquired"] = stamp(at)
		return
	}
	if competency == "" {
		competency = d.newID(kindCompetency)
	}
	n := len(d.all("competencies")) % len(competencies())
	d.add("competencies", object{
		"id": competency, "competencyDefinitionId": id(kindDefinition, n+1), "name": competencies()[n], "userId": user,
		"dateAcquired": stamp(at), "dateExpires": nil, "level": nil,
	})
}

// completeSession completes a session of an instructor-led course.
func (d *database) completeSession(user, course, session string, at time.Time) {
	d.ensureCompleted(user, course, at)
	e, s := d.enrollment(user, course), d.byID(sessions, session)
	if e == nil || s == nil {
		return
	}
	for _, before := range d.ownedBy(sessionEnrollments, "courseEnrollmentId", text(e["id"])) {
		if folded(before["sessionId"]) == folded(session) {
			d.remove(sessionEnrollments, text(before["id"]))
			break
		}
	}
	d.add(sessionEnrollments, edited(at, object{
		"id": d.newID(kindSession), "sessionId": s["id"], "courseEnrollmentId": e["id"], "name": s["name"], "userId": e["userId"], "fullName": e["fullName"],
		"status": complete, "progress": 100.0, "score": nil, "timeSpent": "07:30:00", "dateEnrolled": e["dateAdded"],
		"dateStarted": stamp(at.Add(-8 * time.Hour)), "dateCompleted": stamp(at),
	}))
}
