package value

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// Cost takes what a call will need off the budget, by its arguments. Of a budget's
// bytes it takes no less than the call allocates.
type Cost func(b *budget.Budget, args []any) error

// maxNesting bounds how deep lists and mappings may lie within each other where
// something goes through all of them.
const maxNesting = 64

var errNested = errors.New("has lists or mappings that are nested more than 64 deep")

// Free is the cost of functions whose work does not grow with their arguments.
func Free(*budget.Budget, []any) error { return nil }

// Texts is the cost of reading all arguments as texts, and of a result that is so
// many times as long.
func Texts(times int) Cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if _, err := textCost(b, arg, times, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// AllTexts is the cost of reading the elements of each list as texts.
func AllTexts(times int) Cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if _, err := ReadTexts(b, Items(arg), times); err != nil {
				return err
			}
		}
		return nil
	}
}

// ReadTexts takes the cost of the texts of all elements, so many times, and gives
// their length.
func ReadTexts(b *budget.Budget, all []any, times int) (length int, err error) {
	for _, element := range all {
		n, err := textCost(b, element, times, 0)
		if length += n; err != nil {
			return 0, err
		}
	}
	return length, nil
}

// ReadText takes the cost of a value's text, so many times, and gives its length.
func ReadText(b *budget.Budget, v any, times int) (length int, err error) {
	return textCost(b, v, times, 0)
}

func textCost(b *budget.Budget, v any, times, depth int) (length int, err error) {
	const aNumber, aLargeNumber = 32, 320
	switch v := Plain(v).(type) {
	case nil, bool:
	case string:
		length = len(v)
	case json.Number:
		length = len(v)
	case map[string]any:
		return readName(b, v, times)
	case []any:
		return readList(b, v, times, depth)
	case float64:
		length = aNumber
		if math.Abs(v) > 1e15 {
			length = aLargeNumber
		}
	case int64:
		length = aNumber
	case Sized:
		length = v.Size()
	default:
		length = aNumber
	}
	return length, cmp.Or(b.Read(length, 1), b.Bytes(length+2, times))
}

// readName is textCost of a mapping, whose text is its name.
func readName(b *budget.Budget, m map[string]any, times int) (length int, err error) {
	for _, key := range []string{"firstName", "lastName", "name", "courseName", "fullName", "username", "id"} {
		part := m[key]
		if !isScalar(part) {
			continue
		}
		if name, is := part.(string); is {
			part = bridge.Cut(name, maxName)
		}
		n, err := textCost(b, part, times, 0)
		if length += n; err != nil {
			return 0, err
		}
	}
	return length, nil
}

// readList is textCost of a list, which is written as far as a value goes.
func readList(b *budget.Budget, all []any, times, depth int) (length int, err error) {
	const putTogether = 8 // what a text of many allocates for each byte, while it grows
	if depth == maxNesting {
		return 0, errNested
	}
	if err := b.Steps(1); err != nil {
		return 0, err
	}
	for _, element := range all {
		n, err := textCost(b, element, times, depth+1)
		if length += n + len(", "); err != nil {
			return 0, err
		}
		if length > MaxText {
			break
		}
	}
	if depth == 0 {
		err = b.Bytes(length, putTogether)
	}
	return length, err
}

// PerElement is the cost of going through lists and mappings, and of a result with so
// many bytes for each of their elements.
func PerElement(each int) Cost {
	const aKey = 48 // to find the list of a page
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			n := 0
			switch v := Plain(arg).(type) {
			case []any:
				n = len(v)
			case map[string]any:
				if err := b.Bytes(len(v), aKey); err != nil {
					return err
				}
				n = len(v) + len(Items(v))
			case string:
				n = len(v) / 64
			}
			if err := cmp.Or(b.Steps(1+n/4), b.Bytes(n, each)); err != nil {
				return err
			}
		}
		return nil
	}
}

// Entire is the cost of reading all that is in the arguments, and of a result that
// is so many times as large.
func Entire(times int) Cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if err := wholeCost(b, arg, times, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// ReadWhole takes the cost of all that is in a value, so many times.
func ReadWhole(b *budget.Budget, v any, times int) error { return wholeCost(b, v, times, 0) }

func wholeCost(b *budget.Budget, v any, times, depth int) error {
	const anElement = 32
	v = Plain(v)
	switch c := v.(type) {
	case map[string]any:
		if depth == maxNesting {
			return errNested
		}
		for key, element := range c {
			if err := b.Bytes(anElement+len(key), times); err != nil {
				return err
			}
			if err := wholeCost(b, element, times, depth+1); err != nil {
				return err
			}
		}
		return b.Steps(1 + len(c)/4)
	case []any:
		if depth == maxNesting {
			return errNested
		}
		for _, element := range c {
			if err := b.Bytes(anElement, times); err != nil {
				return err
			}
			if err := wholeCost(b, element, times, depth+1); err != nil {
				return err
			}
		}
		return b.Steps(1 + len(c)/4)
	}
	_, err := textCost(b, v, times, depth)
	return err
}

// Cutting is the cost of a function that is never given a text longer than a value of
// a message can be: it cuts the arguments.
func Cutting(c Cost) Cost {
	return func(b *budget.Budget, args []any) error {
		for i, arg := range args {
			if long, is := arg.(string); is && len(long) > MaxText {
				args[i] = bridge.Cut(long, MaxText)
			}
		}
		return c(b, args)
	}
}

// Sum is the sum of costs.
func Sum(all ...Cost) Cost {
	return func(b *budget.Budget, args []any) error {
		for _, one := range all {
			if err := one(b, args); err != nil {
				return err
			}
		}
		return nil
	}
}

// After is the cost of the arguments behind the first few.
func After(n int, c Cost) Cost {
	return func(b *budget.Budget, args []any) error { return c(b, args[min(n, len(args)):]) }
}

// ofCode is the cost of texts, or of the ones below a key of mappings.
func ofCode(key string, times int) Cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if _, err := textCost(b, CodeOf(arg, key), times, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// Comparing is the cost of comparisons: lists and mappings are compared whole.
func Comparing(b *budget.Budget, args []any) error { return Entire(1)(b, args) }

// Charge takes the cost of reading all that is in values off a budget, and of a copy
// of it so many times.
func Charge(b *budget.Budget, times int, values ...any) error { return Entire(times)(b, values) }

// ChargeText is Charge for reading the values as texts.
func ChargeText(b *budget.Budget, times int, values ...any) error { return Texts(times)(b, values) }
