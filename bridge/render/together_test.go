package render

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// thing is an id and, unless the facts are lean, a part with a name.
func thing(kind, n int, name string) (id string, part map[string]any) {
	id = fmt.Sprintf("%d0000000-0000-4000-a000-%012d", kind, n)
	if name == "" {
		return id, nil
	}
	return id, map[string]any{"id": id, "name": name}
}

// occurrence is an event of a type about the n-th learner and the m-th of
// everything else.
func occurrence(event string, learner, other int, person, name string) bridge.Facts {
	e := map[string]any{"type": event, "occurredAt": time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC).Format(time.RFC3339)}
	f := bridge.Facts{"event": e, "source": "production", "portal": "https://learning.example.com"}
	add := func(part string, kind, n int, name string) {
		id, value := thing(kind, n, name)
		e[part+"Id"] = id
		if value != nil {
			f[part] = value
		}
	}
	add("user", 1, learner, person)
	for i, part := range []string{"course", "department", "group", "certificate", "competency", "session", "learningPath", "selfAssessment"} {
		add(part, i+2, other, name)
	}
	if name != "" {
		f["competencies"] = map[string]any{"items": []any{map[string]any{"competencyDefinitionId": e["competencyId"], "name": name}}}
	}
	return f
}

// together is Set.Together in synthetic time, so that a busy machine does not run
// into maxTime first.
func together(t *testing.T, set *Set, events []bridge.Facts, group func(bridge.Facts) string) (m bridge.Message, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { m, err = set.Together(t.Context(), events, group) })
	return m, err
}

var counted = regexp.MustCompile(`^- (?:\*\*.*\*\*|[^*]*?)(?:: (\d[\d.,]*)(?: \(.*\))?|: [^\d].*)?$`)

// tallied sums what the lines of a list count: a line without a number is one.
func tallied(t *testing.T, text string) (sum, lines int) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(text, `\`, "")) {
		line = strings.TrimSpace(line)
		rest := regexp.MustCompile(`^- … (?:and|und) ([\d.,]+) (?:more|weitere)$`).FindStringSubmatch(line)
		if rest == nil {
			rest = counted.FindStringSubmatch(line)
		}
		switch {
		case rest == nil:
			t.Errorf("a line that no reader can count: %q", line)
		case rest[1] == "":
			sum++
		default:
			n, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "").Replace(rest[1]))
			if err != nil {
				t.Error(err)
			}
			sum += n
		}
		lines++
	}
	return sum, lines
}

// TestEveryEventIsCounted: whatever the events are, the title has their number,
// and so has the list below it, if there is one.
func TestEveryEventIsCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) // the same cases every time
	for _, locale := range []string{"en", "de"} {
		set := load(t, Options{Locale: locale})
		for _, event := range append(set.Events(), "SomethingNewHappened") {
			for range 4 {
				n, learners, others := 2+r.IntN(60)*r.IntN(30), 1+r.IntN(2000), 1+r.IntN(2000)
				if r.IntN(2) == 0 {
					learners = 1 + r.IntN(5)
				}
				if r.IntN(2) == 0 {
					others = 1 + r.IntN(5)
				}
				lean := r.IntN(3)
				var events []bridge.Facts
				for range n {
					person, other := r.IntN(learners), r.IntN(others)
					name := func(what string, i int) string {
						if lean == 0 || lean == 1 && i%2 == 0 {
							return ""
						}
						return what + " " + string(rune('A'+i%26)) + strings.Repeat("x", i%90)
					}
					events = append(events, occurrence(event, person, other, name("Person", person), name("Thing", other)))
				}
				m, err := together(t, set, events, nil)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(strings.NewReplacer(",", "", ".", "").Replace(m.Title), strconv.Itoa(n)) {
					t.Errorf("%s: %d events are called %q", event, n, m.Title)
				}
				sum, lines := tallied(t, m.Text)
				if lines > 0 && sum != n || lines > engine.MaxLines+1 {
					t.Errorf("%s: %d events, %d learners, %d things: %d lines count %d:\n%s", event, n, learners, others, lines, sum, m.Text)
				}
			}
		}
	}
}

// TestBursts is what a person reads of thousands of events.
func TestBursts(t *testing.T) {
	set := load(t, Options{})
	const event = "UserEnrolledInCourseByAdmin"
	burst := func(n int, learner, course func(i int) int) []bridge.Facts {
		events := make([]bridge.Facts, n)
		for i := range events {
			l, c := learner(i), course(i)
			events[i] = occurrence(event, l, c, fmt.Sprint("Learner ", l), fmt.Sprint("Course ", c))
		}
		return events
	}
	one := func(int) int { return 1 }
	each := func(i int) int { return i }
	three := func(i int) int { return i % 3 }
	courseOf := func(f bridge.Facts) string { return value.TextOf(value.Get(f, "event", "courseId")) }
	for name, c := range map[string]struct {
		events []bridge.Facts
		group  func(bridge.Facts) string
		title  string
		text   string
	}{
		"one course":             {burst(2000, each, one), nil, "2,000 enrollments", "- **Course 1**: 2,000"},
		"one learner":            {burst(2000, one, each), nil, "2,000 enrollments", "- **Learner 1**: 2,000"},
		"three learners":         {burst(2001, three, each), nil, "2,001 enrollments", "- **Learner 0**: 667\n- **Learner 1**: 667\n- **Learner 2**: 667"},
		"few of both":            {burst(9, three, func(i int) int { return i / 3 % 2 }), nil, "9 enrollments", "- **Course 0**: 6 (Learner 0, Learner 1 and Learner 2)\n- **Course 1**: 3 (Learner 0, Learner 1 and Learner 2)"},
		"one course, asked for":  {burst(2, each, one), courseOf, "2 enrollments: Course 1", "- **Learner 0**\n- **Learner 1**"},
		"many courses, asked":    {burst(4, each, func(i int) int { return i / 2 }), courseOf, "4 enrollments", "- **Course 0**: 2 (Learner 0 and Learner 1)\n- **Course 1**: 2 (Learner 2 and Learner 3)"},
		"by something of theirs": {burst(4, each, func(i int) int { return i / 2 }), func(bridge.Facts) string { return "Team *A*" }, "4 enrollments: Team *A*", "- **Course 0**: 2 (Learner 0 and Learner 1)\n- **Course 1**: 2 (Learner 2 and Learner 3)"},
	} {
		m, err := together(t, set, c.events, c.group)
		if err != nil || m.Title != c.title || strings.ReplaceAll(m.Text, `\`, "") != c.text {
			t.Errorf("%s: %q\n%s\n%v", name, m.Title, m.Text, err)
		}
	}
	m, err := together(t, set, burst(2000, each, each), nil)
	if sum, lines := tallied(t, m.Text); err != nil || sum != 2000 || lines != engine.MaxLines+1 || !strings.HasSuffix(m.Text, "- … and 1\\,980 more") {
		t.Errorf("2,000 of everything: %d in %d lines, %v:\n%s", sum, lines, err, m.Text)
	}
}

// TestNoSinkCutsADigest: the count of the rest stands at the end, and arrives
// whatever the names are.
func TestNoSinkCutsADigest(t *testing.T) {
	set := load(t, Options{})
	for _, c := range append(sinktest.Hostile(), sinktest.Ordinary()...) {
		for _, types := range [][]string{{"UserEnrolledInCourseByAdmin"}, {"UserCreated", "GroupDeleted", "CertificateAwarded"}, append(set.Events(), c.Message.Title)} {
			var events []bridge.Facts
			for i := range 40 * len(types) {
				name := c.Message.Title
				events = append(events, occurrence(types[i%len(types)], i, i, name+fmt.Sprint(i), fmt.Sprint(i)+name))
			}
			m, err := together(t, set, events, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Text) == 0 {
				t.Errorf("%s: %d types say nothing", c.Name, len(types))
			}
			m.To = []string{"a@example.com"}
			m.Title = "a title"
			for name, kind := range sinks.Types() {
				if name == "pushover" {
					continue // its messages are shorter than a digest, as its page says
				}
				sink, err := kind.New(kit.Setup{Name: name, Settings: kind.Example})
				if err != nil {
					t.Fatal(err)
				}
				if p, err := sink.Encode(m); err != nil || len(p.Shortened) > 0 {
					t.Errorf("%s, %d types: %s cuts %v, %v:\n%s", c.Name, len(types), name, p.Shortened, err, m.Text)
				}
			}
		}
	}
}

func TestSections(t *testing.T) {
	set := load(t, Options{})
	var events []bridge.Facts
	for i := range 30 {
		e := occurrence("UserCreated", i, 1, fmt.Sprint("Person ", i), "Rigging")
		value.Get(e, "event").(map[string]any)["occurredAt"] = fmt.Sprintf("2026-11-23T14:%02d:00Z", 59-i)
		events = append(events, e)
	}
	events = append(events, occurrence("DepartmentDeleted", 1, 3, "", "Cranes"))
	events = append(events, occurrence("CertificateAwarded", 1, 3, "Mira", "Ropes"), occurrence("CertificateAwarded", 2, 3, "Tomás", "Ropes"))
	m, err := together(t, set, events, nil)
	const want = "**Department Cranes was deleted**\n\n**30 people joined**\n\n- **Rigging**: 30\n\n**2 certificates awarded**\n\n- **Ropes**: 2 (Mira and Tomás)"
	if err != nil || m.Title != "33 events" || m.Text != want || m.Level != bridge.LevelWarning {
		t.Errorf("%v %+v", err, m)
	}
	if m.Footer != "23 Nov 2026, 14:00 – 23 Nov 2026, 14:59" || m.Time.Minute() != 59 {
		t.Errorf("from %q to %v", m.Footer, m.Time)
	}
	m, err = together(t, set, events[30:31], nil)
	if err != nil || m.Title != "Department Cranes was deleted" {
		t.Errorf("one alone: %v %+v", err, m)
	}
	// So many types that not even their titles fit.
	events = nil
	for i := range 300 {
		events = append(events, occurrence(fmt.Sprintf("Thing%dHappened", i), 1, 1, "", ""))
	}
	m, err = together(t, set, events, nil)
	shown := strings.Count(m.Text, "**") / 2
	if err != nil || m.Title != "300 events" || !strings.HasSuffix(m.Text, fmt.Sprintf("… and %d more", 300-shown)) || shown < 10 {
		t.Errorf("%v %+v", err, m)
	}
}

// TestLargeDigestsOfOwnWording: functions may hand on all of a digest's events.
func TestLargeDigestsOfOwnWording(t *testing.T) {
	dir := folder(t, map[string]string{"own.yaml": `event: Own
message: { title: x }
digest:
  title: '{{ .count }}'
  text: |
    {{ range limit 2 .groups }}
    - {{ .name }} {{ len .events }}{{ end }}
    {{ with more 2 .groups }}- {{ . }}{{ end }}
`})
	set := load(t, Options{Dir: dir})
	var events []bridge.Facts
	for i := range 5000 {
		e := occurrence("Own", i, i%3, strings.Repeat("n", 500), "Course "+strconv.Itoa(i%3))
		e["user"].(map[string]any)["notes"] = strings.Repeat("n", 2000)
		events = append(events, e)
	}
	m, err := together(t, set, events, nil)
	if err != nil || m.Title != "5000" || !strings.HasPrefix(m.Text, "- Course 0 1667\n- Course 1 1667\n") || !strings.HasSuffix(m.Text, `- … and 1\,666 more`) {
		t.Errorf("%v %+v", err, m)
	}
}
