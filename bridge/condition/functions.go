package condition

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// function is one that expressions may call.
type function struct {
	call func(args []any) (any, error) // has as many arguments as the type says
	kind any                           // a nil function of its type, for the check
}

// functions are all that expressions may call, besides the predicates. What they
// make of nothing is nothing.
func functions() map[string]function {
	all := map[string]function{
		"lower": {words(strings.ToLower), new(func(any) string)},
		"upper": {words(strings.ToUpper), new(func(any) string)},
		"trim":  {words(strings.TrimSpace), new(func(any) string)},
		"text":  {words(func(s string) string { return s }), new(func(any) string)},
		"like":  {like, new(func(any, string) bool)},

		"number": {number, new(func(any) float64)},
		"len":    {func(args []any) (any, error) { return float64(render.Length(args[0])), nil }, new(func(any) int)},
		"get":    {func(args []any) (any, error) { return render.Index(args[0], args[1]), nil }, new(func(any, any) any)},
		"first":  {func(args []any) (any, error) { return first(args[0]), nil }, new(func(any) any)},

		"now":      {func([]any) (any, error) { return time.Now(), nil }, new(func() time.Time)},
		"date":     {date, new(func(any) time.Time)},
		"duration": {duration, new(func(any) time.Duration)},
	}
	for name, f := range render.Words() {
		all[name] = function{
			func(args []any) (any, error) { return orNothing(f(args[0])), nil }, new(func(any) string),
		}
	}
	return all
}

// predicates are the functions of the language itself that go through a list.
func predicates() []string {
	return []string{"all", "any", "none", "one", "count", "filter", "map", "find"}
}

// words makes a function of texts.
func words(f func(string) string) func([]any) (any, error) {
	return func(args []any) (any, error) {
		if args[0] == nil {
			return nil, nil
		}
		return f(render.TextOf(args[0])), nil
	}
}

func orNothing(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// like matches a whole text with a pattern of * and ?, in any case.
func like(args []any) (any, error) {
	pattern := regexp.QuoteMeta(render.TextOf(args[1]))
	pattern = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(pattern)
	re, err := regexp.Compile("(?is)^" + pattern + "$")
	if err != nil {
		return nil, mistake("the pattern cannot be used")
	}
	return args[0] != nil && re.MatchString(render.TextOf(args[0])), nil
}

// number reads a number, also from a text; what is none is nothing.
func number(args []any) (any, error) {
	if n, ok := render.Exact(args[0]); ok {
		return n, nil
	}
	return nil, nil
}

func first(list any) any {
	if all := render.Items(list); len(all) > 0 {
		return render.Plain(all[0])
	}
	return nil
}

// date reads a time as Absorb writes it; what is none is nothing.
func date(args []any) (any, error) {
	if t, ok := args[0].(time.Time); ok {
		return t, nil
	}
	if t, ok := render.TimeOf(args[0]); ok {
		return t, nil
	}
	return nil, nil
}

// duration reads 90s, 15m, 12h, 30d, and the spans that Absorb writes.
func duration(args []any) (any, error) {
	if d, ok := args[0].(time.Duration); ok {
		return d, nil
	}
	text := strings.TrimSpace(render.TextOf(args[0]))
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && -36500 < n && n < 36500 {
			return time.Duration(n * float64(24*time.Hour)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	if d, ok := render.SpanOf(text); ok {
		return d, nil
	}
	return nil, nil
}
