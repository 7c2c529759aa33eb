package render

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// adapt makes a function fit for templates: it takes its cost off the budget, and
// takes whatever data there is, nothing included, where it wants a text, a number
// or a list.
func adapt(f function) native {
	fn := reflect.ValueOf(f.call)
	return func(s *scope, args []any) (any, error) {
		const anArgument = 64
		if err := cmp.Or(s.budget.Steps(1+len(args)), s.budget.Bytes(1+len(args), anArgument)); err != nil {
			return nil, err
		}
		for i, arg := range args {
			args[i] = plain(arg)
		}
		if err := f.cost(s.budget, args); err != nil {
			return nil, err
		}
		if wantsScope(f.call) {
			args = slices.Insert(args, 0, any(s))
		}
		in := make([]reflect.Value, len(args))
		for i, arg := range args {
			v, err := convert(s.budget, arg, paramType(fn.Type(), i))
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
		return plain(out[0].Interface()), nil
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
func convert(b *budget.Budget, arg any, want reflect.Type) (reflect.Value, error) {
	if s, ok := arg.(*scope); ok && want == reflect.TypeFor[*scope]() {
		return reflect.ValueOf(s), nil
	}
	if want.Kind() == reflect.Interface {
		if arg == nil {
			return reflect.Zero(want), nil
		}
		return reflect.ValueOf(arg), nil
	}
	switch want.Kind() {
	case reflect.String:
		if _, is := arg.(string); !is {
			if _, err := readText(b, arg, 4, 0); err != nil {
				return reflect.Value{}, err
			}
		}
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
