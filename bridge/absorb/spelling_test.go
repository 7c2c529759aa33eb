package absorb

import (
	"maps"
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
	body := []byte(`{"event":"X","data":[{"k":"a","n":1},{"k":"the course","n":"c"},{"k":"7","list":"[\"x\",{\"in\":\"{\\\"y\\\":1}\"}]"}]}`)
	for path, want := range map[string]string{
		"$.data[k=the course].n":      "c",
		"$.data[k='the course'].n":    "c",
		`data[ k == "the course" ].n`: "c",
		"$.data[n=1].k":               "a",
		"$.data[k=7].list[0]":         "x",
		"$.data[k=7].list[1].in.y":    "", // one level of texts
		"$.data[k=none].n":            "",
		"$.event[k=a].n":              "",
	} {
		events, err := parser(t, Overrides{"thingId": {path}}).Parse(body)
		if err != nil || events[0].Entities["thingId"] != want {
			t.Errorf("%s: %q, %v; want %q", path, events[0].Entities["thingId"], err, want)
		}
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
