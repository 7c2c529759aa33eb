package absorb

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// lookupsOf is a template that looks up a person, a course, a group and an
// enrollment, which a list can give.
func lookupsOf(string) []bridge.Lookup {
	direct := func(part string, asks ...string) bridge.Lookup {
		return bridge.Lookup{Part: part, Ways: []bridge.Way{{Asks: asks}}}
	}
	enrollment := direct("enrollment", "userId", "courseId")
	enrollment.Ways = append(enrollment.Ways, bridge.Way{Asks: []string{"userId"}, Choose: &bridge.Choice{Recent: "dateCompleted", IDs: map[string]string{"courseId": "courseId"}}})
	return []bridge.Lookup{direct("user", "userId"), direct("course", "courseId"), direct("group", "groupId"), enrollment}
}

func TestNeeds(t *testing.T) {
	const other = "30000000-0000-4000-a000-000000000009"
	user := `"event":"EnrollmentCompletedByLearner","userId":"` + userID + `"`
	for name, c := range map[string]struct{ body, course, group, overrides string }{
		"lean":              {`{` + user + `}`, "inferred ", "missing ", ""},
		"whole":             {`{` + user + `,"courseId":"c","groupId":"g"}`, "webhook ", "webhook ", ""},
		"no person":         {`{"event":"EnrollmentCompletedByLearner"}`, "missing ", "missing ", ""},
		"by the name":       {`{` + user + `,"groupRef":"` + other + `"}`, "inferred ", "missing groupId: $.groupRef", "groupId: $.groupRef"},
		"a number":          {`{` + user + `,"a":{"b":{"c":{"group_id":77}}}}`, "inferred ", "missing groupId: $.a.b.c.group_id", "groupId: $.a.b.c.group_id"},
		"below a known key": {`{` + user + `,"group":{"reference":{"value":"` + other + `"}}}`, "inferred ", "missing groupId: $.group.reference.value", "groupId: $.group.reference.value"},
		"in a later entry":  {`{` + user + `,"list":[{"a":1},{"b":2},{"courseRef":"` + other + `"}]}`, "inferred courseId: $.list[2].courseRef", "missing ", "courseId: $.list[2].courseRef"},
		"in JSON in a text": {`{` + user + `,"deep":{"er":{"text":"{\"groupKey\":\"` + other + `\"}"}}}`, "inferred ", "missing groupId: $.deep.er.text.groupKey", "groupId: $.deep.er.text.groupKey"},
		"in a pair":         {`{` + user + `,"a":{"b":{"c":[{"key":"groupRef","value":"` + other + `"}]}}}`, "inferred ", `missing groupId: "$.a.b.c[key=groupRef].value"`, `groupId: "$.a.b.c[key=groupRef].value"`},
		"a name of no kind": {`{` + user + `,"ref":"` + other + `"}`, "inferred courseId: $.ref", "missing ", "courseId: $.ref"},
		"of something else": {`{` + user + `,"badgeRef":"` + other + `"}`, "inferred ", "missing ", "badgeId: $.badgeRef"},
		"a part's own id":   {`{` + user + `,"a":{"b":{"course":{"categoryId":"` + other + `"}}}}`, "inferred ", "missing ", "categoryId: $.a.b.course.categoryId"},
		"below the course":  {`{` + user + `,"a":{"b":{"course":{"content":{"guid":"` + other + `"}}}}}`, "inferred courseId: $.a.b.course.content.guid", "missing ", "courseId: $.a.b.course.content.guid"},
		"a second pair":     {`{` + user + `,"a":{"b":{"c":[{"key":"groupRef","value":null},{"key":"groupRef","value":"` + other + `"}]}}}`, "inferred ", "missing groupId: $.a.b.c[1].value", "groupId: $.a.b.c[1].value"},
		"the user's own id": {`{` + user + `,"courseRef":"` + userID + `"}`, "inferred ", "missing ", ""},
		"words are no ids":  {`{` + user + `,"group":"Night shift","courseName":"Fire Safety","paid":"yes","number":3}`, "inferred ", "missing ", ""},
	} {
		d := parser(t, nil).Describe(nil, []byte(c.body), lookupsOf)
		have := map[string]string{}
		for _, n := range d.Needs {
			have[n.Key] = n.From + " " + n.Field
		}
		if len(d.Needs) != 3 || have["courseId"] != c.course || have["groupId"] != c.group || strings.Join(d.Overrides, "\n") != c.overrides {
			t.Errorf("%s: %q, overrides %q; want %q, %q, %q", name, have, d.Overrides, c.course, c.group, c.overrides)
		}
		for _, line := range d.Overrides {
			key, path, _ := strings.Cut(line, ": ")
			events, err := parser(t, Overrides{key: {strings.Trim(path, `"`)}}).Parse([]byte(c.body))
			if err != nil || events[0].Entities[key] == "" {
				t.Errorf("%s: the line %q leads to %v, %v", name, line, events, err)
			}
		}
	}
}

// TestNeedsTellNoData describes bodies whose keys and values are a person's.
func TestNeedsTellNoData(t *testing.T) {
	for _, body := range []string{
		`{"event":"X","data":[{"key":"MiraId","value":"30000000-0000-4000-a000-000000000009"},{"name":"mira@courseId","value":"5"}]}`,
		`{"event":"X","text":"{\"Mira Example\":{\"courseRef\":5}}","list":["{\"a\":\"mira\"}","Mira"]}`,
		`{"event":"X","groupRef":"mira","courseId":{"ref":"mira"}}`,
	} {
		text, err := json.Marshal(parser(t, nil).Describe(nil, []byte(body), lookupsOf))
		if err != nil || strings.Contains(strings.ToLower(string(text)), "mira") || strings.Contains(string(text), "30000000") {
			t.Errorf("%s: %s, %v", body, text, err)
		}
	}
}

func TestCourseKindsStandForEachOther(t *testing.T) {
	lookups := func(string) []bridge.Lookup {
		return []bridge.Lookup{{Part: "course", Ways: []bridge.Way{{Asks: []string{"courseBundleId", "courseId"}}}}}
	}
	for body, want := range map[string]Need{
		`{"event":"CourseBundleDeleted","bundleId":"b"}`:               {"courseBundleId", []string{"course"}, FromWebhook, ""},
		`{"event":"CourseBundleDeleted","courseId":"b"}`:               {"courseBundleId", []string{"course"}, FromWebhook, ""},
		`{"event":"CourseBundleDeleted"}`:                              {"courseBundleId", []string{"course"}, FromNowhere, ""},
		`{"event":"CourseBundleDeleted","courseRef":"` + userID + `"}`: {"courseBundleId", []string{"course"}, FromNowhere, "courseBundleId: $.courseRef"},
	} {
		d := parser(t, nil).Describe(nil, []byte(body), lookups)
		if len(d.Needs) != 1 || d.Needs[0].Key != want.Key || d.Needs[0].From != want.From || d.Needs[0].Field != want.Field || !slices.Equal(d.Needs[0].Parts, want.Parts) {
			t.Errorf("%s: %+v, want %+v", body, d.Needs, want)
		}
	}
}
