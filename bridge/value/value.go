// Package value reads values: those of decoded JSON, as events, Absorb's answers,
// templates and conditions have them. It says how a value reads as a text, a number or
// a time, how two of them compare, and what things and people are called. Whatever is
// missing reads as nothing, and no function changes a value.
//
// Its costs take the work of a call off a budget before the call is made.
package value

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Keyed is a value of a program that templates see as a mapping.
type Keyed interface {
	// Mapping gives the keys and their values.
	Mapping() map[string]any
}

// Sized is a text of a type of its own, whose reading costs as much as it is long.
type Sized interface {
	// Size is the length in bytes of all that reading may go through.
	Size() int
}

// Formatted is a text that is formatted already. Its String is the text alone, by which
// it is compared.
type Formatted interface {
	Sized
	String() string
}

// Get follows keys into decoded JSON. Whatever is missing on the way, or is no
// mapping, is nil.
func Get(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := Plain(v).(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return Plain(v)
}

// Plain gives a value in one of the types that templates meet: numbers as int64
// or float64, the scope and facts as a mapping.
func Plain(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int64, float64, map[string]any, []any:
		return v
	case bridge.Facts:
		return map[string]any(v)
	case json.Number:
		return number(v)
	case int:
		return int64(v)
	case uint64:
		return float64(v)
	case []string:
		return ListOf(v)
	case []map[string]any:
		return ListOf(v)
	case Keyed:
		return v.Mapping()
	}
	return v
}

// ListOf is a list as templates see it.
func ListOf[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// TextOf is how a value reads where nothing is formatted: nothing for nil, the
// name of a thing or person, or else its id, the elements of a list after commas.
func TextOf(v any) string {
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
	WriteText(&b, v)
	return b.String()
}

// MaxText bounds the text of one value, in bytes.
const MaxText = 64 << 10

// WriteText writes the text of a value, as far as a value goes.
func WriteText(b *strings.Builder, v any) {
	if b.Len() > MaxText {
		return // no more of it will be shown
	}
	switch v := Plain(v).(type) {
	case nil:
	case string, int64, float64:
		b.WriteString(TextOf(v))
	case map[string]any:
		b.WriteString(cmp.Or(TextOf(NameOf(v)), ScalarOf(v, "id")))
	case []any:
		for i, element := range v {
			if b.Len() > MaxText {
				return
			}
			if i > 0 {
				b.WriteString(", ")
			}
			WriteText(b, element)
		}
	default:
		fmt.Fprint(b, v)
	}
}

// Truth is whether a value counts as something, by what it stands for. Functions that choose
// and filter values go by it.
func Truth(v any) bool {
	switch v := Plain(v).(type) {
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

// Index follows keys and positions into a value, nil-safe as Get is.
func Index(v any, keys ...any) any {
	for _, key := range keys {
		switch c := Plain(v).(type) {
		case map[string]any:
			v = c[TextOf(key)]
		case []any:
			i, ok := Numeric(key)
			if !ok || !(0 <= i && i < float64(len(c))) {
				return nil
			}
			v = c[int(i)]
		default:
			return nil
		}
	}
	return Plain(v)
}

// Length is the number of a list's elements, a mapping's keys or a text's
// characters, and 0 for nothing.
func Length(v any) int64 {
	switch v := Plain(v).(type) {
	case []any:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	case string:
		return int64(utf8.RuneCountInString(v))
	}
	return 0
}

func isScalar(v any) bool {
	switch Plain(v).(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// Items is the list in an answer of the Integration API, which is either the
// list itself or a page that holds it beside its counts.
func Items(answer any) []any { return bridge.Entries(Plain(answer)) }
