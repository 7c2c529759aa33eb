package engine

import (
	"maps"
	"reflect"
	"slices"
	"text/template/parse"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// checker walks a template's tree once: it notes what a template may not do, and
// gathers the parts of the facts that it refers to.
type checker struct {
	functions map[string]function
	text      string
	note      func(line, column int, format string, args ...any)
	known     []string // parts that may be referred to; nil for any
	parts     map[string]bool
	asks      map[string]bool // keys of the event that it refers to
	escaped   bool            // every value that is printed must come from one of escapers
	failed    bool
}

// startOf is where a value starts. Of a field chain the parser tells where its
// second name is.
func (w *checker) startOf(n parse.Node) parse.Pos {
	var first string
	switch n := n.(type) {
	case *parse.FieldNode:
		first = "." + n.Ident[0]
	case *parse.VariableNode:
		first = n.Ident[0]
	}
	pos := n.Position()
	if before := int(pos) - len(first); before >= 0 && w.text[before:pos] == first {
		return parse.Pos(before)
	}
	return pos
}

func (w *checker) problem(pos parse.Pos, format string, args ...any) {
	line, column := lineOf(w.text, pos)
	w.note(line, column, format, args...)
	w.failed = true
}

// list checks the nodes of a list; root says whether the dot is the facts.
func (w *checker) list(l *parse.ListNode, root bool) {
	if l == nil {
		return
	}
	for i, node := range l.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			l.Nodes[i] = w.action(n, root)
		case *parse.IfNode:
			w.branch(&n.BranchNode, root, root)
		case *parse.WithNode:
			w.branch(&n.BranchNode, root, false)
		case *parse.RangeNode:
			w.branch(&n.BranchNode, root, false)
		case *parse.TemplateNode:
			w.problem(n.Pos, "template is not supported")
		}
	}
}

func (w *checker) branch(b *parse.BranchNode, root, inside bool) {
	w.pipe(b.Pipe, root)
	w.list(b.List, inside)
	w.list(b.ElseList, root)
}

// action checks {{ … }}. A mere literal, such as {{ "\n" }}, becomes the template's
// own text.
func (w *checker) action(n *parse.ActionNode, root bool) parse.Node {
	if len(n.Pipe.Decl) == 0 && len(n.Pipe.Cmds) == 1 && len(n.Pipe.Cmds[0].Args) == 1 {
		if s, ok := n.Pipe.Cmds[0].Args[0].(*parse.StringNode); ok {
			return &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(s.Text)}
		}
	}
	w.pipe(n.Pipe, root)
	if len(n.Pipe.Decl) == 0 {
		w.escapes(n.Pipe)
	}
	return n
}

// escapes notes a value that nothing escapes, where printing does not.
func (w *checker) escapes(p *parse.PipeNode) {
	last, _ := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode)
	if w.escaped && (last == nil || !slices.Contains(escapers(), last.Ident)) {
		w.problem(p.Pos, "how to escape a value in this media type is not known; end it with a function that does, such as | json, | html, | urlquery or | line")
	}
}

func (w *checker) pipe(p *parse.PipeNode, root bool) {
	for _, v := range p.Decl {
		if v.Ident[0] == "$" {
			w.problem(v.Pos, "$ cannot be assigned; give the variable a name, such as $x")
		}
	}
	for i, cmd := range p.Cmds {
		w.command(cmd, i > 0, root)
	}
}

// command checks one call or value; piped says that a value flows into it.
func (w *checker) command(cmd *parse.CommandNode, piped, root bool) {
	first, args := cmd.Args[0], cmd.Args[1:]
	if id, ok := first.(*parse.IdentifierNode); ok {
		given := len(args)
		if piped {
			given++
		}
		w.call(id, given)
	} else {
		if piped || len(args) > 0 {
			w.problem(w.startOf(first), "%s is a value, not a function, and takes no values", first)
		}
		w.value(first, root)
	}
	for _, arg := range args {
		w.value(arg, root)
	}
}

// call checks a function's name and the number of its values.
func (w *checker) call(id *parse.IdentifierNode, given int) {
	switch id.Ident {
	case "and", "or":
		if given == 0 {
			w.problem(id.Pos, "%s wants at least 1 value, has 0", id.Ident)
		}
		return
	case "not":
		if given != 1 {
			w.problem(id.Pos, "not wants 1 value, has %d", given)
		}
		return
	}
	f, ok := w.functions[id.Ident]
	if !ok {
		w.problem(id.Pos, "no function named %s%s", id.Ident, bridge.DidYouMean(id.Ident, slices.Collect(maps.Keys(w.functions))))
		return
	}
	if wantsScope(f.call) {
		given++
	}
	if err := checkCount(reflect.TypeOf(f.call), given); err != nil {
		w.problem(id.Pos, "%s %s", id.Ident, err)
	}
}

func wantsScope(f any) bool {
	ft := reflect.TypeOf(f)
	return ft.NumIn() > 0 && ft.In(0) == reflect.TypeFor[*Scope]()
}

// value checks an argument, or a command that is no call.
func (w *checker) value(n parse.Node, root bool) {
	switch n := n.(type) {
	case *parse.IdentifierNode: // a function without values
		w.call(n, 0)
	case *parse.FieldNode:
		if root {
			w.refer(w.startOf(n), n.Ident)
		}
	case *parse.VariableNode:
		if len(n.Ident) > 1 && n.Ident[0] == "$" {
			w.refer(w.startOf(n), n.Ident[1:])
		}
	case *parse.ChainNode:
		w.value(n.Node, root)
	case *parse.PipeNode:
		w.pipe(n, root)
	}
}

// refer notes that the template refers to a part of the facts, by the keys that
// lead into it.
func (w *checker) refer(pos parse.Pos, keys []string) {
	part := keys[0]
	w.parts[part] = true
	if part == "event" && len(keys) > 1 {
		w.asks[keys[1]] = true
	}
	if w.known != nil && !slices.Contains(w.known, part) {
		w.problem(pos, "no part named %s%s", part, bridge.DidYouMean(part, w.known))
	}
}
