package absorb

import (
	"maps"
	"strings"
	"testing"
)

// TestSpellings parses ids under the keys that webhooks may use besides the usual.
func TestSpellings(t *testing.T) {
	course := map[string]string{"courseId": "c"}
	for body, want := range map[string]map[string]string{
		`{"event":"OnlineCourseActivated","onlineCourseId":"c"}`:                                              course,
		`{"event":"OnlineCourseActivated","ONLINE_COURSE_ID":"c"}`:                                            course,
		`{"event":"OnlineCourseActivated","onlineCourse":{"id":"c"}}`:                                         course,
		`{"event":"OnlineCourseActivated","courseGuid":"c"}`:                                                  course,
		`{"event":"OnlineCourseActivated","course":{"guid":"c"}}`:                                             course,
		`{"event":"OnlineCourseActivated","courses":[{"id":"c"}]}`:                                            course,
		`{"event":"InstructorLedCourseActivated","instructorLedCourseId":"c"}`:                                course,
		`{"event":"OnlineCourseActivated","resource":{"id":"c"}}`:                                             course,
		`{"event":"InstructorLedCourseDeactivated","targetId":"c"}`:                                           course,
		`{"event":"X","entityType":"Course","entityId":"c"}`:                                                  course,
		`{"event":"X","entity":"Online Course","entityID":"c"}`:                                               course,
		`{"event":"X","resource":{"type":"courses","id":"c"}}`:                                                course,
		`{"event":"X","data":{"objectKind":"ILT","objectId":"c"}}`:                                            course,
		`{"event":"CourseBundleDeleted","bundleId":"c"}`:                                                      {"courseId": "c", "courseBundleId": "c"},
		`{"event":"CourseBundleDeleted","entityId":"c"}`:                                                      {"courseId": "c", "courseBundleId": "c"},
		`{"event":"CurriculumActivated","entityid":"c"}`:                                                      {"courseId": "c", "curriculumId": "c"},
		`{"event":"CurriculumActivated","item":{"kind":"Curricula","id":"c"}}`:                                {"courseId": "c", "curriculumId": "c"},
		`{"event":"EnrollmentCompletedByLearner","courseId":"c","curriculumId":"d"}`:                          {"courseId": "c", "curriculumId": "d"},
		`{"event":"EnrollmentCompletedByLearner","objectId":"e"}`:                                             {"enrollmentId": "e"},
		`{"event":"EnrollmentCompletedByLearner","courseEnrollmentId":"e"}`:                                   {"enrollmentId": "e"},
		`{"event":"DepartmentCreated","entityId":"d"}`:                                                        {"departmentId": "d"},
		`{"event":"CompetencyAwarded","resource":{"type":"Competencies","id":"d"}}`:                           {"competencyId": "d"},
		`{"event":"OnlineCourseActivated","courseId":"c","onlineCourseId":"other"}`:                           {"courseId": "c", "onlineCourseId": "other"},
		`{"event":"OnlineCourseActivated","courseId":"c","entityId":"other"}`:                                 {"courseId": "c", "entityId": "other"},
		`{"event":"OnlineCourseActivated","courseId":"c","entityId":"c"}`:                                     course,
		`{"event":"OnlineCourseActivated","entityType":"Badge","entityId":"b"}`:                               {"entityId": "b"},
		`{"event":"SomethingNew","entityId":"b","entity":"object","widgetid":"` + userID + `","paid":"yes"}`:  {"entityId": "b", "widgetId": userID},
		`{"event":"X","data":[{"key":"courseId","value":"c"},{"name":"GroupId","value":7}]}`:                  {"courseId": "c", "groupId": "7"},
		`{"event":"X","parameters":[{"Name":"entityType","Value":"Course"},{"Name":"entityId","Value":"c"}]}`: course,
		`{"event":"OnlineCourseActivated","data":"{\"courseId\":\"c\",\"deep\":\"{\\\"groupId\\\":1}\"}"}`:    course,
		`{"event":"X","data":"[{\"key\":\"courseId\",\"value\":\"c\"}]"}`:                                     course,
		`{"event":"X","courses":[{"id":"c"},{"id":"d"}]}`:                                                     {},
		`{"event":"X","a":{"b":{"courseId":"c"}}}`:                                                            course,
		`{"event":"X","a":{"b":{"c":{"courseId":"c"}}}}`:                                                      {},
		`{"event":"GroupMessageSent","entityId":"c"}`:                                                         {"entityId": "c"},
		`{"event":"X","curriculumId":"c","courseBundleId":"d"}`:                                               {"curriculumId": "c", "courseBundleId": "d"},
		`{"event":"X","userId":"u","entityType":"User","entityId":"v"}`:                                       {"entityId": "v"},
	} {
		events, err := parser(t, nil).Parse([]byte(body))
		if err != nil || !maps.Equal(events[0].Entities, want) {
			t.Errorf("%s: %v, %v; want %v", body, events[0].Entities, err, want)
		}
	}
}

func TestPersonAsEntity(t *testing.T) {
	for _, body := range []string{
		`{"event":"UserCreated","entityId":"u"}`, `{"event":"X","resource":{"type":"User","id":"u"}}`, `{"event":"X","userGuid":"u"}`,
		`{"data":[{"key":"event","value":"X"},{"name":"UserId","value":"u"}]}`,
	} {
		events, err := parser(t, nil).Parse([]byte(body))
		if err != nil || events[0].UserID != "u" || len(events[0].Entities) != 0 {
			t.Errorf("%s: %+v, %v", body, events[0], err)
		}
	}
}

func TestPathsThroughListsAndTexts(t *testing.T) {
	body := []byte(`{"event":"X","a ] key":"f","data":[{"k":"a","n":1},{"k":"the course","n":"c"},{"k":"the ] end","n":"e"},{"k":"7","list":"[\"x\",{\"in\":\"{\\\"y\\\":1}\"}]"}]}`)
	for path, want := range map[string]string{
		"$.data[k=the course].n":      "c",
		"$.data[k='the course'].n":    "c",
		`data[ k == "the course" ].n`: "c",
		"$.data[n=1].k":               "a",
		"$.data[k=7].list[0]":         "x",
		"$.data[k=7].list[1].in.y":    "", // one level of texts
		"$.data[k=none].n":            "",
		"$.event[k=a].n":              "",
		`$.data[k="the ] end"].n`:     "e",
		"$['a ] key']":                "f",
	} {
		events, err := parser(t, Overrides{"thingId": {path}}).Parse(body)
		if err != nil || events[0].Entities["thingId"] != want {
			t.Errorf("%s: %q, %v; want %q", path, events[0].Entities["thingId"], err, want)
		}
	}
}

// TestFieldKey gives paths under the names that an admin may write for a value.
func TestFieldKey(t *testing.T) {
	for name, want := range map[string]string{
		"userId": "user", "learner": "user", "UserID": "user", "user_guid": "user", "adminId": "admin", "clientId": "client",
		"correlationId": "correlation", "eventName": "event", "timestamp": "time", "courseID": "courseId", "course_id": "courseId",
		"onlineCourseId": "courseId", "bundleId": "courseBundleId", "entityId": "entityId", "badgeId": "badgeId", "Badge-Id": "Badge-Id", "name": "name",
	} {
		if got := FieldKey(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	events, err := parser(t, Overrides{"userId": {"$.who"}, "COURSE_ID": {"$.what"}}).Parse([]byte(`{"event":"X","who":"u","what":"c"}`))
	if err != nil || events[0].UserID != "u" || !maps.Equal(events[0].Entities, map[string]string{"courseId": "c"}) {
		t.Errorf("%+v, %v", events[0], err)
	}
	if _, err := NewParser(Overrides{"userId": {"$["}}); err == nil || !strings.HasPrefix(err.Error(), "userId: ") {
		t.Errorf("the error does not name the key as written: %v", err)
	}
}

func TestDeepTexts(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if decodeText(nested(maxDepth)) == nil || decodeText(nested(maxDepth+1)) != nil {
		t.Error("the depth of a text that is JSON is not bounded like a body's")
	}
}

func TestNamesOfCodes(t *testing.T) {
	codes := map[string]string{"17": "CertificateAwarded", "E-18": "user created"}
	for body, want := range map[string]string{
		`{"event":17}`:                        "CertificateAwarded",
		`{"eventType":"17","type":"webhook"}`: "CertificateAwarded",
		`{"eventId":"e18"}`:                   "UserCreated",
		`{"event":{"type":17}}`:               "CertificateAwarded",
		`{"event":"GroupCreated","type":17}`:  "GroupCreated",
		`{"course":{"type":17}}`:              UnknownEvent,
		`{"event":99}`:                        UnknownEvent,
		`{"event":"99"}`:                      "99",
	} {
		events, err := parser(t, nil).Naming(codes).Parse([]byte(body))
		if err != nil || events[0].Type != want {
			t.Errorf("%s: %s, %v; want %s", body, events[0].Type, err, want)
		}
	}
	p := parser(t, Overrides{"event": {"$.code"}}).Naming(codes)
	if events, err := p.Parse([]byte(`{"code":17,"event":"Wrong"}`)); err != nil || events[0].Type != "CertificateAwarded" {
		t.Errorf("%+v, %v", events, err)
	}
}
