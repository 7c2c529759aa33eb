package condition

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// schema knows the built-in templates' lookups, and one of an admin's own.
func schema(t testing.TB) Schema {
	t.Helper()
	set, err := render.Load(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lookups := set.Template("SomethingNew").Lookups()
	for _, event := range set.Events() {
		lookups = append(lookups, set.Template(event).Lookups()...)
	}
	return NewSchema(append(lookups, bridge.Lookup{Part: "extras", Resource: "/x/*"}, bridge.Lookup{Part: "supervisor", Resource: "/users/*"}))
}

const answers = `{
 "event": {"type": "EnrollmentCompletedByLearner", "userId": "u1", "sessionId": "s1", "body": {"score": "79", "n": 3, "long": 9007199254740993, "huge": 123456789012345678901234567890, "day": "2026-11-23", "flag": true, "tags": ["a", 2]}},
 "source": "production",
 "course": {"id": "c1", "name": "Fire Safety", "courseType": "OnlineCourse", "activeStatus": 0, "tagIds": ["t1", "t2"], "categoryId": null},
 "enrollment": {"score": 79.5, "status": 3, "progress": 100.0, "timeSpent": "02:30:00", "dateCompleted": "2026-11-23T14:02:31.12", "dateDue": "0001-01-01T00:00:00"},
 "user": {"firstName": "Mira", "lastName": "Halvorsen", "username": "mira", "isLearner": true, "customFields": {"string1": "North", "decimal1": 12345678901234567890}},
 "competencies": {"totalItems": 2, "competencies": [{"name": "Ropes", "level": 2}, {"name": "Ladders", "level": null}]},
 "extras": [1, 2, 3]
}`

func facts(t testing.TB, text string) bridge.Facts {
	t.Helper()
	var f bridge.Facts
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestHolds(t *testing.T) {
	s, f := schema(t), facts(t, answers)
	for _, test := range []struct {
		expression  string
		full, empty bool // with the answers, and when nothing is known
	}{
		{`course.name contains "Safety" && (enrollment.score ?? 100) < 80`, true, false},
		{`course.name contains "safety"`, false, false},
		{`lower(course.name) contains "safety"`, true, false},
		{`course.name matches "(?i)^fire"`, true, false},
		{`like(course.name, "*SAFETY*")`, true, false},
		{`like(course.name, "fire?safety")`, true, false},
		{`like(course.name, "fire")`, false, false},
		{`not (course.name contains "x")`, true, true},
		{`course.name not contains "x"`, true, true},
		{`course.name startsWith "Fire" and course.name endsWith "y"`, true, false},
		{`enrollment.status == 3`, true, false},
		{`enrollment.status != 3`, false, true},
		{`enrollment.status in [3, 5]`, true, false},
		{`enrollment.status not in [3, 5]`, false, true},
		{`status(enrollment) == "complete"`, true, false},
		{`enrollment.score >= 79.5`, true, false},
		{`enrollment.score < 80 or enrollment.score >= 80`, true, false},
		{`(enrollment.score ?? 0) < 80`, true, true},
		{`enrollment.score == nil`, false, true},
		{`enrollment.progress == 100`, true, false},
		{`event.body.score < 80`, true, false},
		{`event.body.score == 79`, true, false},
		{`event.body.n + 1 == 4 and event.body.n * 2 - 1 == 5 and -event.body.n == -3`, true, false},
		{`event.body.n % 2 == 1 and event.body.n / 2 == 1.5 and event.body.n ** 2 == 9`, true, false},
		{`event.body.n / 0 == nil`, true, true},
		{`event.body.long == 9007199254740993 and event.body.long != 9007199254740992`, true, false},
		{`event.body.long > 9007199254740992 and 9007199254740994 > event.body.long`, true, false},
		{`event.body.long in [9007199254740992, 9007199254740994]`, false, false},
		{`event.body.long == "9007199254740993" and number("9007199254740993") == event.body.long`, true, false},
		{`event.body.huge == "123456789012345678901234567890" and event.body.huge != "123456789012345678901234567891"`, true, false},
		{`date(event.body.day) == date("11/23/2026") and date("20261123") == date("1795392000")`, true, false},
		{`event.body.flag`, true, false},
		{`!event.body.flag`, false, true},
		{`event.body.flag ? course.name == "Fire Safety" : true`, true, true},
		{`2 in event.body.tags and "a" in event.body.tags`, true, false},
		{`"score" in event.body`, true, false},
		{`event.sessionId == "s1"`, true, false},
		{`"t1" in course.tagIds`, true, false},
		{`len(course.tagIds) > 1`, true, false},
		{`len(course.name) == 11`, true, false},
		{`course.categoryId == nil`, true, true},
		{`course?.name == "Fire Safety"`, true, false},
		{`get(course, "newField") == nil`, true, true},
		{`user.customFields.string1 == "North"`, true, false},
		{`user.customFields["string1"] == "North"`, true, false},
		{`name(user) == "Mira Halvorsen"`, true, false},
		{`any(competencies, .name == "Ropes")`, true, false},
		{`all(competencies, .level > 1)`, false, true},
		{`count(competencies, .level > 1) == 1`, true, false},
		{`len(filter(competencies, .level == nil)) == 1`, true, false},
		{`find(competencies, .name == "Ropes").level == 2`, true, false},
		{`"Ladders" in map(competencies, .name)`, true, false},
		{`none(extras, # > 3) && one(extras, # == 2)`, true, false},
		{`extras[0] == 1 && first(extras) == 1`, true, false},
		{`duration(enrollment.timeSpent) > duration("2h")`, true, false},
		{`duration("1d") == duration("24h")`, true, true},
		{`date(enrollment.dateCompleted) < now()`, true, false},
		{`now() - date(enrollment.dateCompleted) > duration("30m")`, true, false},
		{`date(enrollment.dateCompleted) + duration("30d") > date("2026-12-20")`, true, false},
		{`date(enrollment.dateDue) == nil`, true, true},
		{`supervisor.emailAddress == "boss@example.com"`, false, false},
		{`source == "production"`, true, false},
		{`let n = course.name; n contains "Fire" && n contains "Safety"`, true, false},
		{`course.name + "/" + event.userId == "Fire Safety/u1"`, true, false},
		{`number("12") == 12 && text(12) == "12" && trim(" a ") == "a" && upper("a") == "A"`, true, true},
		{`number("x") == nil`, true, true},
		{`course.name == 'Fire Safety' // comment`, true, false},
	} {
		c, faults := s.Condition(test.expression)
		if len(faults) > 0 {
			t.Errorf("%s: %v", test.expression, faults)
			continue
		}
		if strings.Contains(test.expression, "now() - ") { // depends on the day
			if _, err := c.Holds(f); err != nil {
				t.Errorf("%s: %v", test.expression, err)
			}
			continue
		}
		if got, err := c.Holds(f); got != test.full || err != nil {
			t.Errorf("%s: %v, %v; want %v", test.expression, got, err, test.full)
		}
		if got, err := c.Holds(bridge.Facts{}); got != test.empty || err != nil {
			t.Errorf("%s on nothing: %v, %v; want %v", test.expression, got, err, test.empty)
		}
	}
}

func TestFaults(t *testing.T) {
	for expression, want := range map[string]string{
		`cours.name == "x"`:                     `0 no part named "cours": no template looks it up; did you mean "course"?`,
		`course.nam == "x"`:                     `7 course has no field named "nam"; did you mean "name"?`,
		`course["nam"] == "x"`:                  `7 course has no field named "nam"; did you mean "name"?`,
		`course.zzzzzz == "x"`:                  `7 course has no field named "zzzzzz"; if there is one nevertheless, write get(course, "zzzzzz")`,
		`cours.name == usr.name`:                `0 no part named "cours": no template looks it up; did you mean "course"?|14 no part named "usr": no template looks it up; did you mean "user"?`,
		`lowr(course.name) == "x"`:              `0 no function named "lowr"; did you mean "lower"?`,
		`course.name < 3`:                       `12 < does not fit a text and a number`,
		`course.name == 3`:                      `12 == does not fit a text and a number`,
		`true && course.name`:                   `5 && does not fit true or false and a text`,
		`enrollment.dateDue < now()`:            `19 < does not fit a text and a time; date(…) makes a time of a text`,
		`course.name`:                           `0 want true or false, have a text`,
		`enrollment.status == "Complete"`:       `18 == does not fit a number and a text`,
		`any(course.name, # == "x")`:            `11 builtin any takes only array (got a text)`,
		`course.name matches "("`:               "20 the pattern is not a valid regular expression: missing closing )",
		`course.name matches user.username`:     `12 want the pattern written out, in quotes`,
		`1..1000000 == nil`:                     `1 ranges are not supported; compare with >= and <=`,
		`user.username[0:2] == "ab"`:            `13 slices are not supported`,
		`user.username.lower() == "ab"`:         `14 values have no functions of their own; write one such as date(enrollment.dateDue)`,
		`reduce(extras, #acc + #, 0) > 3`:       `0 no function named "reduce"`,
		`repeat("a", 1000000) == ""`:            `0 no function named "repeat"`,
		`$env.course.name == "x"`:               `0 no part named "$env": no template looks it up`,
		`(course.name == "x"`:                   `18 unexpected token EOF`,
		`course.name = "x"`:                     `12 unexpected token Operator("=")`,
		``:                                      `0 is empty`,
		strings.Repeat(" ", maxLength) + `true`: `0 is longer than 2000 characters`,
		`date() < now()`:                        `0 not enough arguments to call date`,
	} {
		_, faults := schema(t).Condition(expression)
		var got []string
		for _, f := range faults {
			got = append(got, fmt.Sprintf("%d %s", f.Offset, f.Message))
		}
		if all := strings.Join(got, "|"); all != want {
			t.Errorf("%.60s:\nhave %s\nwant %s", expression, all, want)
		}
	}
}

func TestUndecided(t *testing.T) {
	s, f := schema(t), facts(t, answers)
	f["event"].(map[string]any)["body"] = map[string]any{"text": "never-shown", "list": []any{"never-shown"}}
	for expression, want := range map[string]string{
		`event.body.text < 3`:            "column 17: a text and a number cannot be compared",
		`event.body.list < 3`:            "column 17: a list and a number cannot be compared",
		`event.body.text - 1 == 0`:       "column 17: a text and a number cannot be calculated with",
		`event.body.text`:                "a text is neither true nor false",
		`event.body.text && true`:        "a text is neither true nor false",
		`event.body.list contains "x"`:   "wants a text, has a list",
		`any(event.body.text, # == "x")`: "wants a list, has a text",
	} {
		c, faults := s.Condition(expression)
		if len(faults) > 0 {
			t.Errorf("%s: %v", expression, faults)
			continue
		}
		_, err := c.Holds(f)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "never") {
			t.Errorf("%s: %v, want %s", expression, err, want)
		}
	}
}

// TestLookupFailed: what might have been there cannot decide.
func TestLookupFailed(t *testing.T) {
	c, _ := schema(t).Condition(`course.name contains "Safety" || event.userId == "u1"`)
	f := facts(t, answers)
	f["incomplete"] = true
	if holds, err := c.Holds(f); !holds || err != nil {
		t.Errorf("with the part: %v, %v", holds, err)
	}
	delete(f, "course")
	if _, err := c.Holds(f); err == nil || err.Error() != "course could not be looked up" {
		t.Errorf("without the part: %v", err)
	}
	if got := fmt.Sprint(c.Parts(), LookedUp(c.Parts())); got != "[course event] [course]" {
		t.Errorf("parts %s", got)
	}
	if holds, err := (*Condition)(nil).Holds(f); !holds || err != nil {
		t.Errorf("no condition: %v, %v", holds, err)
	}
}

func TestKey(t *testing.T) {
	s, f := schema(t), facts(t, answers)
	for expression, want := range map[string]string{
		`course.id`: "c1", `event.userId + "/" + course.id`: "u1/c1", `enrollment.status`: "3", `course.categoryId`: "",
		`supervisor.id ?? "nobody"`: "nobody", `lower(course.name)`: "fire safety", `text(enrollment.score)`: "79.5",
	} {
		k, faults := s.Key(expression)
		if len(faults) > 0 {
			t.Errorf("%s: %v", expression, faults)
			continue
		}
		if got, err := k.Of(f); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", expression, got, err, want)
		}
	}
	for _, expression := range []string{`course`, `course.tagIds`, `now()`} {
		if _, faults := s.Key(expression); len(faults) != 1 || !strings.Contains(faults[0].Message, "want a text or a number") {
			t.Errorf("%s: %v", expression, faults)
		}
	}
	k, faults := s.Key(`event.body`)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := k.Of(f); err == nil {
		t.Error("a mapping is no key")
	}
}

func TestOpenSchema(t *testing.T) {
	if _, faults := schema(t).Open().Condition(`manager.name == "x" && course.name == "y"`); len(faults) > 0 {
		t.Error(faults)
	}
	twice := NewSchema([]bridge.Lookup{{Part: "thing", Resource: "/courses/*"}, {Part: "thing", Resource: "/groups/*"}, {Part: "thing", Resource: "/courses/*"}})
	if _, faults := twice.Condition(`thing.whatever == 3`); len(faults) > 0 {
		t.Error(faults)
	}
}

// TestTableKnowsThePortal compares the table of fields with the sample portal.
func TestTableKnowsThePortal(t *testing.T) {
	for path, answer := range facts(t, portal(t)) {
		fields, known := NewSchema([]bridge.Lookup{{Part: "thing", Resource: resourceOf(path)}}).shapeOf("thing")
		object, ok := answer.(map[string]any)
		if !known || !ok {
			continue
		}
		for name := range object {
			if fields[name] == nil {
				t.Errorf("%s: %s is not in the table", path, name)
			}
		}
	}
}
