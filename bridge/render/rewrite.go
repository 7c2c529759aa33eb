package render

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// The calls that a rewritten tree holds. No template can name them itself.
const (
	callGet   = "_get"   // value, "a.b": a field chain, nil-safe
	callPrint = "_print" // $, value: at the end of every printing action
	callLoop  = "_loop"  // $, value: at the end of what is ranged over
	callTick  = "_tick"  // $: at the start of every turn of a loop
)

// rewriter walks a template's tree once: it notes what a template may not do,
// gathers the parts of the facts that it refers to, and rewrites the tree as
// html/template does with its own.
type rewriter struct {
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
func (w *rewriter) startOf(n parse.Node) parse.Pos {
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

func (w *rewriter) problem(pos parse.Pos, format string, args ...any) {
	before := w.text[:min(int(pos), len(w.text))]
	line := 1 + strings.Count(before, "\n")
	column := len(before) - 1 - strings.LastIndexByte(before, '\n')
	w.note(line, column, format, args...)
	w.failed = true
}

// list rewrites the nodes of a list; root says whether the dot is the facts.
func (w *rewriter) list(l *parse.ListNode, root bool) {
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
			n.Pipe.Cmds = append(n.Pipe.Cmds, call(n.Pos, callLoop, dollar(n.Pos)))
			n.List.Nodes = slices.Insert(n.List.Nodes, 0, parse.Node(&parse.ActionNode{
				NodeType: parse.NodeAction, Pos: n.Pos, Line: n.Line, Pipe: pipe(n.Pos, call(n.Pos, callTick, dollar(n.Pos))),
			}))
		case *parse.TemplateNode:
			w.problem(n.Pos, "template is not supported")
		}
	}
}

func (w *rewriter) branch(b *parse.BranchNode, root, inside bool) {
	w.pipe(b.Pipe, root)
	w.list(b.List, inside)
	w.list(b.ElseList, root)
}

// action rewrites {{ … }}. A mere literal, such as {{ "\n" }}, is the template's
// own text; what declares or assigns a variable prints nothing.
func (w *rewriter) action(n *parse.ActionNode, root bool) parse.Node {
	if len(n.Pipe.Decl) == 0 && len(n.Pipe.Cmds) == 1 && len(n.Pipe.Cmds[0].Args) == 1 {
		if s, ok := n.Pipe.Cmds[0].Args[0].(*parse.StringNode); ok {
			return &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(s.Text)}
		}
	}
	w.pipe(n.Pipe, root)
	if len(n.Pipe.Decl) == 0 {
		w.escapes(n.Pipe)
		n.Pipe.Cmds = append(n.Pipe.Cmds, call(n.Pos, callPrint, dollar(n.Pos)))
	}
	return n
}

// escapes notes a value that nothing escapes, where printing does not.
func (w *rewriter) escapes(p *parse.PipeNode) {
	last, _ := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode)
	if w.escaped && (last == nil || !slices.Contains(escapers(), last.Ident)) {
		w.problem(p.Pos, "how to escape a value in this media type is not known; end it with a function that does, such as | json, | html, | urlquery or | line")
	}
}

func (w *rewriter) pipe(p *parse.PipeNode, root bool) {
	for _, v := range p.Decl {
		if v.Ident[0] == "$" {
			w.problem(v.Pos, "$ cannot be assigned; give the variable a name, such as $x")
		}
	}
	for i, cmd := range p.Cmds {
		w.command(cmd, i > 0, root)
	}
}

// command rewrites one call or value; piped says that a value flows into it.
func (w *rewriter) command(cmd *parse.CommandNode, piped, root bool) {
	first := cmd.Args[0]
	if id, ok := first.(*parse.IdentifierNode); ok {
		w.call(cmd, id, piped)
	} else if piped || len(cmd.Args) > 1 {
		w.problem(w.startOf(first), "%s is a value, not a function, and takes no values", first)
	}
	for i, arg := range cmd.Args {
		if i > 0 || arg.Type() != parse.NodeIdentifier {
			cmd.Args[i] = w.value(arg, root)
		}
	}
}

// call checks a function's name and the number of its values, and hands it the
// scope.
func (w *rewriter) call(cmd *parse.CommandNode, id *parse.IdentifierNode, piped bool) {
	given := len(cmd.Args) - 1
	if piped {
		given++
	}
	if !w.callable(id, given) {
		return
	}
	if _, ours := w.functions[id.Ident]; ours {
		cmd.Args = slices.Insert(cmd.Args, 1, parse.Node(dollar(id.Pos)))
	}
}

func (w *rewriter) callable(id *parse.IdentifierNode, given int) bool {
	switch id.Ident {
	case "and", "or":
		if given == 0 {
			w.problem(id.Pos, "%s wants at least 1 value, has 0", id.Ident)
			return false
		}
		return true
	case "not":
		if given != 1 {
			w.problem(id.Pos, "not wants 1 value, has %d", given)
			return false
		}
		return true
	case "break", "continue":
		return true
	}
	f, ok := w.functions[id.Ident]
	if !ok {
		w.problem(id.Pos, "no function named %s%s", id.Ident, bridge.DidYouMean(id.Ident, slices.Collect(maps.Keys(w.functions))))
		return false
	}
	if wantsScope(f.call) {
		given++
	}
	if err := checkCount(reflect.TypeOf(f.call), given); err != nil {
		w.problem(id.Pos, "%s %s", id.Ident, err)
		return false
	}
	return true
}

func wantsScope(f any) bool {
	ft := reflect.TypeOf(f)
	return ft.NumIn() > 0 && ft.In(0) == reflect.TypeFor[*scope]()
}

// value rewrites a value: field chains become calls of follow.
func (w *rewriter) value(n parse.Node, root bool) parse.Node {
	switch n := n.(type) {
	case *parse.IdentifierNode: // a function without values
		cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{n}}
		w.call(cmd, n, false)
		return pipe(n.Pos, cmd)
	case *parse.FieldNode:
		if root {
			w.refer(w.startOf(n), n.Ident)
		}
		return chain(n.Pos, &parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}, n.Ident)
	case *parse.VariableNode:
		if len(n.Ident) == 1 {
			return n
		}
		if n.Ident[0] == "$" {
			w.refer(w.startOf(n), n.Ident[1:])
		}
		return chain(n.Pos, &parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:1]}, n.Ident[1:])
	case *parse.ChainNode:
		return chain(n.Pos, w.value(n.Node, root), n.Field)
	case *parse.PipeNode:
		w.pipe(n, root)
	}
	return n
}

// refer notes that the template refers to a part of the facts, by the keys that
// lead into it.
func (w *rewriter) refer(pos parse.Pos, keys []string) {
	part := keys[0]
	w.parts[part] = true
	if part == "event" && len(keys) > 1 {
		w.asks[keys[1]] = true
	}
	if w.known != nil && !slices.Contains(w.known, part) {
		w.problem(pos, "no part named %s%s", part, bridge.DidYouMean(part, w.known))
	}
}

// chain is a call of follow as a value of its own: (_get from "a.b").
func chain(pos parse.Pos, from parse.Node, names []string) parse.Node {
	path := strings.Join(names, ".")
	keys := &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(path), Text: path}
	return pipe(pos, call(pos, callGet, from, keys))
}

func pipe(pos parse.Pos, cmd *parse.CommandNode) *parse.PipeNode {
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}
}

func call(pos parse.Pos, name string, args ...parse.Node) *parse.CommandNode {
	all := append([]parse.Node{parse.NewIdentifier(name).SetPos(pos)}, args...)
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: all}
}

func dollar(pos parse.Pos) *parse.VariableNode {
	return &parse.VariableNode{NodeType: parse.NodeVariable, Pos: pos, Ident: []string{"$"}}
}
