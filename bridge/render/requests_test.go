package render

import (
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// TestProblemsOfRequests is about what can never be asked for.
func TestProblemsOfRequests(t *testing.T) {
	lookup := func(text string) string { return head + "lookups:\n  a: " + text + "\nmessage: { title: x }\n" }
	for _, c := range []problemCase{
		{"a blank in the path", lookup("'/users/ {{ .event.userId }}'"), []string{"3:6: lookups.a: has a blank in the path"}},
		{"a fragment", lookup("'/users/1#x'"), []string{"3:6: lookups.a: has a #"}},
		{"another host", lookup("//example.com/x"), []string{"3:6: lookups.a: want a path below"}},
		{"upwards", lookup("/users/../courses"), []string{"3:6: lookups.a: want a path below"}},
		{"half an escape", lookup("'/users?_filter=name eq 100%'"), []string{"3:6: lookups.a: has a % that starts no escape"}},
		{"half a quote", lookup("\"/users?_filter=id eq guid'{{ .event.userId }}\""), []string{"3:6: lookups.a: has a quote ' without its second one"}},
		{"a large page", lookup("/users?_limit=5000"), []string{"3:6: lookups.a: asks for _limit=5000; a page has 1 to 1000 entries"}},
		{"no page", lookup("'/users?_sort=x&_limit=0'"), []string{"3:6: lookups.a: asks for _limit=0"}},
		{"path and try", lookup("{ path: /x, try: [ /y ] }"), []string{"3:3: lookups.a: has path and try"}},
		{"nothing to try", lookup("{ try: [] }"), []string{"3:8: lookups.a.try: wants 1 to 8 entries"}},
		{"nothing chosen", lookup("{ try: [ { list: /x } ] }"), []string{"3:15: lookups.a.try[0]: does not say which entry of the list to choose"}},
		{"a path that chooses", lookup("{ try: [ { path: /x, recent: d } ] }"), []string{"3:27: lookups.a.try[0].recent: chooses from a list: write list instead of path"}},
		{"neither", lookup("{ try: [ { recent: d } ] }"), []string{"3:15: lookups.a.try[0]: wants either a path, or a list"}},
		{"ids by chance", lookup("{ try: [ { list: /x, where: 'true', ids: { courseId: id } } ] }"), []string{"3:15: lookups.a.try[0]: fills ids, so it must say how the entry is found"}},
		{"a long time", lookup("{ try: [ { list: /x, recent: d, within: 3h } ] }"), []string{"3:46: lookups.a.try[0].within: want a time up to 1h, such as 10m, have \"3h\""}},
		{"a part nobody looks up", lookup("{ try: [ { list: /x, where: '{{ .b.c }}' } ] }"), []string{"3:38: lookups.a.try[0].where: no part named b"}},
		{"a slip", lookup("{ try: [ { list: /x, recnt: d } ] }"), []string{"3:27: lookups.a.try[0].recnt: unknown key; did you mean \"recent\"?"}},
		{"the entry elsewhere", lookup("'/x/{{ .entry.id }}'"), []string{"3:13: lookups.a: no part named entry"}},
		{"the entry's name", head + "lookups: { entry: /x }\nmessage: { title: x }\n", []string{"2:12: lookups.entry: the name is taken"}},
	} {
		t.Run(c.name, c.check)
	}
}

// TestFiltersAsAbsorbWritesThem: with blanks, and values that end no literal.
func TestFiltersAsAbsorbWritesThem(t *testing.T) {
	lookups := ownTemplate(t, head+`lookups:
  a: "/users?_filter=lastName eq '{{ .event.name }}' and dateEdited gt datetime'2026-01-01T00:00:00Z'&_limit=5"
message: { title: x }
`, nil).Lookups()
	for name, want := range map[string]string{
		"Okonkwo":   "/users?_filter=lastName%20eq%20'Okonkwo'%20and%20dateEdited%20gt%20datetime'2026-01-01T00:00:00Z'&_limit=5",
		"O'Neill":   "/users?_filter=lastName%20eq%20'O%27%27Neill'%20and%20dateEdited%20gt%20datetime'2026-01-01T00:00:00Z'&_limit=5",
		"a&b' or 1": "/users?_filter=lastName%20eq%20'a%26b%27%27%20or%201'%20and%20dateEdited%20gt%20datetime'2026-01-01T00:00:00Z'&_limit=5",
		"":          "",
	} {
		if got, err := lookups[0].Ways[0].Path(bridge.Facts{"event": map[string]any{"name": name}}); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// TestChoices: what a template says of a list is what is chosen from it.
func TestChoices(t *testing.T) {
	lookups := ownTemplate(t, head+`lookups:
  course: /courses/{{ .event.courseId }}
  enrollment:
    try:
      - /users/{{ .event.userId }}/enrollments/{{ .event.courseId }}
      - list: /users/{{ .event.userId }}/enrollments?_sort=-dateEdited
        recent: dateEdited
        where: '{{ and (eq (status .entry) "complete") (eq .entry.userId .event.userId) }}'
        ids: { courseId: courseId }
  attendance:
    try:
      - list: /users/{{ .event.userId }}/enrollments/{{ .event.courseId }}/sessions
        recent: dateCompleted
        within: 5m
        unless: [ lessonId ]
        ids: { sessionId: sessionId }
message: { title: '{{ .enrollment.score }}' }
`, nil).Lookups()
	enrollment, attendance := lookups[1], lookups[2]
	c := enrollment.Ways[1].Choose
	if enrollment.Resource != "/users/*/enrollments/*" || c.Within != 10*time.Minute || !c.Infers() || !c.Shared || attendance.Ways[0].Choose.Shared || attendance.Ways[0].Choose.Within != 5*time.Minute {
		t.Errorf("%+v, %+v", enrollment, attendance)
	}
	if got := enrollment.Gives(); len(got) != 1 || got[0] != "courseId" || len(enrollment.Asks()) != 2 {
		t.Errorf("gives %v, asks %v", got, enrollment.Asks())
	}
	facts := bridge.Facts{"event": map[string]any{"userId": "u"}}
	for want, entry := range map[bool]map[string]any{true: {"status": 3, "userId": "u"}, false: {"status": 1, "userId": "u"}} {
		if c.Where(facts, entry) != want {
			t.Errorf("%v fits: %v", entry, !want)
		}
	}
	if _, left := facts["entry"]; left {
		t.Error("the facts have an entry")
	}
}
