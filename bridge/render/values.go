package render

import (
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/timestamp"
)

// What follows serves conditions, so that a value means there what it means in a
// template.

// Compare orders two values as the functions lt and gt do; ok is false when they
// have no order.
func Compare(a, b any) (order int, ok bool) { return compare(a, b) }

// Index follows a key or a position into a value. What is missing is nil.
func Index(v, key any) any { return index(v, key) }

// Items is the list in an answer: itself, or the one that a page holds.
func Items(answer any) []any { return items(answer) }

// Numeric reads a number, also from a text.
func Numeric(v any) (n float64, ok bool) { return numeric(v, true) }

// Exact reads a number as Numeric does, and keeps the digits of a whole one: it gives
// an int64 if that has room for it, else a float64.
func Exact(v any) (n any, ok bool) {
	f, ok := numeric(v, true)
	if !ok {
		return nil, false
	}
	if whole, isWhole := wholeOf(v); isWhole && whole.IsInt64() {
		return whole.Int64(), true
	}
	return f, true
}

// Plain gives a value in one of the types that templates meet: nil, string,
// bool, int64, float64, []any, map[string]any, or json.Number when its digits do
// not fit into the others.
func Plain(v any) any { return plain(v) }

// TextOf is how a value reads.
func TextOf(v any) string { return text(v) }

// Length is the number of a list's elements, a mapping's keys or a text's
// characters.
func Length(v any) int64 { return length(v) }

// TimeOf reads a time as package timestamp does. It is not ok when there is none, and
// for the year 1, by which .NET says so.
func TimeOf(v any) (t time.Time, ok bool) {
	value, ok := timestamp.Parse(text(v))
	if !ok || value.Year() <= 1 {
		return time.Time{}, false
	}
	return value.Time, true
}

// Words are the functions of templates that put a value into words, by name. Each
// takes its cost off the budget first.
func Words() map[string]func(*budget.Budget, any) (string, error) {
	table := wordFunctions(nil, nil)
	all := map[string]func(*budget.Budget, any) (string, error){}
	for name, words := range map[string]func(any) string{
		"name":   func(v any) string { return text(nameOf(v)) },
		"status": status, "activeStatus": activeStatus, "courseType": courseType,
		"plain": func(v any) string { return plainText(text(v)) },
	} {
		all[name] = func(b *budget.Budget, v any) (string, error) {
			args := []any{plain(v)}
			if err := table[name].cost(b, args); err != nil {
				return "", err
			}
			return words(args[0]), nil
		}
	}
	return all
}

// Charge takes the cost of reading all that is in values off a budget, and of a copy
// of it so many times.
func Charge(b *budget.Budget, times int, values ...any) error { return entire(times)(b, values) }

// ChargeText is Charge for reading the values as texts.
func ChargeText(b *budget.Budget, times int, values ...any) error { return texts(times)(b, values) }
