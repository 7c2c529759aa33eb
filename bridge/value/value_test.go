package value

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWordsOfValues(t *testing.T) {
	part := func(key string, v any) map[string]any { return map[string]any{key: v} }
	for _, tt := range []struct{ got, want string }{
		{status(json.Number("3")), "complete"}, {status("3"), "complete"}, {status("Complete"), "complete"}, {status("Completed"), "complete"},
		{status(0.0), "not started"}, {status("OnWaitlist"), "on the waiting list"}, {status("ReadyForReview"), "ready for review"},
		{status(99.0), "99"}, {status(-1.0), "-1"}, {status(nil), ""}, {status(part("status", json.Number("12"))), "ready for review"}, {status(part("x", 1)), ""},
		{activeStatus(0.0), "active"}, {activeStatus(part("activeStatus", json.Number("1"))), "inactive"}, {activeStatus(nil), ""}, {activeStatus("Active"), "active"},
		{courseType("CourseBundle"), "course bundle"}, {courseType("InstructorLedCourse"), "instructor-led course"}, {courseType(nil), ""},
		{TextOf(Find([]any{part("userId", "A-1")}, "a-1")), ""}, {TextOf(Find(nil, nil)), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("have %q, want %q", tt.got, tt.want)
		}
	}
}

func TestName(t *testing.T) {
	for _, tt := range []struct{ thing, want string }{
		{`{"firstName": "Mira", "lastName": "Halvorsen", "username": "mira"}`, "Mira Halvorsen"},
		{`{"firstName": null, "lastName": " Halvorsen "}`, "Halvorsen"},
		{`{"firstName": " ", "lastName": "", "username": "mira"}`, "mira"},
		{`{"fullName": "Mira Halvorsen", "username": "mira"}`, "Mira Halvorsen"},
		{`{"name": "Ropes", "description": "x"}`, "Ropes"},
		{`{"name": 7}`, "7"},
		// An enrollment and a certificate, in both spellings, are not called as their learner.
		{`{"id": "e1", "courseId": "c1", "courseName": "Ropes", "fullName": "Mira Halvorsen"}`, "Ropes"},
		{`{"id": "e1", "courseId": "c1", "name": "Ropes", "fullName": "Mira Halvorsen"}`, "Ropes"},
		{`{"id": "e1", "courseId": "c1", "name": " ", "courseName": "Ropes"}`, "Ropes"},
		{`{"id": "e1", "courseId": "c1", "courseName": null, "fullName": "Mira Halvorsen"}`, ""},
		{`{"id": "z1", "enrollmentId": "e1", "courseName": "Ropes", "fullName": "Mira Halvorsen"}`, "Ropes"},
		{`{"id": "z1", "enrollmentId": "e1", "fullName": "Mira Halvorsen"}`, ""},
		// What has no name has none: not its id, nor a mapping or blanks in the name's place.
		{`{"id": "7"}`, ""}, {`{"name": {"name": "deep"}}`, ""}, {`{"name": ["a"]}`, ""}, {`{"name": "\t "}`, ""}, {`{"name": null}`, ""},
		{`{}`, ""}, {`null`, ""}, {`"Mira"`, "Mira"}, {`" "`, ""},
	} {
		var thing any
		if err := json.Unmarshal([]byte(tt.thing), &thing); err != nil {
			t.Fatal(err)
		}
		if got := TextOf(NameOf(thing)); got != tt.want {
			t.Errorf("%s is called %q, want %q", tt.thing, got, tt.want)
		}
	}
	if got := TextOf(map[string]any{"id": "7"}); got != "7" {
		t.Errorf("a thing without a name reads as %q, want its id", got)
	}
}

func TestPlainText(t *testing.T) {
	for source, want := range map[string]string{
		"": "", "plain  text": "plain text", "<p>One</p><p>two &lt;b&gt; &amp;amp;</p>": "One\ntwo <b> &amp;",
		"<ul><li>a</li><li>b <i>c</i></li></ul>end": "• a\n• b c\nend",
		"a<br>b<br/>c": "a\nb\nc",
		"<script>alert(1)</script><style>x{}</style>shown": "shown",
		"<script>alert(1)":           "",
		"1 < 2 <unknown>x</unknown>": "1 < 2 x",
		"<table><tr><td>a</td><td>b</td></tr></table>\n line\n break &nbsp; x": "a b\nline break x",
		"<img src=x onerror=alert(1)>":                                         "",
	} {
		if got := plainText(source); got != want {
			t.Errorf("%q reads as %q, want %q", source, got, want)
		}
	}
	if got := plainText(strings.Repeat("<div>", 10_000) + "x"); got != "x" {
		t.Errorf("deeply nested: %q", got)
	}
}
