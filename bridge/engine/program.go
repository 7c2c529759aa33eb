package engine

import (
	"fmt"
	"strings"
	"text/template/parse"

	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// A template's tree becomes functions that call each other. They do what text/template
// does with the same tree, without its reflection, which costs several times as much.
type (
	action     func(*Scope) error                      // writes, or decides what is written
	expression func(*Scope) (any, error)               // gives a value
	command    func(s *Scope, piped any) (any, error)  // gives a value, also of what flows into it
	native     func(s *Scope, args []any) (any, error) // a function that templates call; it must not keep args
)

// assembler makes the program of a tree that was checked.
type assembler struct {
	functions map[string]native
	print     printer
}

// fault is why a template failed, and where in its text.
type fault struct {
	at   parse.Pos
	call string // the function that failed, or ""
	err  error
}

func (f *fault) Error() string {
	if f.call != "" {
		return f.call + " " + f.err.Error()
	}
	return f.err.Error()
}

func (f *fault) Unwrap() error { return f.err }

// fails is an expression that fails.
func fails(at parse.Pos, format string, args ...any) expression {
	err := &fault{at: at, err: fmt.Errorf(format, args...)}
	return func(*Scope) (any, error) { return nil, err }
}

func always(v any) expression { return func(*Scope) (any, error) { return v, nil } }

// list is what the nodes of a list do, one after the other.
func (a assembler) list(l *parse.ListNode) action {
	var all []action
	if l != nil {
		for _, node := range l.Nodes {
			all = append(all, a.node(node))
		}
	}
	return func(s *Scope) error {
		for _, one := range all {
			if err := one(s); err != nil {
				return err
			}
		}
		return nil
	}
}

func (a assembler) node(node parse.Node) action {
	switch n := node.(type) {
	case *parse.TextNode:
		return a.text(n)
	case *parse.ActionNode:
		return a.action(n)
	case *parse.IfNode:
		return a.branch(&n.BranchNode, false)
	case *parse.WithNode:
		return a.branch(&n.BranchNode, true)
	case *parse.RangeNode:
		return a.loop(n)
	case *parse.BreakNode:
		return func(*Scope) error { return errBreak }
	default: // nothing else is left by the checker
		return func(*Scope) error { return errContinue }
	}
}

func (a assembler) text(n *parse.TextNode) action {
	return func(s *Scope) error {
		if _, err := s.out.Write(n.Text); err != nil {
			return &fault{at: n.Pos, err: err}
		}
		return nil
	}
}

// action prints a value, unless it declares or assigns a variable.
func (a assembler) action(n *parse.ActionNode) action {
	value := a.pipeline(n.Pipe)
	if len(n.Pipe.Decl) > 0 {
		return func(s *Scope) error { _, err := value(s); return err }
	}
	return func(s *Scope) error {
		v, err := value(s)
		if err != nil {
			return err
		}
		printed, err := a.print(s, v)
		if err == nil {
			_, err = s.out.WriteString(printed)
		}
		if err != nil {
			return &fault{at: n.Pos, err: err}
		}
		return nil
	}
}

// pipeline is the value of commands that flow into each other. A variable that it
// declares is left to whoever ends the list that it stands in.
func (a assembler) pipeline(p *parse.PipeNode) expression {
	commands := make([]command, len(p.Cmds))
	for i, cmd := range p.Cmds {
		commands[i] = a.command(cmd, i > 0)
	}
	return func(s *Scope) (v any, err error) {
		for _, one := range commands {
			if v, err = one(s, v); err != nil {
				return nil, err
			}
		}
		for _, declared := range p.Decl {
			if !p.IsAssign {
				s.vars = append(s.vars, variable{declared.Ident[0], v})
			} else if err := s.assign(declared, v); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
}

func (a assembler) command(cmd *parse.CommandNode, piped bool) command {
	var value expression
	switch first := cmd.Args[0].(type) {
	case *parse.IdentifierNode:
		return a.call(cmd.Pos, first.Ident, cmd.Args[1:], piped)
	case *parse.NilNode:
		value = fails(first.Pos, "nil is not a command")
	default:
		value = a.value(first)
	}
	return func(s *Scope, _ any) (any, error) { return value(s) }
}

// call is a call of a function; what flows into it is its last argument.
func (a assembler) call(at parse.Pos, name string, given []parse.Node, piped bool) command {
	args := make([]expression, len(given))
	for i, arg := range given {
		args[i] = a.value(arg)
	}
	function := a.functions[name]
	switch name {
	case "and", "or":
		return decide(args, name == "or", piped)
	case "not":
		function = func(_ *Scope, args []any) (any, error) { return !isTrue(args[0]), nil }
	}
	return func(s *Scope, last any) (any, error) {
		base := len(s.args)
		for _, arg := range args {
			v, err := arg(s)
			if err != nil {
				return nil, err
			}
			s.args = append(s.args, v)
		}
		if piped {
			s.args = append(s.args, last)
		}
		v, err := safely(function, s, s.args[base:len(s.args):len(s.args)])
		if err != nil {
			return nil, &fault{at: at, call: name, err: err}
		}
		s.args = s.args[:base]
		return v, nil
	}
}

// safely calls a function; its panic is an error of the template's.
func safely(f native, s *Scope, args []any) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f(s, args)
}

// value is an argument, or a command that calls no function.
func (a assembler) value(n parse.Node) expression {
	switch n := n.(type) {
	case *parse.BoolNode:
		return always(n.True)
	case *parse.StringNode:
		return always(n.Text)
	case *parse.NumberNode:
		return constant(n)
	case *parse.DotNode:
		return func(s *Scope) (any, error) { return s.dot, nil }
	case *parse.FieldNode:
		return fieldOf(func(s *Scope) (any, error) { return s.dot, nil }, n.Ident)
	case *parse.VariableNode:
		return fieldOf(func(s *Scope) (any, error) { return s.valueOf(n) }, n.Ident[1:])
	case *parse.ChainNode:
		return fieldOf(a.value(n.Node), n.Field)
	case *parse.PipeNode:
		return a.pipeline(n)
	case *parse.IdentifierNode: // a function without values
		call := a.call(n.Pos, n.Ident, nil, false)
		return func(s *Scope) (any, error) { return call(s, nil) }
	}
	return always(nil) // the word nil
}

// fieldOf follows names into a value, nil-safe as value.Get is.
func fieldOf(of expression, names []string) expression {
	if len(names) == 0 {
		return of
	}
	return func(s *Scope) (any, error) {
		v, err := of(s)
		if err != nil {
			return nil, err
		}
		return value.Get(v, names...), nil
	}
}

// constant is a number in the type that Go would give it.
func constant(n *parse.NumberNode) expression {
	isHex := len(n.Text) > 2 && strings.EqualFold(n.Text[:2], "0x") && !strings.ContainsAny(n.Text, "pP")
	switch {
	case n.IsComplex:
		return always(n.Complex128)
	case n.IsFloat && n.Text[0] != '\'' && !isHex && strings.ContainsAny(n.Text, ".eEpP"):
		return always(n.Float64)
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		return always(int(n.Int64))
	}
	return fails(n.Pos, "%s overflows int", n.Text)
}
