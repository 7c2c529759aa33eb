package condition

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// TestCostIsBounded: a condition that is made to use up the machine ends, and says why.
func TestCostIsBounded(t *testing.T) {
	s, f := schema(t), facts(t, answers)
	many := make([]any, 5000)
	for i := range many {
		many[i] = json.Number("1")
	}
	f["extras"] = many
	f["course"].(map[string]any)["description"] = strings.Repeat("a", 1<<20)
	doubling := `let a0 = "xxxxxxxxxxxxxxxx"; `
	for i := range 30 {
		doubling += fmt.Sprintf("let a%d = a%d + a%d; ", i+1, i, i)
	}
	const ten, memory, steps = "[1,2,3,4,5,6,7,8,9,10]", "takes more than the 8 MiB of memory that a condition may take", "takes more than the 200000 steps that a condition may take"
	text := `let a="` + strings.Repeat("x", 500) + `"; let b=a+a; let c=b+b; let d=c+c; let e=d+d; let f=e+e; `
	for expression, want := range map[string]string{
		`all(extras, all(extras, all(extras, true)))`:                                 steps,
		`len(map(extras, map(extras, 1))) == 1`:                                       "makes lists of more than 100000 elements",
		doubling + `a30 == ""`:                                                        "longer than 64 KiB",
		text + `len(map(` + ten + `, map(` + ten + `, map(` + ten + `, f+f)))) == 10`: memory,
		`any(extras, course.description contains "b")`:                                steps,
		`any(extras, course.description matches "(a|b)*c")`:                           steps,
		`any(extras, like(course.description, "*a*b*c?d*"))`:                          memory,
		`all(extras, extras in [extras, extras, extras])`:                             "takes more than",
		`any(extras, upper(course.description) == "")`:                                memory,
		`any(extras, lower(plain(course.description)) == "")`:                         memory,
		`all(extras, extras == extras)`:                                               "takes more than",
	} {
		c, faults := s.Condition(expression)
		if len(faults) > 0 {
			t.Fatal(expression, faults)
		}
		if _, err := c.Holds(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", expression, err, want)
		}
	}
}

// TestLargePatterns: a pattern whose program would be large is refused when it is loaded.
func TestLargePatterns(t *testing.T) {
	s := schema(t)
	for _, pattern := range []string{"((a{100}){10}){10}", strings.Repeat("a{9}", 240) + "{9}", strings.Repeat("a", 1001)} {
		if _, faults := s.Condition(`course.name matches "` + pattern + `"`); len(faults) != 1 || !strings.HasPrefix(faults[0].Message, "the pattern ") {
			t.Errorf("%.40s: %v", pattern, faults)
		}
	}
}

// TestEveryCallPays: no function and no operator allocates more than it takes off the
// budget, whatever it is given. A new one cannot be left out.
func TestEveryCallPays(t *testing.T) {
	const long = 16 << 10
	numbers, deep, keys := make([]any, 2000), []any{"x"}, map[string]any{}
	for i := range numbers {
		numbers[i] = json.Number(fmt.Sprint(i))
		keys[fmt.Sprint("key", i, "Id")] = strings.Repeat("v", i)
	}
	for range 40 {
		deep = []any{deep, deep}
	}
	pattern, err := budget.NewPattern("(a|b)*c{30}")
	if err != nil {
		t.Fatal(err)
	}
	extremes := []any{
		strings.Repeat("<li>a", long/5), strings.Repeat("é ", long/3), strings.Repeat("?*", long/2), numbers, slices.Repeat([]any{strings.Repeat("x", long)}, 20), deep, keys,
		map[string]any{"name": strings.Repeat("n", long), "status": strings.Repeat("S", long), "list": numbers}, 1e300, int64(3), json.Number("12345678901234567890"), true, nil, time.Now(), time.Hour,
	}
	calls := operators()
	for name, f := range functions() {
		calls[name] = f.call
		if reflect.TypeOf(f.kind).Elem().NumIn() > 2 {
			t.Errorf("%s has more arguments than this test gives", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		for _, a := range extremes {
			for _, b := range extremes {
				args := []any{nil, a, b}
				if name == matchesName {
					args[2] = pattern
				}
				pays(t, name, calls[name], args)
			}
		}
	}
}

func pays(t *testing.T, name string, f call, args []any) {
	t.Helper()
	left := budget.New(t.Context(), budget.Condition())
	args[0] = left
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := f.paid(args...)
	runtime.ReadMemStats(&after)
	bytes, _ := left.Left()
	const unpaid = 64 << 10 // as package regexp keeps for the next call
	if took, paid := int(after.TotalAlloc-before.TotalAlloc), budget.Condition().Bytes-bytes; took > paid+unpaid {
		t.Errorf("%s of %T and %T allocated %d bytes and paid for %d (%v)", name, args[1], args[2], took, paid, err)
	}
}

// TestLike compares like with a regular expression of the same meaning.
func TestLike(t *testing.T) {
	texts := []string{"", "a", "A", "ab", "aab", "abab", "Straße", "ſtraßE", "aXbXc", "ééé", "a*b", "a?b", "K", "\n", "a\nb", "\xff", "aaaaaaab"}
	patterns := []string{"", "*", "?", "a", "a*", "*a", "*b*", "a*b", "?*?", "*?b", "**", "*a?*", "a*b*c", "STRASSE", "straße", "?traße", "é?É", "*a*a*a*b", "k", "a?b", "*é", "b*b", "ab*ab"}
	for _, text := range texts {
		for _, p := range patterns {
			same := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(p))
			want := regexp.MustCompile("(?is)^" + same + "$").MatchString(text)
			got, err := like(budget.New(t.Context(), budget.Condition()), []any{text, p})
			if err != nil || got != want {
				t.Errorf("like(%q, %q) is %v, %v; want %v", text, p, got, err, want)
			}
		}
	}
}

// TestLikeIsLinear: twice the stars are not twice the steps.
func TestLikeIsLinear(t *testing.T) {
	text := strings.Repeat("a", 20_000)
	took := func(stars int) int {
		b := budget.New(t.Context(), budget.Condition())
		if _, err := like(b, []any{text, strings.Repeat("*a", stars) + "b"}); err != nil {
			t.Fatal(err)
		}
		_, left := b.Left()
		return budget.Condition().Steps - left
	}
	if few, many := took(10), took(1000); many > 2*few {
		t.Errorf("10 stars take %d steps, 1,000 take %d", few, many)
	}
}
