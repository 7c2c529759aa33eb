package portal

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// object is a resource as the API writes it.
type object = map[string]any

// The kinds of ids, by their first two digits.
const (
	kindUser, kindCourse, kindDepartment, kindGroup, kindCertificate      = "10", "20", "30", "40", "50"
	kindCompetency, kindSession, kindEnrollment, kindPath, kindAssessment = "60", "70", "80", "90", "a0"
	kindCategory, kindClient, kindRole, kindDefinition, kindCorrelation   = "b0", "c0", "d0", "e0", "f0"
)

// world is what the portal knows.
type world struct {
	things map[string][]object // by collection, such as "users"
}

// Enrollment statuses of Absorb's API that the emulation uses.
const (
	notStarted = 0
	inProgress = 1
	complete   = 3
)

// began is when the made-up company began to use its portal.
var began = time.Date(2023, 1, 9, 10, 0, 0, 0, time.UTC)

func newWorld(random *rand.Rand) *world {
	w := &world{things: map[string][]object{}}
	w.addPlaces()
	w.addPeople(random)
	w.addCourses()
	w.addRecords()
	return w
}

func (w *world) add(collection string, o object) {
	w.things[collection] = append(w.things[collection], o)
}

func (w *world) find(collection string, match func(object) bool) object {
	if i := slices.IndexFunc(w.things[collection], match); i >= 0 {
		return w.things[collection][i]
	}
	return nil
}

func (w *world) byID(collection, id string) object {
	return w.find(collection, func(o object) bool { return strings.EqualFold(fmt.Sprint(o["id"]), id) })
}

func (w *world) remove(collection, id string) {
	w.things[collection] = slices.DeleteFunc(w.things[collection], func(o object) bool { return o["id"] == id })
}

// of gives the objects of a collection that belong to a user.
func (w *world) of(collection, key, id string) []object {
	var all []object
	for _, o := range w.things[collection] {
		if strings.EqualFold(fmt.Sprint(o[key]), id) {
			all = append(all, o)
		}
	}
	return all
}

// stamp writes a time as Absorb does: without a zone, with as many digits as it
// happens to have.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999") }

func edited(t time.Time, o object) object {
	o["dateEdited"], o["dateAdded"] = stamp(t), stamp(t)
	return o
}

func (w *world) addPlaces() {
	w.add("departments", edited(began, object{"id": id(kindDepartment, 1), "name": "Nordhavn Maritime", "parentId": nil, "companyName": "Nordhavn Maritime AS", "emailAddress": nil, "phoneNumber": nil, "externalId": nil, "useDepartmentContactDetails": false}))
	for i, name := range []string{"Quay & Cranes", "Fleet Operations", "Human Resources", "Research <Lab>", "Cafeteria"} {
		w.add("departments", edited(began, object{"id": id(kindDepartment, i+2), "name": name, "parentId": id(kindDepartment, 1), "companyName": nil, "emailAddress": nil, "phoneNumber": nil, "externalId": strings.ToLower(name[:3]), "useDepartmentContactDetails": false}))
	}
	for i, name := range []string{"Health & Safety", "Seamanship", "Leadership"} {
		w.add("categories", object{"id": id(kindCategory, i+1), "parentId": nil, "name": name, "description": nil})
	}
	for i, name := range []string{"System Admin", "Course Manager"} {
		w.add("roles", edited(began, object{"id": id(kindRole, i+1), "name": name, "description": nil}))
	}
	night := []any{id(kindUser, 1), id(kindUser, 4)}
	w.add("groups", edited(began, object{"id": id(kindGroup, 1), "name": "Night shift", "isAutomatic": true, "userIds": night}))
	crowd := make([]any, 50_000) // a real portal's largest groups; the last id is empty
	for i := range crowd {
		crowd[i] = id(kindUser, 100_000+i)
	}
	crowd[len(crowd)-1] = zeroID
	w.add("groups", edited(began, object{"id": id(kindGroup, 2), "name": "Everybody ashore", "isAutomatic": true, "userIds": crowd}))
}

func (w *world) addPeople(random *rand.Rand) {
	for i, name := range people() {
		first, last, _ := strings.Cut(name, "|")
		n := i + 1
		w.add("users", user(n, first, last, jobs()[i%len(jobs())], id(kindDepartment, 2+random.IntN(5))))
	}
	for n, roles := range map[int]object{2: {"isAdmin": true, "roleIds": []any{id(kindRole, 1)}}, 3: {"isInstructor": true}, 4: {"isManager": true}} {
		maps.Copy(w.byID("users", id(kindUser, n)), roles)
	}
	w.byID("users", id(kindUser, 1))["departmentId"] = id(kindDepartment, 2)
}

func user(n int, first, last, job, department string) object {
	custom := object{}
	for kind, count := range map[string]int{"decimal": 5, "string": 30, "datetime": 5, "bool": 5} {
		for i := range count {
			custom[fmt.Sprint(kind, i+1)] = nil
		}
	}
	login := fmt.Sprintf("person.%d", n)
	return edited(began.AddDate(0, n%40, n), object{
		"id": id(kindUser, n), "departmentId": department, "firstName": first, "middleName": nil, "lastName": last,
		"username": login, "emailAddress": login + "@example.com", "externalId": fmt.Sprint("hr-", 1000+n), "ccEmailAddresses": []any{},
		"languageId": 1, "gender": 0, "address": nil, "city": nil, "countryId": nil, "phone": nil,
		"employeeNumber": fmt.Sprint("NM-", 1000+n), "location": "Terminal " + fmt.Sprint(1+n%3), "jobTitle": job,
		"dateHired": stamp(began.AddDate(0, n%40, 0)), "dateTerminated": nil, "notes": nil, "customFields": custom,
		"roleIds": []any{}, "activeStatus": 0, "isLearner": true, "isAdmin": false, "isInstructor": false, "isManager": false,
		"supervisorId": id(kindUser, 4), "hasUsername": true,
	})
}

// found makes what an event tells of as new: a person, a department or a group.
func (w *world) found(collection, thing string, at time.Time) {
	if thing == "" || w.byID(collection, thing) != nil {
		return
	}
	n := len(w.things[collection]) + 1
	var o object
	switch collection {
	case "users":
		o = user(n, "Person", fmt.Sprint(n), jobs()[n%len(jobs())], id(kindDepartment, 2))
		o["id"] = thing
	case "departments":
		o = object{"id": thing, "name": fmt.Sprint("Department ", n), "parentId": id(kindDepartment, 1), "companyName": nil, "emailAddress": nil, "phoneNumber": nil, "externalId": nil}
	default:
		o = object{"id": thing, "name": fmt.Sprint("Group ", n), "isAutomatic": false, "userIds": []any{}}
	}
	w.add(collection, edited(at, o))
}

func (w *world) addCourses() {
	for i, c := range courses() {
		w.add("courses", edited(began.AddDate(0, i, 0), object{
			"id": id(kindCourse, i+1), "courseType": c.kind, "name": c.name, "description": c.description, "notes": nil, "externalId": nil,
			"accessDate": nil, "expireType": i % 3, "expireDuration": object{"years": 1, "months": nil, "days": nil, "hours": nil}, "expiryDate": nil, "activeStatus": 0, "tagIds": []any{},
			"competencyDefinitionIds": []any{}, "prerequisiteCourseIds": []any{}, "categoryId": id(kindCategory, 1+i%3),
			"certificateUrl": nil, "audience": nil, "goals": nil, "vendor": nil, "learnerTime": 45.0,
		}))
	}
	w.add("instructor-led-course-sessions", edited(began, object{
		"id": id(kindSession, 1), "name": "Confined Space Entry, November", "description": nil, "courseId": id(kindCourse, 2), "externalId": nil,
		"instructorIds": []any{id(kindUser, 3)}, "sessionScheduleIds": []any{id(kindSession, 0x101)},
		"schedules": []any{object{"id": id(kindSession, 0x101), "venueName": "Training Centre, Dock 4", "dateStart": "2026-11-23T08:00:00", "dateEnd": "2026-11-23T15:30:00", "timeZoneId": 4,
			"meetingId": "911-made-up", "meetingPassword": "never-show-this"}},
		"enrollmentStartDate": stamp(began), "enrollmentEndDate": nil, "minimumClassSize": 4, "maximumClassSize": 12,
	}))
}

// addRecords gives the sample learner what the sample events are about: two
// courses are completed, the others not yet begun.
func (w *world) addRecords() {
	at := time.Date(2026, 11, 23, 14, 2, 31, 120_000_000, time.UTC)
	mira := id(kindUser, 1)
	for n := 1; n <= 5; n++ {
		w.enroll(mira, id(kindCourse, n), at.AddDate(0, 0, -10), id(kindEnrollment, n))
	}
	w.complete(mira, id(kindCourse, 1), at)
	w.complete(mira, id(kindCourse, 2), at)
	w.award(mira, id(kindCourse, 1), id(kindCertificate, 1), at)
	w.qualify(mira, id(kindCompetency, 1), "Safe at height", at)
}

func (w *world) enrollment(user, course string) object {
	return w.find("enrollments", func(o object) bool { return o["userId"] == user && o["courseId"] == course })
}

// enroll makes an enrollment unless there is one.
func (w *world) enroll(user, course string, at time.Time, enrollmentID string) {
	u, c := w.byID("users", user), w.byID("courses", course)
	if u == nil || c == nil || w.enrollment(user, course) != nil {
		return
	}
	w.add("enrollments", edited(at, object{
		"id": enrollmentID, "courseId": course, "courseName": c["name"], "progress": 0.0, "score": nil, "status": notStarted,
		"dateCompleted": nil, "dateExpires": nil, "fullName": fmt.Sprint(u["firstName"], " ", u["lastName"]), "jobTitle": u["jobTitle"],
		"userId": user, "acceptedTermsAndConditions": false, "timeSpentTicks": 0, "timeSpent": "00:00:00", "dateStarted": nil,
		"enrollmentKeyId": nil, "certificateId": nil, "credits": nil, "isActive": true, "dateDue": stamp(at.AddDate(0, 0, 14)),
	}))
}

func (w *world) complete(user, course string, at time.Time) {
	e := w.enrollment(user, course)
	if e == nil {
		return
	}
	maps.Copy(e, object{
		"progress": 100.0, "score": 92.5, "status": complete, "dateStarted": stamp(at.Add(-50 * time.Minute)), "dateCompleted": stamp(at),
		"dateExpires": stamp(at.AddDate(1, 0, 0)), "timeSpentTicks": 28_500_000_000, "timeSpent": "00:47:30", "credits": 1.5, "dateEdited": stamp(at),
	})
}

func (w *world) award(user, course, certificate string, at time.Time) {
	e := w.enrollment(user, course)
	if e == nil || w.byID("certificates", certificate) != nil {
		return
	}
	e["certificateId"], e["dateEdited"] = certificate, stamp(at)
	w.add("certificates", object{
		"id": certificate, "enrollmentId": e["id"], "userId": user, "fullName": e["fullName"], "courseName": e["courseName"],
		"acquiredDate": stamp(at), "expiryDate": stamp(at.AddDate(1, 0, 0)), "notes": nil,
	})
}

func (w *world) qualify(user, competency, name string, at time.Time) {
	if w.byID("competencies", competency) != nil {
		return
	}
	w.add("competencies", object{
		"id": competency, "competencyDefinitionId": id(kindDefinition, 1), "name": name, "userId": user,
		"dateAcquired": stamp(at), "dateExpires": nil, "level": nil,
	})
}
