package condition

import (
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// Names that the rewritten tree calls. They cannot be written in an expression.
const (
	getName    = "[get]"
	truthName  = "[truth]"
	textName   = "[text]"
	listName   = "[list]"
	negateName = "[negate]"
	stepsName  = "[steps]"
)

// rewritten compiles an expression that was checked, with operators that know
// what to do with what is missing.
func rewritten(text string) (*vm.Program, error) {
	options := []expr.Option{
		expr.Env(map[string]any{}), expr.AllowUndefinedVariables(), expr.Optimize(false), expr.DisableAllBuiltins(),
		expr.Patch(rewriter{}),
	}
	for _, name := range predicates() {
		options = append(options, expr.EnableBuiltin(name))
	}
	for name, f := range functions() {
		options = append(options, expr.Function(name, func(args ...any) (any, error) { return f.call(args) }))
	}
	for name, f := range operators() {
		options = append(options, expr.Function(name, f))
	}
	return expr.Compile(text, options...)
}

// rewriter puts calls in the place of operators. It meets a node's children
// before the node.
type rewriter struct{}

// Visit replaces one node.
func (r rewriter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		ast.Patch(node, call(getName, n.Node, n.Property))
	case *ast.UnaryNode:
		switch n.Operator {
		case "!", "not":
			r.wrap(&n.Node, truthName)
		case "-":
			ast.Patch(node, call(negateName, n.Node))
		}
	case *ast.BinaryNode:
		r.binary(node, n)
	case *ast.ConditionalNode:
		r.wrap(&n.Cond, truthName)
	case *ast.BuiltinNode:
		n.Arguments[0] = call(listName, &ast.IdentifierNode{Value: stepsName}, n.Arguments[0])
		if len(n.Arguments) > 1 && n.Name != "map" {
			if p, ok := n.Arguments[1].(*ast.PredicateNode); ok {
				r.wrap(&p.Node, truthName)
			}
		}
		if n.Name == "count" && len(n.Arguments) == 1 { // counts those that are true
			n.Arguments = append(n.Arguments, &ast.PredicateNode{Node: call(truthName, &ast.PointerNode{})})
		}
	}
}

func (r rewriter) binary(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "&&", "and", "||", "or":
		r.wrap(&n.Left, truthName)
		r.wrap(&n.Right, truthName)
	case "contains", "startsWith", "endsWith":
		r.wrap(&n.Left, textName)
		r.wrap(&n.Right, textName)
	case "matches": // the pattern is a constant
		r.wrap(&n.Left, textName)
	case "??":
	default:
		ast.Patch(node, call(n.Operator, n.Left, n.Right))
	}
}

func (r rewriter) wrap(node *ast.Node, function string) {
	ast.Patch(node, call(function, *node))
}

func call(name string, args ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}
