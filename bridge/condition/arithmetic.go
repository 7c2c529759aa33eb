package condition

import (
	"math"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

func add(b *budget.Budget, args []any) (any, error) {
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
		return join(b, a, args[1])
	}
	if text, ok := args[1].(string); ok {
		return join(b, args[0], text)
	}
	return arithmetic(func(a, b float64) float64 { return a + b })(b, args)
}

// join concatenates two texts, or a text and a number.
func join(b *budget.Budget, first, second any) (any, error) {
	one, err := textOrNothing(first)
	if err != nil {
		return nil, err
	}
	other, err := textOrNothing(second)
	if err != nil {
		return nil, err
	}
	length := len(one.(string)) + len(other.(string))
	if length > value.MaxText {
		return nil, mistake("the text is longer than 64 KiB")
	}
	if err := b.Bytes(length+16, 1); err != nil {
		return nil, err
	}
	return one.(string) + other.(string), nil
}

func subtract(b *budget.Budget, args []any) (any, error) {
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
	return arithmetic(func(a, b float64) float64 { return a - b })(b, args)
}

func multiply(b *budget.Budget, args []any) (any, error) {
	for i, v := range args {
		if d, ok := v.(time.Duration); ok {
			if n, isNumber := value.Numeric(args[1-i]); isNumber {
				return time.Duration(float64(d) * n), nil
			}
		}
	}
	return arithmetic(func(a, b float64) float64 { return a * b })(b, args)
}

// arithmetic calculates with two numbers. Without a value or a result, as in 1 / 0, the
// result is nothing.
func arithmetic(f func(a, b float64) float64) call {
	return func(_ *budget.Budget, args []any) (any, error) {
		if args[0] == nil || args[1] == nil {
			return nil, nil
		}
		a, okA := value.Numeric(args[0])
		b, okB := value.Numeric(args[1])
		if !okA || !okB {
			return nil, mismatch("calculated with", args[0], args[1])
		}
		n := f(a, b)
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, nil
		}
		return n, nil
	}
}
