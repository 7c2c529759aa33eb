package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// get follows keys into decoded JSON. Whatever is missing on the way, or is no
// mapping, is nil.
func get(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := plain(v).(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return plain(v)
}

// plain gives a value in one of the types that templates meet: numbers as int64
// or float64, the scope and facts as a mapping.
func plain(v any) any {
	switch v := v.(type) {
	case *scope:
		if v == nil {
			return nil
		}
		return v.facts
	case bridge.Facts:
		return map[string]any(v)
	case json.Number:
		return number(v)
	case int:
		return int64(v)
	case uint64:
		return float64(v)
	case []string:
		return listOf(v)
	case []map[string]any:
		return listOf(v)
	}
	return v
}

// number converts a JSON number, unless that would lose its digits.
func number(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil || (f > 1<<53 || f < -1<<53) && !strings.ContainsAny(n.String(), "eE.") {
		return n
	}
	return f
}

func listOf[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// text is how a value reads where nothing is formatted: nothing for nil, the
// name of a thing or person, or else its id, the elements of a list after commas.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	var b strings.Builder
	writeText(&b, v)
	return b.String()
}

func writeText(b *strings.Builder, v any) {
	if b.Len() > maxOutput {
		return // no more of it will be shown
	}
	switch v := plain(v).(type) {
	case nil:
	case string, int64, float64:
		b.WriteString(text(v))
	case map[string]any:
		b.WriteString(cmp.Or(text(nameOf(v)), scalarOf(v, "id")))
	case []any:
		for i, element := range v {
			if b.Len() > maxOutput {
				return
			}
			if i > 0 {
				b.WriteString(", ")
			}
			writeText(b, element)
		}
	default:
		fmt.Fprint(b, v)
	}
}

// truth is what if and with go by.
func truth(v any) bool {
	switch v := plain(v).(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// maxDigits bounds a text that may be a number.
const maxDigits = 400

// numeric reads a value as a number, from a text too if asked to.
func numeric(v any, fromText bool) (float64, bool) {
	switch v := plain(v).(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		if fromText && len(v) <= maxDigits {
			f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return f, err == nil
		}
	}
	return 0, false
}

// whole is a number without a fraction, in digits.
var whole = regexp.MustCompile(`^[+-]?\d{1,100}$`)

// wholeOf reads a value as a whole number of up to a hundred digits, all of which
// count. Neither a fraction nor an exponent is one.
func wholeOf(v any) (*big.Int, bool) {
	switch v := plain(v).(type) {
	case int64:
		return big.NewInt(v), true
	case float64:
		n, accuracy := big.NewFloat(v).Int(nil)
		return n, accuracy == big.Exact && !math.IsInf(v, 0)
	case json.Number, string:
		if s := strings.TrimSpace(text(v)); whole.MatchString(s) {
			return new(big.Int).SetString(strings.TrimPrefix(s, "+"), 10)
		}
	}
	return nil, false
}

// compare orders two values; ok is false when they have no order. A number and
// a text that reads as one are compared as numbers.
func compare(a, b any) (order int, ok bool) {
	_, aNumber := numeric(a, false)
	_, bNumber := numeric(b, false)
	if aNumber || bNumber {
		x, okX := numeric(a, true)
		y, okY := numeric(b, true)
		if x == y { // which may be by rounding
			if m, whole := wholeOf(a); whole {
				if n, whole := wholeOf(b); whole {
					return m.Cmp(n), true
				}
			}
		}
		return cmp.Compare(x, y), okX && okY
	}
	if plain(a) == nil || plain(b) == nil {
		return 0, plain(a) == nil && plain(b) == nil
	}
	switch plain(a).(type) {
	case string, Markdown:
		return strings.Compare(text(a), text(b)), true
	}
	return 0, reflect.DeepEqual(plain(a), plain(b))
}

// equal tells whether a equals one of the others.
func equal(a any, others ...any) bool {
	for _, b := range others {
		if order, ok := compare(a, b); ok && order == 0 {
			return true
		}
	}
	return false
}

// ordered makes a comparison that is false when the values have no order.
func ordered(test func(order int) bool) func(a, b any) bool {
	return func(a, b any) bool {
		if plain(a) == nil || plain(b) == nil {
			return false
		}
		order, ok := compare(a, b)
		return ok && test(order)
	}
}

// index follows keys and positions into a value, nil-safe as get is.
func index(v any, keys ...any) any {
	for _, key := range keys {
		switch c := plain(v).(type) {
		case map[string]any:
			v = c[text(key)]
		case []any:
			i, ok := numeric(key, true)
			if !ok || !(0 <= i && i < float64(len(c))) {
				return nil
			}
			v = c[int(i)]
		default:
			return nil
		}
	}
	return plain(v)
}

// length is the number of a list's elements, a mapping's keys or a text's
// characters, and 0 for nothing.
func length(v any) int64 {
	switch v := plain(v).(type) {
	case []any:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	case string:
		return int64(utf8.RuneCountInString(v))
	}
	return 0
}
