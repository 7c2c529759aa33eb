package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// maxWeight bounds what a function may give back: the bytes of all its texts and
// 16 for each element.
const maxWeight = 4 << 20

var errHeavy = errors.New("the result is too large")

// adapt makes a function fit for templates: it takes whatever data there is,
// nothing included, where it wants a text, a number or a list, and it may not
// give back more than a message could hold.
func adapt(f any) func(...any) (any, error) {
	fn := reflect.ValueOf(f)
	return func(args ...any) (any, error) {
		in := make([]reflect.Value, len(args))
		for i, arg := range args {
			v, err := convert(arg, paramType(fn.Type(), i))
			if err != nil {
				return nil, err
			}
			in[i] = v
		}
		if err := checkCount(fn.Type(), len(in)); err != nil {
			return nil, err
		}
		out := fn.Call(in)
		if len(out) == 2 && !out[1].IsNil() {
			return nil, out[1].Interface().(error)
		}
		result := plain(out[0].Interface())
		if weigh(result, maxWeight) < 0 {
			return nil, errHeavy
		}
		return result, nil
	}
}

func paramType(ft reflect.Type, i int) reflect.Type {
	switch {
	case ft.IsVariadic() && i >= ft.NumIn()-1:
		return ft.In(ft.NumIn() - 1).Elem()
	case i < ft.NumIn():
		return ft.In(i)
	}
	return reflect.TypeFor[any]()
}

// checkCount tells what is wrong with the number of a call's values.
func checkCount(ft reflect.Type, n int) error {
	least := ft.NumIn()
	if ft.IsVariadic() {
		least--
	}
	// The scope is not the admin's to give.
	hidden := 0
	if ft.NumIn() > 0 && ft.In(0) == reflect.TypeFor[*scope]() {
		hidden = 1
	}
	switch {
	case n < least && ft.IsVariadic():
		return fmt.Errorf("wants at least %s, has %d", values(least-hidden), n-hidden)
	case n < least, n > least && !ft.IsVariadic():
		return fmt.Errorf("wants %s, has %d", values(least-hidden), n-hidden)
	}
	return nil
}

func values(n int) string {
	if n == 1 {
		return "1 value"
	}
	return fmt.Sprintf("%d values", n)
}

// convert gives an argument in the type that a function wants.
func convert(arg any, want reflect.Type) (reflect.Value, error) {
	if s, ok := arg.(*scope); ok && want == reflect.TypeFor[*scope]() {
		return reflect.ValueOf(s), nil
	}
	arg = plain(arg)
	if want.Kind() == reflect.Interface {
		if arg == nil {
			return reflect.Zero(want), nil
		}
		return reflect.ValueOf(arg), nil
	}
	switch want.Kind() {
	case reflect.String:
		return reflect.ValueOf(text(arg)), nil
	case reflect.Bool:
		return reflect.ValueOf(truth(arg)), nil
	case reflect.Int, reflect.Int64, reflect.Float64:
		n, ok := numeric(arg, true)
		if !ok && arg != nil && arg != "" {
			return reflect.Value{}, errors.New("wants a number")
		}
		return reflect.ValueOf(n).Convert(want), nil
	}
	if arg == nil {
		return reflect.Zero(want), nil
	}
	if v := reflect.ValueOf(arg); v.Type().AssignableTo(want) {
		return v, nil
	}
	if want.Kind() == reflect.Slice {
		return reflect.Value{}, errors.New("wants a list")
	}
	return reflect.Value{}, errors.New("wants a mapping")
}

// weigh takes a value's weight off what is left, and is negative as soon as
// nothing is: a list that holds itself many times over is never walked whole.
func weigh(v any, left int) int {
	left -= 16
	switch v := v.(type) {
	case string:
		return left - len(v)
	case json.Number:
		return left - len(v)
	case Markdown:
		return left - len(v.source)
	case JSON:
		return left - len(v)
	case bridge.Facts:
		return left - 256 // an event of a digest, which was there before
	case []any:
		for _, element := range v {
			if left = weigh(element, left); left < 0 {
				return left
			}
		}
	case map[string]any:
		for key, element := range v {
			if left = weigh(element, left-len(key)); left < 0 {
				return left
			}
		}
	}
	return left
}
