package condition

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

const (
	maxText  = 64 << 10 // bytes of a text that is put together
	maxSteps = 200_000  // elements of lists that one evaluation goes through
)

// steps counts what one evaluation goes through.
type steps struct{ n int }

// operators stand in the place of the language's own. The names cannot be
// written in an expression.
func operators() map[string]func(args ...any) (any, error) {
	order := func(test func(int) bool) func(...any) (any, error) {
		return func(args ...any) (any, error) {
			if args[0] == nil || args[1] == nil {
				return false, nil
			}
			o, ok := compare(args[0], args[1])
			if !ok {
				return nil, mismatch("compared", args)
			}
			return test(o), nil
		}
	}
	return map[string]func(...any) (any, error){
		"<":  order(func(o int) bool { return o < 0 }),
		"<=": order(func(o int) bool { return o <= 0 }),
		">":  order(func(o int) bool { return o > 0 }),
		">=": order(func(o int) bool { return o >= 0 }),
		"==": func(args ...any) (any, error) { return equal(args[0], args[1]), nil },
		"!=": func(args ...any) (any, error) { return !equal(args[0], args[1]), nil },
		"in": func(args ...any) (any, error) { return contains(args[1], args[0]), nil },
		"+":  add, "-": subtract, "*": multiply,
		"/":  arithmetic(func(a, b float64) float64 { return a / b }),
		"%":  arithmetic(math.Mod),
		"**": arithmetic(math.Pow),
		"^":  arithmetic(math.Pow),

		getName:    func(args ...any) (any, error) { return render.Index(args[0], args[1]), nil },
		truthName:  func(args ...any) (any, error) { return truth(args[0]) },
		textName:   func(args ...any) (any, error) { return textOrNothing(args[0]) },
		listName:   list,
		negateName: func(args ...any) (any, error) { return subtract(0.0, args[0]) },
	}
}

// truth is what !, &&, || and the conditions of lists go by.
func truth(v any) (any, error) {
	switch v := render.Plain(v).(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	}
	return nil, mistake(kindOf(v) + " is neither true nor false")
}

// textOrNothing prepares what contains, startsWith, endsWith and matches work on.
func textOrNothing(v any) (any, error) {
	switch v := render.Plain(v).(type) {
	case nil, string:
		return v, nil
	case []any, map[string]any, time.Time, time.Duration:
		return nil, mistake("wants a text, has " + kindOf(v))
	}
	return render.TextOf(v), nil
}

// list prepares what a predicate goes through, and counts it.
func list(args ...any) (any, error) {
	count, _ := args[0].(*steps)
	if args[1] == nil {
		return []any{}, nil
	}
	items := render.Items(args[1])
	if items == nil {
		switch args[1].(type) {
		case []any, map[string]any:
		default:
			return nil, mistake("wants a list, has " + kindOf(args[1]))
		}
	}
	if count.n += len(items); count.n > maxSteps {
		return nil, mistake("goes through too many elements")
	}
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = render.Plain(item)
	}
	return all, nil
}

func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case time.Time:
		b, ok := b.(time.Time)
		return a.Compare(b), ok
	case time.Duration:
		b, ok := b.(time.Duration)
		return cmp.Compare(a, b), ok
	}
	return render.Compare(a, b)
}

func equal(a, b any) bool {
	order, ok := compare(a, b)
	return ok && order == 0
}

// contains tells whether a list holds a value, or a mapping a key.
func contains(in, v any) bool {
	if m, ok := in.(map[string]any); ok {
		if key, isText := v.(string); isText {
			if _, found := m[key]; found {
				return true
			}
		}
	}
	for _, item := range render.Items(in) {
		if v != nil && equal(render.Plain(item), v) {
			return true
		}
	}
	return false
}

func add(args ...any) (any, error) {
	if args[0] == nil || args[1] == nil {
		return nil, nil
	}
	switch a := args[0].(type) {
	case time.Time:
		if d, ok := args[1].(time.Duration); ok {
			return a.Add(d), nil
		}
	case time.Duration:
		switch b := args[1].(type) {
		case time.Duration:
			return a + b, nil
		case time.Time:
			return b.Add(a), nil
		}
	case string:
		return join(a, args[1])
	}
	if b, ok := args[1].(string); ok {
		return join(args[0], b)
	}
	return arithmetic(func(a, b float64) float64 { return a + b })(args...)
}

// join puts two texts together, or a text and a number.
func join(a, b any) (any, error) {
	s := strings.Builder{}
	for _, v := range []any{a, b} {
		t, err := textOrNothing(v)
		if err != nil {
			return nil, err
		}
		s.WriteString(t.(string))
	}
	if s.Len() > maxText {
		return nil, mistake("the text is longer than 64 KiB")
	}
	return s.String(), nil
}

func subtract(args ...any) (any, error) {
	switch a := args[0].(type) {
	case time.Time:
		switch b := args[1].(type) {
		case time.Time:
			return a.Sub(b), nil
		case time.Duration:
			return a.Add(-b), nil
		}
	case time.Duration:
		if b, ok := args[1].(time.Duration); ok {
			return a - b, nil
		}
	}
	return arithmetic(func(a, b float64) float64 { return a - b })(args...)
}

func multiply(args ...any) (any, error) {
	for i, v := range args {
		if d, ok := v.(time.Duration); ok {
			if n, isNumber := render.Numeric(args[1-i]); isNumber {
				return time.Duration(float64(d) * n), nil
			}
		}
	}
	return arithmetic(func(a, b float64) float64 { return a * b })(args...)
}

// arithmetic calculates with two numbers. With nothing it gives nothing, and so
// it does where there is no result, as in 1 / 0.
func arithmetic(f func(a, b float64) float64) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		if args[0] == nil || args[1] == nil {
			return nil, nil
		}
		a, okA := render.Numeric(args[0])
		b, okB := render.Numeric(args[1])
		if !okA || !okB {
			return nil, mismatch("calculated with", args)
		}
		n := f(a, b)
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, nil
		}
		return n, nil
	}
}

func mismatch(what string, args []any) error {
	return mistake(kindOf(args[0]) + " and " + kindOf(args[1]) + " cannot be " + what)
}

// kindOf names a value's type as one who writes YAML would.
func kindOf(v any) string {
	switch render.Plain(v).(type) {
	case nil:
		return "nothing"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	case time.Time:
		return "a time"
	case time.Duration:
		return "a duration"
	}
	return "a number"
}
