package condition

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// names checks all names of an expression. It returns the parts that the expression
// reads, with their types, or every error.
func (s Schema) names(tree *parser.Tree) (read map[string]types.Type, faults []Fault) {
	v := &visitor{values: map[*ast.IdentifierNode]bool{}, local: map[string]bool{}, fields: map[*ast.IdentifierNode]*ast.StringNode{}}
	ast.Walk(&tree.Node, v)
	read = map[string]types.Type{}
	for name := range v.values {
		if !v.local[name.Value] {
			read[name.Value] = s.part(v, name, read[name.Value])
		}
	}
	for _, name := range v.called {
		if known := functions(); known[name.Value].call == nil {
			v.note(name, "no function named %q%s", name.Value, bridge.DidYouMean(name.Value, slices.Collect(maps.Keys(known))))
		}
	}
	slices.SortStableFunc(v.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Message, b.Message))
	})
	return read, v.faults
}

// part returns the type of a part, and notes an unknown part or field. An event has an
// id of each thing it is about.
func (s Schema) part(v *visitor, name *ast.IdentifierNode, before types.Type) types.Type {
	kind, ok := s.parts[name.Value]
	if !ok {
		if !s.open {
			v.note(name, "no part named %q: no template looks it up%s", name.Value, bridge.DidYouMean(name.Value, slices.Collect(maps.Keys(s.parts))))
		}
		return types.Any
	}
	if before != nil {
		kind = before
	}
	shape, ok := kind.(types.Map)
	field := v.fields[name]
	if !ok || field == nil || shape[field.Value] != nil {
		return kind
	}
	if name.Value == "event" && (strings.HasSuffix(field.Value, "Id") || strings.HasSuffix(field.Value, "Ids")) {
		shape = maps.Clone(shape)
		shape[field.Value] = types.Any
		return shape
	}
	hint := bridge.DidYouMean(field.Value, slices.Collect(maps.Keys(shape)))
	if hint == "" {
		hint = fmt.Sprintf("; if there is one nevertheless, write get(%s, %q)", name.Value, field.Value)
	}
	v.note(field, "%s has no field named %q%s", name.Value, field.Value, hint)
	return kind
}

// visitor collects the names of an expression.
type visitor struct {
	values map[*ast.IdentifierNode]bool            // names that stand for values
	local  map[string]bool                         // names declared with let
	fields map[*ast.IdentifierNode]*ast.StringNode // the fields read of a name
	called []*ast.IdentifierNode                   // names of functions
	faults []Fault
}

func (v *visitor) note(node ast.Node, format string, args ...any) {
	v.faults = append(v.faults, Fault{node.Location().From, fmt.Sprintf(format, args...)})
}

// Visit notes what a node refers to, and refuses what conditions do not support.
// Children come before their parents.
func (v *visitor) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		v.values[n] = true
	case *ast.VariableDeclaratorNode:
		v.local[n.Name] = true
	case *ast.MemberNode:
		if name, ok := n.Node.(*ast.IdentifierNode); ok {
			v.fields[name], _ = n.Property.(*ast.StringNode)
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			delete(v.values, callee)
			v.called = append(v.called, callee)
			return
		}
		v.note(n, "values have no functions of their own; write one such as date(enrollment.dateDue)")
	case *ast.BuiltinNode:
		if !slices.Contains(predicates(), n.Name) {
			v.note(n, "no function named %q%s", n.Name, bridge.DidYouMean(n.Name, predicates()))
		}
	case *ast.BinaryNode:
		if n.Operator == "matches" {
			v.pattern(n)
		}
		if n.Operator == ".." {
			v.note(n, "ranges are not supported; compare with >= and <=")
		}
	case *ast.SliceNode:
		v.note(n, "slices are not supported")
	case *ast.BytesNode:
		v.note(n, "want a text")
	}
}

// pattern notes what is wrong with the pattern of a comparison.
func (v *visitor) pattern(n *ast.BinaryNode) {
	source, fixed := n.Right.(*ast.StringNode)
	if !fixed {
		v.note(n, "want the pattern written out, in quotes")
		return
	}
	if _, err := budget.NewPattern(source.Value); err != nil {
		v.note(source, "%s", err)
	}
}
