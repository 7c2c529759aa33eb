package render

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skip("this machine knows no time zones")
	}
	c := clock{vocabulary: english(t), zone: oslo, layout: "2 Jan 2006, 15:04"}
	for _, tt := range []struct {
		value   any
		options []string
		want    string
	}{
		{"2026-08-24T04:00:00", nil, "24 Aug 2026, 06:00"}, // without a zone it is UTC
		{"2026-08-24T04:00:00.1", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00:00.1234567", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00:00.1234567Z", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00:00+02:00", nil, "24 Aug 2026, 04:00"},
		{"2026-08-24 04:00:00", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24 04:00:00.1234567", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24T04:00", nil, "24 Aug 2026, 06:00"},
		{"2026-08-24", []string{"date"}, "24 Aug 2026"},
		{"2026-08-24", []string{"date", "America/New_York"}, "24 Aug 2026"}, // no zone moves a day
		{"8/24/2026", []string{"weekday", "Pacific/Kiritimati"}, "Monday, 24 August"},
		{"2026-08-24", []string{"datetime", "America/New_York"}, "24 Aug 2026"},
		{"2026-08-24", nil, "24 Aug 2026"},
		{"2026-08-24T00:00:00", []string{"date", "America/New_York"}, "24 Aug 2026"},
		{"2026-08-24T00:00:00Z", []string{"date", "America/New_York"}, "24 Aug 2026"},
		{"2026-08-24T00:00:00Z", []string{"datetime", "America/New_York"}, "23 Aug 2026, 20:00"}, // it may be a time
		{json.Number("1787530800"), []string{"15:04", "UTC"}, "00:20"},
		{"2026-08-24T23:30:00Z", []string{"date"}, "25 Aug 2026"},
		{"2026-08-24T23:30:00Z", []string{"time", "UTC"}, "23:30"},
		{"2026-08-24T23:30:00Z", []string{"iso"}, "2026-08-25T01:30:00+02:00"},
		{"2026-08-24T23:30:00Z", []string{"weekday", "America/New_York"}, "Monday, 24 August"},
		{"0001-01-01T00:00:00", nil, ""},
		{"next week", nil, "next week"},
		{nil, nil, ""},
	} {
		if got, err := c.date(tt.value, tt.options...); err != nil || got != tt.want {
			t.Errorf("date %v %v = %q, %v; want %q", tt.value, tt.options, got, err, tt.want)
		}
	}
	for digits := range 8 { // of the fraction
		for _, zone := range []string{"", "Z", "+00:00"} {
			value := "2026-08-24T04:00:00" + strings.TrimSuffix(".9876543"[:digits+1], ".") + zone
			if got, err := c.date(value, "15:04:05"); err != nil || got != "06:00:00" {
				t.Errorf("date %s = %q, %v", value, got, err)
			}
		}
	}
	if _, err := c.date(nil, "", "UTC", "x"); err == nil {
		t.Error("a third option is accepted")
	}
	for value, want := range map[any]string{"2026-08-24T23:30:00Z": "24 Aug 2026", "2026-08-24T23:30:00-11:00": "24 Aug 2026", "0001-01-01": "", "soon": "soon", nil: ""} {
		if got, err := c.day(value); err != nil || got != want {
			t.Errorf("day %v = %q, %v; want %q", value, got, err, want)
		}
	}
	if got, err := c.day("2026-08-24T23:30:00Z", "02.01."); err != nil || got != "24.08." {
		t.Errorf("day with a layout: %q, %v", got, err)
	}
	if _, err := c.day(nil, "", "x"); err == nil {
		t.Error("day takes a second option")
	}
}

func TestDuration(t *testing.T) {
	for value, want := range map[any]string{
		"00:47:30": "47 min", "1.02:03:04": "1 d 2 h", "2.00:10:00": "2 d", "01:00:59": "1 h", "01:12:30.1230000": "1 h 12 min",
		"00:00:45": "45 s", "1.13:02:39.9878697": "1 d 13 h", "00:00:39.9878697": "39 s", "00:00:00": "", "26:00:00": "1 d 2 h", json.Number("28500000000"): "47 min", 28500000000.0: "47 min",
		"28500000000": "47 min", "": "", "a while": "a while", json.Number("-5"): "",
	} {
		if got := english(t).duration(value); got != want {
			t.Errorf("duration %v = %q, want %q", value, got, want)
		}
	}
	if got := english(t).duration(nil); got != "" {
		t.Errorf("duration of nothing = %q", got)
	}
}

func TestWords(t *testing.T) {
	en := english(t)
	part := func(key string, v any) map[string]any { return map[string]any{key: v} }
	for _, tt := range []struct{ got, want string }{
		{status(json.Number("3")), "complete"}, {status("3"), "complete"}, {status("Complete"), "complete"}, {status("Completed"), "complete"},
		{status(0.0), "not started"}, {status("OnWaitlist"), "on the waiting list"}, {status("ReadyForReview"), "ready for review"},
		{status(99.0), "99"}, {status(-1.0), "-1"}, {status(nil), ""}, {status(part("status", json.Number("12"))), "ready for review"}, {status(part("x", 1)), ""},
		{activeStatus(0.0), "active"}, {activeStatus(part("activeStatus", json.Number("1"))), "inactive"}, {activeStatus(nil), ""}, {activeStatus("Active"), "active"},
		{courseType("CourseBundle"), "course bundle"}, {courseType("InstructorLedCourse"), "instructor-led course"}, {courseType(nil), ""},
		{truncate(5, "Zoë's kit"), "Zoë'…"}, {truncate(0, "all"), "all"}, {truncate(3, "abc"), "abc"},
		{en.plural(1.0, "day", "days"), "1 day"}, {en.plural(nil, "day", "days"), "0 days"}, {en.plural(1.5, "day", "days"), "1.5 days"},
		{en.percent("66.66"), "66.7 %"}, {en.percent(nil), ""}, {en.percent("high"), ""},
		{en.sentence([]any{"a"}), "a"}, {en.sentence(nil), ""},
		{text(find([]any{part("userId", "A-1")}, "a-1")), ""}, {text(find(nil, nil)), ""},
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
		if got := text(nameOf(decode(t, `{"thing": `+tt.thing+`}`)["thing"])); got != tt.want {
			t.Errorf("%s is called %q, want %q", tt.thing, got, tt.want)
		}
	}
	if got := text(map[string]any{"id": "7"}); got != "7" {
		t.Errorf("a thing without a name reads as %q, want its id", got)
	}
}

func TestPortal(t *testing.T) {
	s := newScope(t.Context(), map[string]any{"portal": "https://learning.example.com/"})
	for _, tt := range []struct {
		path string
		args []any
		want string
	}{
		{"/a/%s/b/%s", []any{"x/y", 7.0}, "https://learning.example.com/a/x%2Fy/b/7"},
		{"/a/%s", []any{""}, ""},
		{"/a/%s", []any{nil}, ""},
		{"/a/%s", []any{".."}, ""},
		{"/a", nil, "https://learning.example.com/a"},
		{"/%s/%s", []any{"%s", "x"}, "https://learning.example.com/%25s/x"},
	} {
		if got, err := portal(s, tt.path, tt.args...); err != nil || got != tt.want {
			t.Errorf("portal %q %v = %q, %v; want %q", tt.path, tt.args, got, err, tt.want)
		}
	}
	if got, _ := portal(newScope(t.Context(), nil), "/a"); got != "" {
		t.Errorf("without an address: %q", got)
	}
	for _, path := range []string{"/a/%s", "a"} {
		if _, err := portal(s, path); err == nil {
			t.Errorf("%q is accepted", path)
		}
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

func english(t testing.TB) *vocabulary {
	t.Helper()
	return load(t, Options{}).words
}
