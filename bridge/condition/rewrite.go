package condition

import (
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// Names that the rewritten tree calls. They cannot be written in an expression.
const (
	getName     = "[get]"
	truthName   = "[truth]"
	textName    = "[text]"
	listName    = "[list]"
	negateName  = "[negate]"
	matchesName = "[matches]"
	budgetName  = "[budget]" // the budget of the evaluation: the first argument of every call
)

// rewritten compiles a checked expression, with operators that handle missing values.
func rewritten(text string) (*vm.Program, error) {
	options := []expr.Option{
		expr.Env(map[string]any{}), expr.AllowUndefinedVariables(), expr.Optimize(false), expr.DisableAllBuiltins(),
		expr.Patch(rewriter{}),
	}
	for _, name := range predicates() {
		options = append(options, expr.EnableBuiltin(name))
	}
	calls := operators()
	for name, f := range functions() {
		calls[name] = f.call
	}
	for name, f := range calls {
		options = append(options, expr.Function(name, f.paid))
	}
	return expr.Compile(text, options...)
}

// paid is the call as the library makes it. The call itself costs a step.
func (f call) paid(args ...any) (any, error) {
	b := args[0].(*budget.Budget)
	if err := b.Steps(1); err != nil {
		return nil, err
	}
	return f(b, args[1:])
}

// rewriter replaces operators by calls. It visits a node's children before the node.
type rewriter struct{}

// Visit replaces one node.
func (r rewriter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		ast.Patch(node, callOf(getName, n.Node, n.Property))
	case *ast.CallNode:
		n.Arguments = append(theBudget(), n.Arguments...)
	case *ast.UnaryNode:
		switch n.Operator {
		case "!", "not":
			r.wrap(&n.Node, truthName)
		case "-":
			ast.Patch(node, callOf(negateName, n.Node))
		}
	case *ast.BinaryNode:
		r.binary(node, n)
	case *ast.ConditionalNode:
		r.wrap(&n.Cond, truthName)
	case *ast.BuiltinNode:
		n.Arguments[0] = callOf(listName, n.Arguments[0])
		if len(n.Arguments) > 1 && n.Name != "map" {
			if p, ok := n.Arguments[1].(*ast.PredicateNode); ok {
				r.wrap(&p.Node, truthName)
			}
		}
		if n.Name == "count" && len(n.Arguments) == 1 { // counts the true elements
			n.Arguments = append(n.Arguments, &ast.PredicateNode{Node: callOf(truthName, &ast.PointerNode{})})
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
	case "matches": // the pattern is a constant, and was checked
		if source, ok := n.Right.(*ast.StringNode); ok {
			if pattern, err := budget.NewPattern(source.Value); err == nil {
				ast.Patch(node, callOf(matchesName, n.Left, &ast.ConstantNode{Value: pattern}))
			}
		}
	case "??":
	default:
		ast.Patch(node, callOf(n.Operator, n.Left, n.Right))
	}
}

func (r rewriter) wrap(node *ast.Node, function string) {
	ast.Patch(node, callOf(function, *node))
}

func callOf(name string, args ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: append(theBudget(), args...)}
}

func theBudget() []ast.Node { return []ast.Node{&ast.IdentifierNode{Value: budgetName}} }
