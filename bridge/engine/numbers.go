package engine

import (
	"errors"
	"math"
	"strconv"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

var errByZero = errors.New("divides by 0")

// numberFunctions calculate. What is no number counts as 0.
func numberFunctions() map[string]function {
	wholes := func(f func(a, b int64) (int64, error)) any {
		return func(first any, others ...any) (any, error) {
			n := integerOf(first)
			for _, v := range others {
				var err error
				if n, err = f(n, integerOf(v)); err != nil {
					return nil, err
				}
			}
			return n, nil
		}
	}
	decimals := func(f func(a, b float64) float64) any {
		return func(first any, others ...any) (any, error) {
			n := decimalOf(first)
			for _, v := range others {
				n = tidyDecimal(f(n, decimalOf(v)))
			}
			if math.IsNaN(n) || math.IsInf(n, 0) {
				return nil, errors.New("has no result that is a number")
			}
			return n, nil
		}
	}
	always := func(f func(a, b int64) int64) any {
		return wholes(func(a, b int64) (int64, error) { return f(a, b), nil })
	}
	all := map[string]any{
		"add": always(func(a, b int64) int64 { return a + b }), "add1": func(n any) int64 { return integerOf(n) + 1 },
		"sub": always(func(a, b int64) int64 { return a - b }), "mul": always(func(a, b int64) int64 { return a * b }),
		"max": always(func(a, b int64) int64 { return max(a, b) }), "min": always(func(a, b int64) int64 { return min(a, b) }),
		"div": wholes(divide), "mod": wholes(remainder),
		"addf": decimals(func(a, b float64) float64 { return a + b }), "subf": decimals(func(a, b float64) float64 { return a - b }),
		"mulf": decimals(func(a, b float64) float64 { return a * b }), "divf": decimals(func(a, b float64) float64 { return a / b }),
		"maxf": decimals(math.Max), "minf": decimals(math.Min),
		"ceil": func(n any) float64 { return math.Ceil(decimalOf(n)) }, "floor": func(n any) float64 { return math.Floor(decimalOf(n)) },
		"round": round,
		"int":   integerOf, "int64": integerOf, "atoi": integerOf, "float64": decimalOf,
	}
	table := make(map[string]function, len(all))
	for name, f := range all {
		table[name] = function{f, value.Free}
	}
	return table
}

func divide(a, b int64) (int64, error) {
	if b == 0 {
		return 0, errByZero
	}
	return a / b, nil
}

func remainder(a, b int64) (int64, error) {
	if b == 0 {
		return 0, errByZero
	}
	return a % b, nil
}

// round rounds to a number of decimals.
func round(n any, decimals int) float64 {
	const most = 15 // more digits than a float64 has
	scale := math.Pow10(max(-most, min(decimals, most)))
	if f := decimalOf(n); math.Abs(f) < 1<<53 {
		return math.Round(f*scale) / scale
	}
	return decimalOf(n)
}

// integerOf is a value as a whole number; the decimals are cut off.
func integerOf(v any) int64 {
	if n, ok := value.Plain(v).(int64); ok {
		return n
	}
	return int64(decimalOf(v))
}

// decimalOf is a value as a number, 1 for true, and 0 for what is none.
func decimalOf(v any) float64 {
	if value.Plain(v) == true {
		return 1
	}
	n, _ := value.Numeric(v)
	return n
}

// tidyDecimal takes off what comes of calculating in binary: 0.1 + 0.2 is 0.3.
func tidyDecimal(f float64) float64 {
	tidy, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return f
	}
	return tidy
}
