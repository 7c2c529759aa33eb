package value

import (
	"cmp"
	"reflect"
	"strings"
)

// Compare orders two values; ok is false when they have no order. A number and
// a text that reads as one are compared as numbers.
func Compare(a, b any) (order int, ok bool) {
	_, aNumber := Number(a)
	_, bNumber := Number(b)
	if aNumber || bNumber {
		x, okX := Numeric(a)
		y, okY := Numeric(b)
		if x == y { // which may be by rounding
			if m, whole := wholeOf(a); whole {
				if n, whole := wholeOf(b); whole {
					return m.Cmp(n), true
				}
			}
		}
		return cmp.Compare(x, y), okX && okY
	}
	if Plain(a) == nil || Plain(b) == nil {
		return 0, Plain(a) == nil && Plain(b) == nil
	}
	switch Plain(a).(type) {
	case string, Formatted:
		return strings.Compare(TextOf(a), TextOf(b)), true
	}
	return 0, reflect.DeepEqual(Plain(a), Plain(b))
}

// Equal tells whether a equals one of the others.
func Equal(a any, others ...any) bool {
	for _, b := range others {
		if order, ok := Compare(a, b); ok && order == 0 {
			return true
		}
	}
	return false
}

// Ordered makes a comparison that is false when the values have no order.
func Ordered(test func(order int) bool) func(a, b any) bool {
	return func(a, b any) bool {
		if Plain(a) == nil || Plain(b) == nil {
			return false
		}
		order, ok := Compare(a, b)
		return ok && test(order)
	}
}
