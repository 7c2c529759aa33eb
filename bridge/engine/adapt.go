package engine

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// adapt makes a function fit for templates: it takes its cost off the budget, and
// takes whatever data there is, nothing included, where it wants a text, a number
// or a list.
func adapt(f function) native {
	run := direct(f.call)
	if run == nil {
		run = reflected(f.call)
	}
	return func(s *Scope, args []any) (any, error) {
		const anArgument = 64
		if err := cmp.Or(s.budget.Steps(1+len(args)), s.budget.Bytes(1+len(args), anArgument)); err != nil {
			return nil, err
		}
		for i, arg := range args {
			args[i] = value.Plain(arg)
		}
		if err := f.cost(s.budget, args); err != nil {
			return nil, err
		}
		v, err := run(s, args)
		if err != nil {
			return nil, err
		}
		return value.Plain(v), nil
	}
}

// direct is how a function is called whose type is one of those that messages call
// most, or nil for others. The checker has counted the arguments.
func direct(f any) native {
	switch f := f.(type) {
	case func(any) any:
		return func(_ *Scope, args []any) (any, error) { return f(args[0]), nil }
	case func(any) string:
		return func(_ *Scope, args []any) (any, error) { return f(args[0]), nil }
	case func(any) bool:
		return func(_ *Scope, args []any) (any, error) { return f(args[0]), nil }
	case func(...any) any:
		return func(_ *Scope, args []any) (any, error) { return f(args...), nil }
	case func(any, any) bool:
		return func(_ *Scope, args []any) (any, error) { return f(args[0], args[1]), nil }
	case func(any, ...any) any:
		return func(_ *Scope, args []any) (any, error) { return f(args[0], args[1:]...), nil }
	case func(any, ...any) bool:
		return func(_ *Scope, args []any) (any, error) { return f(args[0], args[1:]...), nil }
	case func(any, ...string) (string, error):
		return func(s *Scope, args []any) (any, error) {
			words, err := wordsOf(s.budget, args[1:])
			if err != nil {
				return nil, err
			}
			return f(args[0], words...)
		}
	case func(*Scope, ...string) (string, error):
		return func(s *Scope, args []any) (any, error) {
			words, err := wordsOf(s.budget, args)
			if err != nil {
				return nil, err
			}
			return f(s, words...)
		}
	case func(*Scope, string, any, ...any) (string, error):
		return func(s *Scope, args []any) (any, error) {
			words, err := wordsOf(s.budget, args[:1])
			if err != nil {
				return nil, err
			}
			return f(s, words[0], args[1], args[2:]...)
		}
	}
	return nil
}

// wordsOf gives arguments as texts.
func wordsOf(b *budget.Budget, args []any) ([]string, error) {
	words := make([]string, len(args))
	for i, arg := range args {
		if err := readArgument(b, arg); err != nil {
			return nil, err
		}
		words[i] = value.TextOf(arg)
	}
	return words, nil
}

// readArgument takes the cost of an argument's text, unless it is one already.
func readArgument(b *budget.Budget, arg any) error {
	if _, is := arg.(string); is {
		return nil
	}
	_, err := value.ReadText(b, arg, 4)
	return err
}

// reflected is how a function of any type is called.
func reflected(f any) native {
	fn, hidden := reflect.ValueOf(f), 0
	if wantsScope(f) {
		hidden = 1
	}
	return func(s *Scope, args []any) (any, error) {
		in := make([]reflect.Value, hidden+len(args))
		if hidden == 1 {
			in[0] = reflect.ValueOf(s)
		}
		for i, arg := range args {
			v, err := convert(s.budget, arg, paramType(fn.Type(), hidden+i))
			if err != nil {
				return nil, err
			}
			in[hidden+i] = v
		}
		out := fn.Call(in)
		if len(out) == 2 && !out[1].IsNil() {
			return nil, out[1].Interface().(error)
		}
		return out[0].Interface(), nil
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
	if ft.NumIn() > 0 && ft.In(0) == reflect.TypeFor[*Scope]() {
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
	if want.Kind() == reflect.Interface {
		if arg == nil {
			return reflect.Zero(want), nil
		}
		return reflect.ValueOf(arg), nil
	}
	switch want.Kind() {
	case reflect.String:
		if err := readArgument(b, arg); err != nil {
			return reflect.Value{}, err
		}
		return reflect.ValueOf(value.TextOf(arg)), nil
	case reflect.Bool:
		return reflect.ValueOf(value.Truth(arg)), nil
	case reflect.Int, reflect.Int64, reflect.Float64:
		n, ok := value.Numeric(arg)
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
