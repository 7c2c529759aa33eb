package condition

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/expr-lang/expr/types"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func portal(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile("../render/testdata/portal.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

var id = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func resourceOf(path string) string {
	path, _, _ = strings.Cut(id.ReplaceAllString(path, "*"), "?")
	return path
}

func (s Schema) shapeOf(part string) (types.Map, bool) {
	shape, ok := s.parts[part].(types.Map)
	return shape, ok
}

// FuzzCondition: any text compiles or has a fault inside it, and what compiles
// runs on any facts without a panic.
func FuzzCondition(f *testing.F) {
	s := schema(f)
	for _, expression := range []string{
		`course.name contains "Safety" && (enrollment.score ?? 100) < 80`, `any(competencies, .name == "Ropes")`,
		`let n = course.name; n + "x" in map(event.body.list, # + n)`, `-event.body.n ** 2 % 3 <= number("1") ? !true : nil`,
		`date(enrollment.dateDue) - now() > duration("1d") * 3`, `count(filter(event.body, {# > 1})) == 0`, `{"a": [1, b"x"]}.a[0]`,
		`if event.body.x { true } else { false }`, `event.body.x; course?.name matches "(?i)a+"`, `extras | first() | text() == "1"`,
	} {
		f.Add(expression, answers)
		f.Add(expression, `{"event": {"body": {"n": "x", "list": [null, {}], "x": []}}, "course": [], "enrollment": 3, "competencies": {"a": ["b"]}}`)
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		var facts bridge.Facts
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&facts) != nil {
			return
		}
		c, faults := s.Condition(expression)
		for _, fault := range faults {
			if fault.Offset < 0 || fault.Offset > len([]rune(expression)) || fault.Message == "" {
				t.Errorf("%q: fault %+v", expression, fault)
			}
		}
		if len(faults) == 0 {
			_, _ = c.Holds(facts)
		}
		if k, faults := s.Key(expression); len(faults) == 0 {
			_, _ = k.Of(facts)
		}
	})
}
