package yamlfile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// maxFile bounds a file of a Reader, in bytes: the time that reading YAML takes
// may grow with the square of its nesting.
const maxFile = 64 << 10

// Reader reads one file of templates or words strictly, and gathers its problems.
type Reader struct {
	File     string
	Lines    []string
	Problems bridge.Problems
}

// Entry is a key of a mapping, or an element of a list, and its value.
type Entry struct {
	Path  string // where it is, such as "message.fields[0].name"
	Name  string // the key alone
	At    *token.Position
	Value ast.Node
}

// Scalar is a text of the file.
type Scalar struct {
	Path  string
	Text  string
	At    *token.Position // of the text's first character, or its quote
	block bool            // written as | or >, so that it starts on the next line
}

// NewReader parses a file. The entry is its top level; ok is false when the file
// cannot be read as YAML, and then the reader has the problem.
func NewReader(file string, source []byte) (r *Reader, top Entry, ok bool) {
	source = Normalize(source)
	r = &Reader{File: file, Lines: Lines(source)}
	if len(source) > maxFile {
		r.whole("is larger than %d KiB", maxFile>>10)
		return r, top, false
	}
	body, err := Parse(source)
	if err != nil {
		r.syntax(err)
		return r, top, false
	}
	if body == nil {
		r.whole("is empty: write a template, or remove the file to have the built-in one")
		return r, top, false
	}
	return r, Entry{At: Start(body), Value: body}, true
}

func (r *Reader) syntax(err error) {
	if at, message := Fault(err); at != nil {
		r.Problem(at, "", "%s", message)
		return
	}
	r.whole("%s", err)
}

// whole notes a problem of the file as a whole.
func (r *Reader) whole(format string, args ...any) {
	r.Problems = append(r.Problems, bridge.Problem{File: r.File, Message: fmt.Sprintf(format, args...)})
}

// Problem notes a problem of a key at a place.
func (r *Reader) Problem(at *token.Position, path, format string, args ...any) {
	r.ProblemAt(at.Line, at.Column, path, format, args...)
}

// ProblemAt is Problem for a line and a column, both from 1.
func (r *Reader) ProblemAt(line, column int, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if path != "" {
		message = path + ": " + message
	}
	p := bridge.Problem{File: r.File, Line: max(1, line), Column: max(1, column), Message: message}
	if p.Line <= len(r.Lines) {
		p.Excerpt = r.Lines[p.Line-1]
	}
	r.Problems = append(r.Problems, p)
}

// Section reads a mapping whose keys are known, and hands each to its function.
// Keys without a value count as not written.
func (r *Reader) Section(e Entry, known map[string]func(Entry)) {
	for _, child := range r.Mapping(e) {
		read := known[child.Name]
		switch {
		case read == nil:
			r.Problem(child.At, child.Path, "unknown key%s", bridge.DidYouMean(child.Name, slices.Collect(maps.Keys(known))))
		case child.Value.Type() != ast.NullType:
			read(child)
		}
	}
}

// Mapping reads a mapping's entries, in order.
func (r *Reader) Mapping(e Entry) []Entry {
	var values []*ast.MappingValueNode
	switch n := e.Value.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.WrongType(e, "a mapping")
		return nil
	}
	var entries []Entry
	for _, v := range values {
		at := Start(v.Key)
		key, ok := v.Key.(ast.ScalarNode)
		if !ok || v.Key.Type() == ast.MergeKeyType {
			r.Problem(at, e.Path, "keys are plain words; merge keys are not supported")
			continue
		}
		name := fmt.Sprint(key.GetValue())
		entries = append(entries, Entry{Path: Join(e.Path, name), Name: name, At: at, Value: v.Value})
	}
	return entries
}

// IsMapping tells whether a node is a mapping.
func IsMapping(n ast.Node) bool {
	return n.Type() == ast.MappingType || n.Type() == ast.MappingValueType
}

// Join is the path of a key below another path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// List reads a list's elements.
func (r *Reader) List(e Entry) []Entry {
	n, ok := e.Value.(*ast.SequenceNode)
	if !ok {
		r.WrongType(e, "a list")
		return nil
	}
	entries := make([]Entry, len(n.Values))
	for i, v := range n.Values {
		entries[i] = Entry{Path: fmt.Sprintf("%s[%d]", e.Path, i), At: Start(v), Value: v}
	}
	return entries
}

// Text reads a text.
func (r *Reader) Text(e Entry) (Scalar, bool) {
	switch n := e.Value.(type) {
	case *ast.StringNode:
		return Scalar{Path: e.Path, Text: n.Value, At: Start(n)}, true
	case *ast.LiteralNode:
		return Scalar{Path: e.Path, Text: n.Value.Value, At: Start(n), block: true}, true
	}
	r.WrongType(e, "a text")
	return Scalar{}, false
}

// Truth reads true or false.
func (r *Reader) Truth(e Entry) bool {
	n, ok := e.Value.(*ast.BoolNode)
	if !ok {
		r.WrongType(e, "true or false")
		return false
	}
	return n.Value
}

// Any reads anything, as JSON would have it. Texts go through the function
// given.
func (r *Reader) Any(e Entry, text func(Scalar) any) any {
	switch n := e.Value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		m := map[string]any{}
		for _, child := range r.Mapping(e) {
			m[child.Name] = r.Any(child, text)
		}
		return m
	case *ast.SequenceNode:
		all := []any{}
		for _, child := range r.List(e) {
			all = append(all, r.Any(child, text))
		}
		return all
	case *ast.StringNode, *ast.LiteralNode:
		s, _ := r.Text(e)
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
	r.WrongType(e, "a text, a number, true or false, a list or a mapping")
	return nil
}

// WrongType notes that a value has another type than is wanted.
func (r *Reader) WrongType(e Entry, want string) {
	r.Problem(Start(e.Value), e.Path, "want %s, have %s", want, kindOf(e.Value))
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

// Positive reads a whole number above 0.
func (r *Reader) Positive(e Entry) int {
	n := 0
	if number, ok := e.Value.(*ast.IntegerNode); ok {
		n, _ = strconv.Atoi(number.String())
	}
	if n <= 0 {
		r.Problem(Start(e.Value), e.Path, "want a whole number above 0")
	}
	return n
}
