package portal

import (
	"fmt"
	"maps"
	"math/rand/v2"
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

// database is the portal's data, in memory.
type database struct {
	tables  map[string]*table // by collection, such as "users"
	created map[string]int    // how many things were created after the start, by collection
	lastID  int               // number of the last id that the database chose
}

// Enrollment statuses of Absorb's API that the emulation uses.
const (
	notStarted = 0
	inProgress = 1
	complete   = 3
)

// sessions is the collection of sessions of instructor-led courses.
const sessions = "instructor-led-course-sessions"

// began is when the fictional company began to use its portal.
var began = time.Date(2023, 1, 9, 10, 0, 0, 0, time.UTC)

func newDatabase(random *rand.Rand) *database {
	d := &database{tables: map[string]*table{}, created: map[string]int{}}
	d.addOrganization()
	d.addPeople(random)
	d.addCourses()
	d.addRecords()
	return d
}

// stamp writes a time as Absorb does: without a zone, with as many digits as it
// happens to have.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999") }

func edited(t time.Time, o object) object {
	o["dateEdited"], o["dateAdded"] = stamp(t), stamp(t)
	return o
}

func (d *database) addOrganization() {
	d.add("departments", edited(began, object{"id": id(kindDepartment, 1), "name": "Nordhavn Maritime", "parentId": nil, "companyName": "Nordhavn Maritime AS", "emailAddress": nil, "phoneNumber": nil, "externalId": nil, "useDepartmentContactDetails": false}))
	for i, name := range []string{"Quay & Cranes", "Fleet Operations", "Human Resources", "Research <Lab>", "Cafeteria", "Old Pier"} {
		d.add("departments", edited(began, object{"id": id(kindDepartment, i+2), "name": name, "parentId": id(kindDepartment, 1), "companyName": nil, "emailAddress": nil, "phoneNumber": nil, "externalId": strings.ToLower(name[:3]), "useDepartmentContactDetails": false}))
	}
	for i, name := range []string{"Health & Safety", "Seamanship", "Leadership"} {
		d.add("categories", object{"id": id(kindCategory, i+1), "parentId": nil, "name": name, "description": nil})
	}
	for i, name := range []string{"System Admin", "Course Manager"} {
		d.add("roles", edited(began, object{"id": id(kindRole, i+1), "name": name, "description": nil}))
	}
	night := []any{id(kindUser, 1), id(kindUser, 4)}
	d.add("groups", edited(began, object{"id": id(kindGroup, 1), "name": "Night shift", "isAutomatic": true, "userIds": night}))
	crowd := make([]any, 50_000) // a real portal's largest groups; the last id is empty
	for i := range crowd {
		crowd[i] = id(kindUser, 100_000+i)
	}
	crowd[len(crowd)-1] = zeroID
	d.add("groups", edited(began, object{"id": id(kindGroup, 2), "name": "Everybody ashore", "isAutomatic": true, "userIds": crowd}))
	d.add("groups", edited(began, object{"id": id(kindGroup, 3), "name": "Summer hands", "isAutomatic": false, "userIds": []any{}}))
}

func (d *database) addPeople(random *rand.Rand) {
	for i, name := range people() {
		first, last, _ := strings.Cut(name, "|")
		n := i + 1
		d.add("users", user(n, first, last, jobs()[i%len(jobs())], id(kindDepartment, 2+random.IntN(5))))
	}
	for n, roles := range map[int]object{2: {"isAdmin": true, "roleIds": []any{id(kindRole, 1)}}, 3: {"isInstructor": true}, 4: {"isManager": true}} {
		maps.Copy(d.byID("users", id(kindUser, n)), roles)
	}
	d.byID("users", id(kindUser, 1))["departmentId"] = id(kindDepartment, 2)
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

func (d *database) addCourses() {
	for i, c := range courses() {
		d.add("courses", course(i+1, c))
	}
	d.add("courses", course(len(courses())+1, sampleCourse{"CourseBundle", "Last Year's Bundle", ""}))
	for n, course := range []int{2, 9, 10} {
		d.addSession(n+1, course)
	}
}

func course(n int, c sampleCourse) object {
	return edited(began.AddDate(0, n-1, 0), object{
		"id": id(kindCourse, n), "courseType": c.kind, "name": c.name, "description": c.description, "notes": nil, "externalId": nil,
		"accessDate": nil, "expireType": (n - 1) % 3, "expireDuration": object{"years": 1, "months": nil, "days": nil, "hours": nil}, "expiryDate": nil, "activeStatus": 0, "tagIds": []any{},
		"competencyDefinitionIds": []any{}, "prerequisiteCourseIds": []any{}, "categoryId": id(kindCategory, 1+(n-1)%3),
		"certificateUrl": nil, "audience": nil, "goals": nil, "vendor": nil, "learnerTime": 45.0,
	})
}

// addSession adds the n-th session, of an instructor-led course.
func (d *database) addSession(n, course int) {
	session, schedule := id(kindSession, n), id(kindSession, 0x100+n)
	meeting := object{
		"id": schedule, "venueName": fmt.Sprint("Training Centre, Dock ", 3+n), "dateStart": "2026-11-23T08:00:00", "dateEnd": "2026-11-23T15:30:00", "timeZoneId": 4,
		"meetingId": "911-made-up", "meetingPassword": "never-show-this",
	}
	d.add(sessions, edited(began, object{
		"id": session, "name": fmt.Sprint(d.byID("courses", id(kindCourse, course))["name"], ", November"), "description": nil, "courseId": id(kindCourse, course), "externalId": nil,
		"instructorIds": []any{id(kindUser, 3)}, "sessionScheduleIds": []any{schedule}, "schedules": []any{meeting},
		"enrollmentStartDate": stamp(began), "enrollmentEndDate": nil, "minimumClassSize": 4, "maximumClassSize": 12,
	}))
	meeting = maps.Clone(meeting)
	meeting["sessionId"] = session
	d.add("schedules", meeting)
}
