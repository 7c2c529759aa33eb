package render

import (
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// maxFile bounds a template's file, in bytes: the time that reading YAML takes
// may grow with the square of its nesting.
const maxFile = 64 << 10

// reader reads one YAML file strictly and gathers what is wrong with it.
type reader struct {
	file     string
	lines    []string
	problems bridge.Problems
}

// entry is a key of a mapping, or an element of a list, and its value.
type entry struct {
	path  string // where it is, such as "message.fields[0].name"
	name  string // the key alone
	at    *token.Position
	value ast.Node
}

// scalar is a text of the file.
type scalar struct {
	path  string
	text  string
	at    *token.Position // of the text's first character, or its quote
	block bool            // written as | or >, so that it starts on the next line
}

// newReader parses a file. The entry is its top level; ok is false when the file
// cannot be read as YAML, and then the reader has the problem.
func newReader(file string, source []byte) (r *reader, top entry, ok bool) {
	source = yamlfile.Normalize(source)
	r = &reader{file: file, lines: yamlfile.Lines(source)}
	if len(source) > maxFile {
		r.whole("is larger than %d KiB", maxFile>>10)
		return r, top, false
	}
	body, err := yamlfile.Parse(source)
	if err != nil {
		r.syntax(err)
		return r, top, false
	}
	if body == nil {
		r.whole("is empty: write a template, or remove the file to have the built-in one")
		return r, top, false
	}
	return r, entry{at: yamlfile.Start(body), value: body}, true
}

func (r *reader) syntax(err error) {
	if at, message := yamlfile.Fault(err); at != nil {
		r.problem(at, "", "%s", message)
		return
	}
	r.whole("%s", err)
}

// whole notes a problem of the file as a whole.
func (r *reader) whole(format string, args ...any) {
	r.problems = append(r.problems, bridge.Problem{File: r.file, Message: fmt.Sprintf(format, args...)})
}

// problem notes a problem of a key at a place.
func (r *reader) problem(at *token.Position, path, format string, args ...any) {
	r.problemAt(at.Line, at.Column, path, format, args...)
}

func (r *reader) problemAt(line, column int, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if path != "" {
		message = path + ": " + message
	}
	p := bridge.Problem{File: r.file, Line: max(1, line), Column: max(1, column), Message: message}
	if p.Line <= len(r.lines) {
		p.Excerpt = r.lines[p.Line-1]
	}
	r.problems = append(r.problems, p)
}

// section reads a mapping whose keys are known, and hands each to its function.
// Keys without a value count as not written.
func (r *reader) section(e entry, known map[string]func(entry)) {
	for _, child := range r.mapping(e) {
		read := known[child.name]
		switch {
		case read == nil:
			r.problem(child.at, child.path, "unknown key%s", bridge.DidYouMean(child.name, slices.Collect(maps.Keys(known))))
		case child.value.Type() != ast.NullType:
			read(child)
		}
	}
}

// mapping reads a mapping's entries, in order.
func (r *reader) mapping(e entry) []entry {
	var values []*ast.MappingValueNode
	switch n := e.value.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.wrongType(e, "a mapping")
		return nil
	}
	var entries []entry
	for _, v := range values {
		at := yamlfile.Start(v.Key)
		key, ok := v.Key.(ast.ScalarNode)
		if !ok || v.Key.Type() == ast.MergeKeyType {
			r.problem(at, e.path, "keys are plain words; merge keys are not supported")
			continue
		}
		name := fmt.Sprint(key.GetValue())
		entries = append(entries, entry{path: join(e.path, name), name: name, at: at, value: v.Value})
	}
	return entries
}

func isMapping(n ast.Node) bool {
	return n.Type() == ast.MappingType || n.Type() == ast.MappingValueType
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// list reads a list's elements.
func (r *reader) list(e entry) []entry {
	n, ok := e.value.(*ast.SequenceNode)
	if !ok {
		r.wrongType(e, "a list")
		return nil
	}
	entries := make([]entry, len(n.Values))
	for i, v := range n.Values {
		entries[i] = entry{path: fmt.Sprintf("%s[%d]", e.path, i), at: yamlfile.Start(v), value: v}
	}
	return entries
}

// text reads a text.
func (r *reader) text(e entry) (scalar, bool) {
	switch n := e.value.(type) {
	case *ast.StringNode:
		return scalar{path: e.path, text: n.Value, at: yamlfile.Start(n)}, true
	case *ast.LiteralNode:
		return scalar{path: e.path, text: n.Value.Value, at: yamlfile.Start(n), block: true}, true
	}
	r.wrongType(e, "a text")
	return scalar{}, false
}

// truth reads true or false.
func (r *reader) truth(e entry) bool {
	n, ok := e.value.(*ast.BoolNode)
	if !ok {
		r.wrongType(e, "true or false")
		return false
	}
	return n.Value
}

// any reads anything, as JSON would have it. Texts go through the function
// given.
func (r *reader) any(e entry, text func(scalar) any) any {
	switch n := e.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		m := map[string]any{}
		for _, child := range r.mapping(e) {
			m[child.name] = r.any(child, text)
		}
		return m
	case *ast.SequenceNode:
		all := []any{}
		for _, child := range r.list(e) {
			all = append(all, r.any(child, text))
		}
		return all
	case *ast.StringNode, *ast.LiteralNode:
		s, _ := r.text(e)
		return text(s)
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NullNode:
		return nil
	}
	r.wrongType(e, "a text, a number, true or false, a list or a mapping")
	return nil
}

func (r *reader) wrongType(e entry, want string) {
	r.problem(yamlfile.Start(e.value), e.path, "want %s, have %s", want, kindOf(e.value))
}

// kindOf names a node's type as someone who writes YAML would.
func kindOf(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.StringType, ast.LiteralType:
		return "a text"
	case ast.IntegerType, ast.FloatType:
		return "a number (put it in quotes to make it a text)"
	case ast.BoolType:
		return "true or false (put it in quotes to make it a text)"
	case ast.NullType:
		return "nothing"
	case ast.AnchorType, ast.AliasType:
		return "an anchor or alias, which is not supported"
	case ast.TagType:
		return "a tag, which is not supported"
	}
	return "something else"
}
