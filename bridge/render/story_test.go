package render

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// inStory are the events that one completion may send, in no order.
func inStory() []string {
	return []string{
		"CourseCreditsAwarded", "CertificateAwarded", "EnrollmentCompletedByLearner", "CompetencyAwarded", "SessionEnrollmentCompleted",
		"LearningPathCompleted", "SomethingNewHappened",
	}
}

func TestGoldenStories(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale})
		var b strings.Builder
		tell := func(what string, events ...bridge.Facts) {
			m, err := set.Story(t.Context(), events)
			if err != nil {
				t.Fatal(err)
			}
			write(&b, what, m)
		}
		var full, lean, evil []bridge.Facts
		for _, event := range inStory() {
			template := set.Template(event)
			facts := leanFacts(event, template)
			lean = append(lean, facts)
			full = append(full, fullFacts(t, template, facts))
			evil = append(evil, occurrence(event, 1, 1, "Dr. "+attack, attack))
		}
		tell("all of a course", full[:4]...)
		tell("with a session, a learning path and an event without a template", full...)
		tell("no lookups", lean...)
		tell("hostile names", evil...)
		tell("nothing but a certificate and credits", full[:2]...)
		another := occurrence("EnrollmentCompletedByLearner", 1, 7, "Mira Halvorsen", "Ropes")
		another["enrollment"] = map[string]any{"score": 80}
		tell("two courses", full[2], another, occurrence("CertificateAwarded", 1, 7, "Mira Halvorsen", "Ropes"), full[1])
		tell("two courses, no lookups", lean[2], leanOf(another), occurrence("CompetencyAwarded", 1, 1, "", ""), occurrence("CompetencyAwarded", 1, 2, "", ""))
		tell("one alone", full[0])
		golden(t, filepath.Join("testdata", "golden", "story."+locale+".txt"), b.String())
	}
}

func leanOf(f bridge.Facts) bridge.Facts {
	return bridge.Facts{"event": f["event"], "source": f["source"]}
}

// TestEveryTemplateInAStory: whatever is told beside a completion leaves a trace.
func TestEveryTemplateInAStory(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale})
		leadFacts := occurrence("EnrollmentCompletedByLearner", 1, 1, "", "")
		alone, err := set.Template("EnrollmentCompletedByLearner").Message(t.Context(), leadFacts)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range append(set.Events(), "SomethingNewHappened") {
			for _, name := range []string{"", "Ropes"} {
				m, err := set.Story(t.Context(), []bridge.Facts{occurrence(event, 1, 2, name, name), leadFacts})
				if err != nil {
					t.Fatal(err)
				}
				if len(m.Fields) == len(alone.Fields) {
					t.Errorf("%s vanishes: %+v", event, m)
				}
				if event == "EnrollmentCompletedByAdmin" || event == "EnrollmentCompletedByLearner" {
					continue // either may lead
				}
				if m.Title != alone.Title || m.Level != alone.Level || m.ThreadKey != alone.ThreadKey {
					t.Errorf("%s: does not read as the completion: %+v", event, m)
				}
			}
		}
	}
}

func TestWhoIsInAStoryAndWhatIsBulk(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale})
		for event, want := range map[string][2]bool{
			"EnrollmentCompletedByLearner": {true, false}, "EnrollmentCompletedByAdmin": {true, true}, "CertificateAwarded": {true, true},
			"CourseCreditsAwarded": {true, true}, "CompetencyAwarded": {true, true}, "SessionEnrollmentCompleted": {true, true},
			"LearningPathCompleted": {true, false}, "UserCreated": {false, true}, "UserEnrolledInCourseByAdmin": {false, true},
			"UserEnrolledInCourseByLearner": {false, false}, "CourseBundleDeleted": {false, false}, "NeverHeardOf": {true, true},
		} {
			template := set.Template(event)
			if have := [2]bool{template.InStory(), template.Bulk()}; have != want {
				t.Errorf("%s: in a story, bulk: %v, want %v", event, have, want)
			}
		}
	}
}

// A template in the place of another, and its draft, need not say again that the
// event comes in bulk.
func TestBulkIsInherited(t *testing.T) {
	const head = "event: UserCreated\nmessage: { title: mine }\n"
	for source, want := range map[string]bool{head: true, head + "bulk: true\n": true, head + "bulk: false\n": false} {
		for _, locale := range []string{"en", "de"} {
			file := "own.yaml"
			dir := folder(t, map[string]string{file: source, "de/" + file: head, "new.yaml": "event: New\nmessage: { title: new }\n"})
			set := load(t, Options{Dir: dir, Locale: locale})
			if set.Template("UserCreated").Bulk() != want || set.Template("New").Bulk() || set.Template("CourseBundleDeleted").Bulk() {
				t.Errorf("in %s, %q: want %v", locale, source, want)
			}
		}
		saved := load(t, Options{Dir: folder(t, map[string]string{"own.yaml": head + "bulk: false\n"})})
		for _, before := range []*Set{load(t, Options{}), saved} {
			draft, err := before.With(Draft{Event: "UserCreated", File: saved.Template("UserCreated").File(), Source: []byte(source)})
			if err != nil || draft.Template("UserCreated").Bulk() != want {
				t.Errorf("a draft, %q: want %v (%v)", source, want, err)
			}
		}
	}
}

func TestOwnStory(t *testing.T) {
	escape := map[string]func(string) string{"slack": strings.ToUpper, "discord": strings.ToUpper}
	set := load(t, Options{Escape: escape, Dir: folder(t, map[string]string{
		"own.yaml": `event: Own
message:
  title: 'own {{ .event.x }}'
  fields: [ { name: Other, value: '' }, { name: same, value: dropped } ]
  native:
    slack: { text: '{{ range .story }}{{ .name }}={{ .value }} {{ end }}' }
    discord: { content: 'nothing of the others' }
story: { lead: 99, fields: [ { name: Own, value: '{{ .event.x }} of {{ .lead.event.x }}' } ] }
`,
		"other.yaml": "event: Other\nmessage: { title: other }\nstory: { fields: [ { name: Same, value: v, short: true }, { name: Empty, value: '' } ] }\n",
	})})
	event := func(kind, x string) bridge.Facts {
		return bridge.Facts{"event": map[string]any{"type": kind, "x": x, "occurredAt": "2026-01-02T03:04:05Z"}}
	}
	m, err := set.Story(t.Context(), []bridge.Facts{event("Other", "a"), event("Own", "b"), event("Own", "c"), event("Other", "d")})
	want := []bridge.Field{{Name: "Same", Value: "2 × v", Short: true}, {Name: "Own", Value: "c of b"}}
	if err != nil || m.Title != "own b" || !reflect.DeepEqual(m.Fields, want) {
		t.Errorf("%v %+v", err, m)
	}
	if m.Native["slack"]["text"] != "SAME=2 × V OWN=C OF B " || m.Native["discord"] != nil {
		t.Errorf("native %v", m.Native)
	}
	if m, err = set.Story(t.Context(), []bridge.Facts{event("Own", "b")}); err != nil || len(m.Native) != 2 {
		t.Errorf("alone: %v %+v", err, m)
	}
	var events []bridge.Facts
	for i := range 300 {
		events = append(events, event("Own", fmt.Sprint(i)))
	}
	m, err = set.Story(t.Context(), events)
	if n := len(m.Fields); err != nil || n != maxStory+2 || m.Fields[n-1].Value != "… and 284 more" {
		t.Errorf("300 events: %v, %d fields: %+v", err, len(m.Fields), m.Fields)
	}
	if _, err := set.Story(t.Context(), nil); err == nil {
		t.Error("a story of nothing is told")
	}
}

func TestProblemsOfStoriesAndDigests(t *testing.T) {
	for _, c := range []problemCase{
		{"story", head + "message: { title: x }\nstory: { lead: first, fields: [ { name: a, value: '{{ .leed.x }}' } ], led: 1 }\n", []string{
			"3:16: story.lead: want a whole number above 0", `3:55: story.fields[0].value: no part named leed; did you mean "lead"?`, `3:72: story.led: unknown key; did you mean "lead"?`,
		}},
		{"a story that says nothing", head + "message: { title: x }\nstory: { lead: 3 }\n", []string{"3:1: story.fields: required"}},
		{"lead elsewhere", head + "message: { title: '{{ .lead.x }}' }\n", []string{"2:23: message.title: no part named lead"}},
		{"never works", head + "message: { title: x }\nstory: { fields: [ { name: a, value: '{{ div 1 0 }}' } ] }\n", []string{"3:42: story.fields[0].value: div"}},
		{"bulk", head + "bulk: 1\nmessage: { title: x }\n", []string{"2:7: bulk: want true or false, have a number"}},
		{"groups", head + "message: { title: x }\ndigest: { title: x, group: [ '{{ .evnt }}', 5 ], text: '{{ .grups }}' }\n", []string{
			`3:34: digest.group[0]: no part named evnt; did you mean "event"?`, "3:45: digest.group[1]: want a text", `3:60: digest.text: no part named grups; did you mean "groups"?`,
		}},
		{"taken", head + "lookups: { lead: /x }\nmessage: { title: x }\n", []string{"2:12: lookups.lead: the name is taken"}},
	} {
		t.Run(c.name, c.check)
	}
}
