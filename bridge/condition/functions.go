package condition

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// call is the code of a function or an operator. It first takes its cost off the
// budget.
type call func(b *budget.Budget, args []any) (any, error)

// function is a function that expressions may call.
type function struct {
	call call // has as many arguments as the type says
	kind any  // a nil function of its type, for the check
}

// functions are all functions that expressions may call, except the predicates. For
// nothing they return nothing.
func functions() map[string]function {
	all := map[string]function{
		"lower": {words(strings.ToLower), new(func(any) string)},
		"upper": {words(strings.ToUpper), new(func(any) string)},
		"trim":  {words(strings.TrimSpace), new(func(any) string)},
		"text":  {words(func(s string) string { return s }), new(func(any) string)},
		"like":  {like, new(func(any, string) bool)},

		"number": {number, new(func(any) float64)},
		"len":    {length, new(func(any) int)},
		"get":    {get, new(func(any, any) any)},
		"first":  {first, new(func(any) any)},

		"now":      {func(*budget.Budget, []any) (any, error) { return time.Now(), nil }, new(func() time.Time)},
		"date":     {date, new(func(any) time.Time)},
		"duration": {duration, new(func(any) time.Duration)},
	}
	for name, f := range value.Words() {
		all[name] = function{
			func(b *budget.Budget, args []any) (any, error) {
				if err := f.Cost(b, args); err != nil {
					return nil, err
				}
				return orNothing(value.TextOf(f.Call(args[0]))), nil
			}, new(func(any) string),
		}
	}
	return all
}

// predicates are the language's own functions over lists.
func predicates() []string {
	return []string{"all", "any", "none", "one", "count", "filter", "map", "find"}
}

// words makes a function of texts.
func words(f func(string) string) call {
	return func(b *budget.Budget, args []any) (any, error) {
		if err := value.ChargeText(b, 4, args...); err != nil || args[0] == nil {
			return nil, err
		}
		return f(value.TextOf(args[0])), nil
	}
}

func orNothing(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// number reads a number, also from a text; otherwise it returns nothing.
func number(_ *budget.Budget, args []any) (any, error) {
	if n, ok := value.Exact(args[0]); ok {
		return n, nil
	}
	return nil, nil
}

func length(b *budget.Budget, args []any) (any, error) {
	if s, is := args[0].(string); is {
		if err := b.Read(len(s), 1); err != nil {
			return nil, err
		}
	}
	return float64(value.Length(args[0])), nil
}

// get returns the value at a key or a position.
func get(b *budget.Budget, args []any) (any, error) {
	if err := value.ChargeText(b, 1, args[1]); err != nil {
		return nil, err
	}
	return value.Index(args[0], args[1]), nil
}

func first(b *budget.Budget, args []any) (any, error) {
	all, err := items(b, args[0])
	if len(all) == 0 {
		return nil, err
	}
	return value.Plain(all[0]), nil
}

// items returns the list in a value.
func items(b *budget.Budget, v any) ([]any, error) {
	if m, is := v.(map[string]any); is {
		const aKey = 64
		if err := cmp.Or(b.Steps(len(m)), b.Bytes(len(m), aKey)); err != nil {
			return nil, err
		}
	}
	return value.Items(v), nil
}

// date reads a time as Absorb writes it; otherwise it returns nothing.
func date(b *budget.Budget, args []any) (any, error) {
	if t, ok := args[0].(time.Time); ok {
		return t, nil
	}
	if err := value.ChargeText(b, 4, args[0]); err != nil {
		return nil, err
	}
	if t, ok := value.TimeOf(args[0]); ok {
		return t, nil
	}
	return nil, nil
}

// duration reads 90s, 15m, 12h, 30d, and the durations that Absorb writes.
func duration(b *budget.Budget, args []any) (any, error) {
	if d, ok := args[0].(time.Duration); ok {
		return d, nil
	}
	if err := value.ChargeText(b, 8, args[0]); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(value.TextOf(args[0]))
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && -36500 < n && n < 36500 {
			return time.Duration(n * float64(24*time.Hour)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	if d, ok := value.SpanOf(text); ok {
		return d, nil
	}
	return nil, nil
}
