package condition

import (
	"cmp"
	"encoding/json"
	"math"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// operators replace the language's own. Their names cannot be written in an expression.
func operators() map[string]call {
	order := func(test func(int) bool) call {
		return comparing(func(a, b any) (any, error) {
			if a == nil || b == nil {
				return false, nil
			}
			o, ok := compare(a, b)
			if !ok {
				return nil, mismatch("compared", a, b)
			}
			return test(o), nil
		})
	}
	return map[string]call{
		"<":  order(func(o int) bool { return o < 0 }),
		"<=": order(func(o int) bool { return o <= 0 }),
		">":  order(func(o int) bool { return o > 0 }),
		">=": order(func(o int) bool { return o >= 0 }),
		"==": comparing(func(a, b any) (any, error) { return equal(a, b), nil }),
		"!=": comparing(func(a, b any) (any, error) { return !equal(a, b), nil }),
		"in": contains,
		"+":  add, "-": subtract, "*": multiply,
		"/":  arithmetic(func(a, b float64) float64 { return a / b }),
		"%":  arithmetic(math.Mod),
		"**": arithmetic(math.Pow),
		"^":  arithmetic(math.Pow),

		getName:     get,
		truthName:   func(_ *budget.Budget, args []any) (any, error) { return truth(args[0]) },
		textName:    readable,
		listName:    list,
		negateName:  func(b *budget.Budget, args []any) (any, error) { return subtract(b, []any{0.0, args[0]}) },
		matchesName: matchesPattern,
	}
}

// comparing makes an operator from a comparison of two values. Lists and mappings are
// compared as a whole.
func comparing(f func(a, b any) (any, error)) call {
	return func(b *budget.Budget, args []any) (any, error) {
		if err := payComparison(b, args[0], args[1]); err != nil {
			return nil, err
		}
		return f(args[0], args[1])
	}
}

// payComparison takes the cost of a comparison off the budget.
func payComparison(b *budget.Budget, values ...any) error {
	copies := 0
	for _, v := range values {
		switch v.(type) {
		case json.Number: // too large for other types
			const attempts = 512
			if err := b.Bytes(1, attempts); err != nil {
				return err
			}
		case []any, map[string]any:
			copies = 1 // to remember what was compared
		}
	}
	return value.Charge(b, copies, values...)
}

// truth returns the truth value for !, &&, || and the conditions of lists.
func truth(v any) (any, error) {
	switch v := value.Plain(v).(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	}
	return nil, mistake(kindOf(v) + " is neither true nor false")
}

// readable prepares the operands of contains, startsWith, endsWith and matches.
func readable(b *budget.Budget, args []any) (any, error) {
	v, err := textOrNothing(args[0])
	if s, is := v.(string); is && err == nil {
		err = b.Read(len(s), 2)
	}
	return v, err
}

// matchesPattern reports whether a text matches a pattern.
func matchesPattern(b *budget.Budget, args []any) (any, error) {
	text, err := textOrNothing(args[0])
	if text == nil || err != nil {
		return false, err
	}
	return args[1].(*budget.Pattern).Match(b, text.(string))
}

// textOrNothing returns a text or a number as text.
func textOrNothing(v any) (any, error) {
	switch v := value.Plain(v).(type) {
	case nil, string:
		return v, nil
	case []any, map[string]any, time.Time, time.Duration:
		return nil, mistake("wants a text, has " + kindOf(v))
	}
	return value.TextOf(v), nil
}

// list prepares the list of a predicate.
func list(b *budget.Budget, args []any) (any, error) {
	if args[0] == nil {
		return []any{}, nil
	}
	found, err := items(b, args[0])
	if err != nil {
		return nil, err
	}
	if found == nil {
		switch args[0].(type) {
		case []any, map[string]any:
		default:
			return nil, mistake("wants a list, has " + kindOf(args[0]))
		}
	}
	const anElement = 24
	if err := cmp.Or(b.Steps(1+len(found)), b.Bytes(len(found), anElement)); err != nil {
		return nil, err
	}
	all := make([]any, len(found))
	for i, item := range found {
		all[i] = value.Plain(item)
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
	return value.Compare(a, b)
}

func equal(a, b any) bool {
	order, ok := compare(a, b)
	return ok && order == 0
}

// contains reports whether a list contains a value, or a mapping a key.
func contains(b *budget.Budget, args []any) (any, error) {
	v, in := args[0], args[1]
	if m, ok := in.(map[string]any); ok {
		if key, isText := v.(string); isText {
			if _, found := m[key]; found {
				return true, nil
			}
		}
	}
	found, err := items(b, in)
	if v == nil || err != nil {
		return false, err
	}
	for _, item := range found {
		item = value.Plain(item)
		if err := payComparison(b, v, item); err != nil {
			return nil, err
		}
		if equal(item, v) {
			return true, nil
		}
	}
	return false, nil
}

func mismatch(what string, a, b any) error {
	return mistake(kindOf(a) + " and " + kindOf(b) + " cannot be " + what)
}

// kindOf names a value's type as somebody who writes YAML would.
func kindOf(v any) string {
	switch value.Plain(v).(type) {
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
