package portal_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const (
	aoife     = "10000000-0000-4000-a000-000000000005" // has no enrollments at first
	spaces    = "20000000-0000-4000-a000-000000000002"
	novembers = "70000000-0000-4000-a000-000000000001" // a session of spaces
)

// entries returns the entries of a list with an envelope.
func (a *asker) entries(path, collection string) (all []map[string]any) {
	a.t.Helper()
	var page map[string]json.RawMessage
	if status := a.into(path, &page); status != 200 {
		a.t.Fatalf("GET %s: %d", path, status)
	}
	if err := json.Unmarshal(page[collection], &all); err != nil {
		a.t.Fatalf("GET %s: %v", path, err)
	}
	return all
}

// Each event that a list can answer is the newest entry of that list, with its date,
// once the API has caught up.
func TestListsShowEvents(t *testing.T) {
	of := func(user, list string) string { return "/users/" + user + "/" + list }
	for _, c := range []struct{ event, user, course, session, path, collection, date, shows, value string }{
		{"EnrollmentCompletedByLearner", aoife, forklifts, "", of(aoife, "enrollments?_filter=status eq 3&_sort=-dateCompleted"), "enrollments", "dateCompleted", "courseId", forklifts},
		{"EnrollmentCompletedByAdmin", mira, forklifts, "", of(mira, "enrollments?_sort=-dateCompleted"), "enrollments", "dateCompleted", "courseId", forklifts},
		{"UserEnrolledInCourseByAdmin", aoife, forklifts, "", of(aoife, "enrollments?_sort=-dateAdded"), "enrollments", "dateAdded", "status", "0"},
		{"UserEnrolledInCourseByLearner", mira, atHeight, "", of(mira, "enrollments?_sort=-dateAdded"), "enrollments", "dateAdded", "courseId", atHeight},
		{"CourseCreditsAwarded", mira, atHeight, "", of(mira, "enrollments?_filter=credits gt 0&_sort=-dateCompleted"), "enrollments", "dateCompleted", "courseId", atHeight},
		{"CertificateAwarded", mira, forklifts, "", of(mira, "certificates?_sort=-acquiredDate"), "certificates", "acquiredDate", "courseName", "Forklift Basics & Beyond"},
		{"CompetencyAwarded", mira, "", "", of(mira, "competencies?_sort=-dateAcquired"), "competencies", "dateAcquired", "userId", mira},
		{"SessionEnrollmentCompleted", aoife, spaces, novembers, of(aoife, "enrollments/"+spaces+"/sessions"), "sessions", "dateCompleted", "sessionId", novembers},
		{"OnlineCourseDeactivated", "", atHeight, "", "/courses?_sort=-dateEdited", "courses", "dateEdited", "activeStatus", "1"},
		{"OnlineCourseActivated", "", atHeight, "", "/courses?_sort=-dateEdited", "courses", "dateEdited", "activeStatus", "0"},
		{"UserCreated", nobody, "", "", "/users?_sort=-dateAdded", "users", "dateAdded", "id", nobody},
	} {
		clock := newClock()
		clock.now = clock.now.AddDate(0, 0, 5)
		p := portal.New(portal.Options{Now: clock.Now, Lag: time.Second})
		a := ask(t, p)
		entities := map[string]string{"courseId": c.course, "sessionId": c.session}
		maps.DeleteFunc(entities, func(_, id string) bool { return id == "" })
		p.Trigger(portal.Event{Type: c.event, User: c.user, Entities: entities}, portal.ArticleProfile())
		newest := func() map[string]any {
			all := a.entries(escaped(t, c.path), c.collection)
			if len(all) == 0 {
				return nil
			}
			return all[0]
		}
		if o := newest(); o != nil && o[c.date] == "2026-11-28T09:00:00" {
			t.Errorf("%s: shown before the lag is over: %v", c.event, o)
		}
		clock.now = clock.now.Add(time.Second)
		if o := newest(); o[c.date] != "2026-11-28T09:00:00" || fmt.Sprint(o[c.shows]) != c.value {
			t.Errorf("%s: the newest is %v", c.event, o)
		}
	}
}

// escaped is a path with its query escaped.
func escaped(t *testing.T, path string) string {
	t.Helper()
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = u.Query().Encode()
	return u.String()
}

// Whatever is created gets an entry with a name and a date; what is deleted answers 404
// from then on, and is in no list.
func TestCreatedAndDeletedResources(t *testing.T) {
	p := portal.New(portal.Options{})
	a := ask(t, p)
	for _, c := range []struct{ collection, created, deleted, key, id string }{
		{"departments", "DepartmentCreated", "DepartmentDeleted", "departmentId", "30000000-0000-4000-a000-0000000000aa"},
		{"groups", "GroupCreated", "GroupDeleted", "groupId", "40000000-0000-4000-a000-0000000000aa"},
	} {
		h := portal.Event{Type: c.created, Entities: map[string]string{c.key: c.id}}
		p.Trigger(h, portal.ArticleProfile())
		if newest := a.entries("/"+c.collection+"?_sort=-dateAdded&_limit=1", c.collection)[0]; newest["id"] != c.id || newest["name"] == "" || newest["dateEdited"] == nil {
			t.Errorf("%s: the newest is %v", c.created, newest)
		}
		h.Type = c.deleted
		p.Trigger(h, portal.ArticleProfile())
		if status := a.status("/" + c.collection + "/" + c.id); status != 404 {
			t.Errorf("%s: %d", c.deleted, status)
		}
		if newest := a.entries("/"+c.collection+"?_sort=-dateAdded&_limit=1", c.collection)[0]; newest["id"] == c.id {
			t.Errorf("%s: it is still in the list", c.deleted)
		}
	}
	for event, path := range map[string]string{
		"CourseBundleDeleted": "/courses/20000000-0000-4000-a000-000000000010", "DepartmentDeleted": "/departments/30000000-0000-4000-a000-000000000007",
		"GroupDeleted": "/groups/40000000-0000-4000-a000-000000000003",
	} {
		if status := a.status(path); status != 200 {
			t.Errorf("before %s: %d", event, status)
		}
		p.Webhook(event, portal.DefaultProfile())
		if status := a.status(path); status != 404 {
			t.Errorf("after %s: %d", event, status)
		}
	}
}

func TestFilters(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	for filter, want := range map[string]int{
		"":                  5,
		"status eq 3":       2,
		"not (status eq 3)": 3,
		"status eq 3 and courseId eq guid'" + atHeight + "'":                                    1,
		"courseId eq guid'" + atHeight + "' or courseId eq guid'" + forklifts + "'":             2,
		"(status eq 0 or status eq 3) and courseId ne guid'" + atHeight + "'":                   4,
		"id eq guid'80000000-0000-4000-a000-000000000005'":                                      1,
		"dateCompleted gt datetime'2026-11-23T14:02:31Z'":                                       2, // .12 of a second later
		"dateCompleted lt datetime'2026-11-23T14:02:31Z'":                                       0, // null is before nothing
		"dateCompleted eq null":                                                                 3,
		"dateCompleted ne null":                                                                 2,
		"progress ge 99.5":                                                                      2,
		"isActive eq true":                                                                      5,
		"substringof('fork', courseName)":                                                       1,
		"startswith(tolower(courseName), 'work')":                                               1,
		"endswith(courseName, 'Space Entry')":                                                   1,
		"courseName eq 'It''s no course'":                                                       0,
		"toupper(courseName) eq 'WORKING AT HEIGHT' and startswith(fullName,'Mira')":            1,
		"dateAdded ge datetime'2026-11-13T14:02:31.12' and dateAdded le '2026-11-13T14:02:32Z'": 5,
	} {
		if all := a.entries("/users/"+mira+"/enrollments?_filter="+url.QueryEscape(filter), "enrollments"); len(all) != want {
			t.Errorf("%s: %d entries, want %d", filter, len(all), want)
		}
	}
	for _, filter := range []string{
		"status", "status eq", "eq 3", "status eq 3 and", "status is 3", "(status eq 3", "status eq 3)", "startswith(courseName)", "not", "status eq 3 status eq 3",
		"courseId eq foo'x'", "tolower(courseName eq 'x'", "substringof('x' courseName)", "status eq %",
	} {
		if status := a.status("/users/" + mira + "/enrollments?_filter=" + url.QueryEscape(filter)); status != 422 {
			t.Errorf("%s: %d, want 422", filter, status)
		}
	}
}

func TestListsSortByTypeOfValue(t *testing.T) {
	p := portal.New(portal.Options{})
	a := ask(t, p)
	var progress []float64
	for _, e := range a.entries("/users/"+mira+"/enrollments?_sort=-progress", "enrollments") {
		progress = append(progress, e["progress"].(float64))
	}
	if !slices.IsSortedFunc(progress, func(a, b float64) int { return int(b - a) }) {
		t.Errorf("down by progress: %v", progress)
	}
	all := a.entries("/users/"+mira+"/enrollments?_sort=dateCompleted,-courseName", "enrollments")
	if all[0]["dateCompleted"] != nil || all[0]["courseName"] != "Safety Starter Bundle" || all[4]["courseName"] != "Confined Space Entry" {
		t.Errorf("nulls are not first, or ties not by name: %v", all)
	}
}

// The article's payload has what the article lists.
func TestTheArticlesPayload(t *testing.T) {
	for _, e := range absorb.Events() {
		p := portal.New(portal.Options{})
		var body map[string]any
		if err := json.Unmarshal(p.Webhook(e.Name, portal.ArticleProfile()).Body, &body); err != nil {
			t.Fatal(err)
		}
		if body["eventName"] != e.Title || body["clientId"] == "" || body["correlationId"] == "" || (body["adminId"] != nil) != e.ByAdmin {
			t.Errorf("%s: %v", e.Name, body)
		}
		for key := range body {
			if !slices.Contains([]string{"eventName", "userId", "adminId", "clientId", "correlationId"}, key) {
				t.Errorf("%s: has %s, too", e.Name, key)
			}
		}
	}
}
