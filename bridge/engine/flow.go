package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/template"
	"text/template/parse"
)

// errBreak and errContinue end a turn of a loop.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

// branch is if, or with, whose dot is the value that it goes by.
func (a assembler) branch(b *parse.BranchNode, with bool) action {
	value, then, otherwise := a.pipeline(b.Pipe), a.list(b.List), a.list(b.ElseList)
	return func(s *Scope) error {
		variables, dot := len(s.vars), s.dot
		v, err := value(s)
		switch {
		case err != nil:
			return err
		case !isTrue(v):
			err = otherwise(s)
		default:
			if with {
				s.dot = v
			}
			err = then(s)
		}
		s.vars, s.dot = s.vars[:variables], dot
		return err
	}
}

// loop is range.
func (a assembler) loop(r *parse.RangeNode) action {
	value, body, otherwise := a.pipeline(r.Pipe), a.list(r.List), a.list(r.ElseList)
	return func(s *Scope) error {
		variables, dot := len(s.vars), s.dot
		over, err := value(s)
		if err != nil {
			return err
		}
		if over, err = loop(s, over); err != nil {
			return &fault{at: r.Pos, err: err}
		}
		declared := len(s.vars)
		turns, err := each(r, over, func(key, element any) error {
			if err := s.turn(r, key, element); err != nil {
				return err
			}
			err := body(s)
			s.vars = s.vars[:declared]
			return err
		})
		s.dot = dot
		if err == nil && turns == 0 {
			err = otherwise(s)
		}
		s.vars = s.vars[:variables]
		return err
	}
}

// each calls turn for each element of what loop gives, until that breaks, and counts the
// calls.
func each(r *parse.RangeNode, over any, turn func(key, element any) error) (turns int, err error) {
	elements := func(yield func(key, element any) bool) {
		switch over := over.(type) {
		case []any:
			for i, element := range over {
				if !yield(i, element) {
					return
				}
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(over)) {
				if !yield(key, over[key]) {
					return
				}
			}
		case int64:
			for i := range over {
				if !yield(nil, i) {
					return
				}
			}
		}
	}
	if _, number := over.(int64); number && len(r.Pipe.Decl) > 1 {
		return 0, &fault{at: r.Pos, err: fmt.Errorf("can't use %v to iterate over more than one variable", over)}
	}
	for key, element := range elements {
		turns++
		if err = turn(key, element); errors.Is(err, errContinue) {
			err = nil
		}
		if err != nil {
			break
		}
	}
	if errors.Is(err, errBreak) {
		err = nil
	}
	return turns, err
}

// turn begins a turn of a loop: it sets the dot and the loop's variables.
func (s *Scope) turn(r *parse.RangeNode, key, element any) error {
	if err := s.budget.Steps(1); err != nil {
		return &fault{at: r.Pos, err: err}
	}
	s.dot = element
	values := []any{key, element}
	values = values[max(0, 2-len(r.Pipe.Decl)):]
	for i, declared := range r.Pipe.Decl {
		if !r.Pipe.IsAssign {
			s.vars[len(s.vars)-len(values)+i].value = values[i]
		} else if err := s.assign(declared, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// variable is one that a template declared.
type variable struct {
	name  string
	value any
}

// find is the variable of a name that was declared last.
func (s *Scope) find(v *parse.VariableNode) (*variable, error) {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if s.vars[i].name == v.Ident[0] {
			return &s.vars[i], nil
		}
	}
	return nil, &fault{at: v.Pos, err: fmt.Errorf("undefined variable: %s", v.Ident[0])}
}

// valueOf is the value of a variable.
func (s *Scope) valueOf(v *parse.VariableNode) (any, error) {
	if v.Ident[0] == "$" {
		return s, nil
	}
	found, err := s.find(v)
	if err != nil {
		return nil, err
	}
	return found.value, nil
}

// assign changes a variable.
func (s *Scope) assign(v *parse.VariableNode, value any) error {
	found, err := s.find(v)
	if err == nil {
		found.value = value
	}
	return err
}

// decide is and, or or: the first value that decides, or else the last one.
func decide(args []expression, or, piped bool) command {
	return func(s *Scope, last any) (v any, err error) {
		for _, arg := range args {
			if v, err = arg(s); err != nil || isTrue(v) == or {
				return v, err
			}
		}
		if piped {
			v = last
		}
		return v, nil
	}
}

// isTrue is text/template's truth, by the value as it is. If, with, and, or and not go by it.
func isTrue(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	is, _ := template.IsTrue(v)
	return is
}
