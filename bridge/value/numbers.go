package value

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// maxDigits bounds a text that may be a number.
const maxDigits = 400

// Number reads a number. A text is none.
func Number(v any) (n float64, ok bool) {
	switch v := Plain(v).(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// Numeric reads a number, also from a text.
func Numeric(v any) (n float64, ok bool) {
	s, isText := v.(string)
	if !isText {
		return Number(v)
	}
	if len(s) > maxDigits {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil
}

// Exact reads a number as Numeric does, and keeps the digits of a whole one: it gives
// an int64 if that has room for it, else a float64.
func Exact(v any) (n any, ok bool) {
	f, ok := Numeric(v)
	if !ok {
		return nil, false
	}
	if whole, isWhole := wholeOf(v); isWhole && whole.IsInt64() {
		return whole.Int64(), true
	}
	return f, true
}

// whole is a number without a fraction, in digits.
var whole = regexp.MustCompile(`^[+-]?\d{1,100}$`)

// wholeOf reads a value as a whole number of up to a hundred digits, all of which
// count. Neither a fraction nor an exponent is one.
func wholeOf(v any) (*big.Int, bool) {
	switch v := Plain(v).(type) {
	case int64:
		return big.NewInt(v), true
	case float64:
		n, accuracy := big.NewFloat(v).Int(nil)
		return n, accuracy == big.Exact && !math.IsInf(v, 0)
	case json.Number, string:
		if s := strings.TrimSpace(TextOf(v)); whole.MatchString(s) {
			return new(big.Int).SetString(strings.TrimPrefix(s, "+"), 10)
		}
	}
	return nil, false
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
