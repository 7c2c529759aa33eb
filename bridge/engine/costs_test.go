package engine

import (
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
)

// extremes are arguments that make functions work as much as they can.
func extremes() map[string]any {
	const long = 12 << 10
	numbers, texts, things, keys := make([]any, 2000), make([]any, 20), make([]any, 200), map[string]any{}
	for i := range numbers {
		numbers[i] = int64(i)
	}
	for i := range texts {
		texts[i] = strings.Repeat("x", long-i)
	}
	for i := range things {
		things[i] = map[string]any{"name": strings.Repeat("n", i), "id": strings.Repeat("i", i), "names": texts, "len": int64(i)}
		keys[strings.Repeat("k", i)+"Id"] = texts[i%len(texts)]
	}
	knot := []any{"x"}
	for range 40 {
		knot = []any{knot, knot}
	}
	return map[string]any{
		"text": strings.Repeat("<é\x01`_\"", long/8), "words": strings.Repeat("A b\n", long/4), "quotes": strings.Repeat("`", long), "verbs": strings.Repeat("%999d", 100),
		"html": strings.Repeat("<li>a", long/5), "pattern": strings.Repeat("(a|b)*", 150), "layout": strings.Repeat("January", 2000), "number": int64(1000), "huge": 1e300, "nothing": nil,
		"numbers": numbers, "texts": texts, "things": things, "keys": keys, "knot": knot, "page": map[string]any{"total": int64(9), "entries": things}, "path": "/%s", "kind": anyCourse,
	}
}

// calls are the calls of a function: each argument has been each of the extremes,
// beside several others.
func calls(f function, all map[string]any) (ways [][]any) {
	ft := reflect.TypeOf(f.call)
	n := ft.NumIn()
	if wantsScope(f.call) {
		n--
	}
	names := slices.Sorted(maps.Keys(all))
	for _, beside := range []string{"number", "things"} {
		for at := range n {
			for _, name := range names {
				args := slices.Repeat([]any{all[beside]}, n)
				args[at] = all[name]
				ways = append(ways, args)
				if ft.IsVariadic() && at == n-1 {
					ways = append(ways, append(args[:n:n], slices.Repeat([]any{all[name]}, 20)...))
				}
			}
		}
	}
	return ways
}

// unpaid is what a call may allocate without paying: what package regexp keeps for
// the next call, for example.
const unpaid = 64 << 10

// measured skips a test that measures allocations where the race detector adds its own.
func measured(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector empties pools and allocates, too")
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestEveryFunctionPays: no function allocates more than it takes off the budget,
// whatever it is given, and so a message takes no more than its budget. A new
// function cannot be left out.
func TestEveryFunctionPays(t *testing.T) {
	measured(t)
	all := extremes()
	facts := bridge.Facts{"event": all["keys"], "portal": "https://learning.example.com", "source": "s", "user": all["page"]}
	links := map[string]Links{"s": {anyCourse: strings.Repeat("/"+LinkID, 50)}}
	largest, most := "", 0
	for name, f := range functions(locale.NewClock(builtInWords(t), time.UTC, ""), links) {
		call := adapt(f)
		for _, args := range calls(f, all) {
			ctx := budget.With(t.Context(), budget.Message())
			s := NewScope(ctx, facts)
			paid, err := 0, error(nil)
			took := allocated(func() {
				_, err = call(s, slices.Clone(args))
				left, _ := s.budget.Left()
				paid = budget.Message().Bytes - left
			})
			if took > paid+unpaid {
				t.Errorf("%s %s allocated %d bytes and paid for %d (%v)", name, shapes(args), took, paid, err)
			}
			if took > most {
				most, largest = took, name+" "+shapes(args)
			}
		}
	}
	t.Logf("the most is %d KiB, of %s", most>>10, largest)
}

// TestEveryPrinterPays does the same for the ways of printing.
func TestEveryPrinterPays(t *testing.T) {
	measured(t)
	for name, p := range printers(escapes()) {
		for _, v := range extremes() {
			s := NewScope(budget.With(t.Context(), budget.Message()), nil)
			paid := 0
			took := allocated(func() {
				_, _ = p.charged(escaping(name))(s, v)
				left, _ := s.budget.Left()
				paid = budget.Message().Bytes - left
			})
			if took > paid+unpaid {
				t.Errorf("%s of %s allocated %d bytes and paid for %d", name, shapes([]any{v}), took, paid)
			}
		}
	}
}

// shapes describes arguments without showing them.
func shapes(args []any) string {
	var all []string
	for _, arg := range args[:min(4, len(args))] {
		switch v := arg.(type) {
		case string:
			all = append(all, "text "+v[:min(8, len(v))])
		default:
			all = append(all, reflect.TypeOf(&v).Elem().String()+" of "+reflect.ValueOf(v).Kind().String())
		}
	}
	return strings.Join(all, ", ")
}
