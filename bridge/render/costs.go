package render

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// cost takes what a call will need off the budget, by its arguments. Of a budget's
// bytes it takes no less than the call allocates.
type cost func(b *budget.Budget, args []any) error

// maxNesting bounds how deep lists and mappings may lie within each other where
// something goes through all of them.
const maxNesting = 64

var errNested = errors.New("has lists or mappings that are nested more than 64 deep")

// nothing is the cost of functions whose work does not grow with their arguments.
func nothing(*budget.Budget, []any) error { return nil }

// texts is the cost of reading all arguments as texts, and of a result that is so
// many times as long.
func texts(times int) cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if _, err := readText(b, arg, times, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// allTexts is the cost of reading the elements of each list as texts.
func allTexts(times int) cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if _, err := readTexts(b, items(arg), times); err != nil {
				return err
			}
		}
		return nil
	}
}

// readTexts takes the cost of the texts of all elements, so many times, and gives
// their length.
func readTexts(b *budget.Budget, all []any, times int) (length int, err error) {
	for _, element := range all {
		n, err := readText(b, element, times, 0)
		if length += n; err != nil {
			return 0, err
		}
	}
	return length, nil
}

// readText takes the cost of a value's text, so many times, and gives its length.
func readText(b *budget.Budget, v any, times, depth int) (length int, err error) {
	const aNumber, aLargeNumber = 32, 320
	switch v := plain(v).(type) {
	case nil, bool:
	case string:
		length = len(v)
	case json.Number:
		length = len(v)
	case JSON:
		length = len(v)
	case Markdown:
		length = len(v.source) + len(v.plain)
	case map[string]any:
		return readName(b, v, times)
	case []any:
		return readList(b, v, times, depth)
	case float64:
		length = aNumber
		if math.Abs(v) > 1e15 {
			length = aLargeNumber
		}
	default:
		length = aNumber
	}
	return length, cmp.Or(b.Read(length, 1), b.Bytes(length+2, times))
}

// readName is readText of a mapping, whose text is its name.
func readName(b *budget.Budget, m map[string]any, times int) (length int, err error) {
	for _, key := range []string{"firstName", "lastName", "name", "courseName", "fullName", "username", "id"} {
		part := m[key]
		if !isScalar(part) {
			continue
		}
		if name, is := part.(string); is {
			part = bridge.Cut(name, maxName)
		}
		n, err := readText(b, part, times, 0)
		if length += n; err != nil {
			return 0, err
		}
	}
	return length, nil
}

// readList is readText of a list, which is written as far as a value goes.
func readList(b *budget.Budget, all []any, times, depth int) (length int, err error) {
	const putTogether = 8 // what a text of many allocates for each byte, while it grows
	if depth == maxNesting {
		return 0, errNested
	}
	if err := b.Steps(1); err != nil {
		return 0, err
	}
	for _, element := range all {
		n, err := readText(b, element, times, depth+1)
		if length += n + len(", "); err != nil {
			return 0, err
		}
		if length > maxOutput {
			break
		}
	}
	if depth == 0 {
		err = b.Bytes(length, putTogether)
	}
	return length, err
}

// perElement is the cost of going through lists and mappings, and of a result with so
// many bytes for each of their elements.
func perElement(each int) cost {
	const aKey = 48 // to find the list of a page
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			n := 0
			switch v := plain(arg).(type) {
			case []any:
				n = len(v)
			case map[string]any:
				if err := b.Bytes(len(v), aKey); err != nil {
					return err
				}
				n = len(v) + len(items(v))
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

// entire is the cost of reading all that is in the arguments, and of a result that
// is so many times as large.
func entire(times int) cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if err := readWhole(b, arg, times, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

func readWhole(b *budget.Budget, v any, times, depth int) error {
	const anElement = 32
	v = plain(v)
	switch c := v.(type) {
	case map[string]any:
		if depth == maxNesting {
			return errNested
		}
		for key, element := range c {
			if err := b.Bytes(anElement+len(key), times); err != nil {
				return err
			}
			if err := readWhole(b, element, times, depth+1); err != nil {
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
			if err := readWhole(b, element, times, depth+1); err != nil {
				return err
			}
		}
		return b.Steps(1 + len(c)/4)
	}
	_, err := readText(b, v, times, depth)
	return err
}

// cutting is the cost of a function that is never given a text longer than a value of
// a message can be: it cuts the arguments.
func cutting(c cost) cost {
	return func(b *budget.Budget, args []any) error {
		for i, arg := range args {
			if long, is := arg.(string); is && len(long) > maxOutput {
				args[i] = bridge.Cut(long, maxOutput)
			}
		}
		return c(b, args)
	}
}

// both is the sum of costs.
func both(all ...cost) cost {
	return func(b *budget.Budget, args []any) error {
		for _, one := range all {
			if err := one(b, args); err != nil {
				return err
			}
		}
		return nil
	}
}

// after is the cost of the arguments behind the first few.
func after(n int, c cost) cost {
	return func(b *budget.Budget, args []any) error { return c(b, args[min(n, len(args)):]) }
}

// coded is the cost of texts, or of the ones below a key of mappings.
func coded(key string, times int) cost {
	return func(b *budget.Budget, args []any) error {
		for _, arg := range args {
			if _, err := readText(b, codeOf(arg, key), times, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// comparing is the cost of comparisons: lists and mappings are compared whole.
func comparing(b *budget.Budget, args []any) error { return entire(1)(b, args) }

// formatted is the cost of writing by a format: what it says, the widths of its
// verbs, and the arguments, each in the longest way to write it.
func formatted(b *budget.Budget, args []any) error {
	if len(args) == 0 {
		return nil
	}
	format := text(args[0])
	if err := cmp.Or(b.Read(len(format), 8), b.Bytes(len(format), 8)); err != nil {
		return err
	}
	const aVerb = 64 // with what is said of one that does not fit
	for _, v := range widths.FindAllStringSubmatch(format, -1) {
		width, _ := strconv.Atoi(v[1])
		digits, _ := strconv.Atoi(v[2])
		if err := b.Bytes(aVerb+width+digits, 2); err != nil {
			return err
		}
	}
	return texts(12)(b, args[1:])
}
