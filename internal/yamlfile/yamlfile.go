// Package yamlfile parses YAML files written on any system. It reports positions as an
// editor shows them. Its Reader reads values strictly, and reports every problem with its
// position.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Normalize removes a byte order mark and converts every line break to \n. The three kinds
// of line break mean the same in YAML, but the library counts \r\n once in some places and
// twice in others.
func Normalize(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// Lines returns the lines of a normalized file, without line breaks.
func Lines(data []byte) []string { return strings.Split(string(data), "\n") }

// Parse returns the only document of a normalized file, or nil for an empty file. Two
// documents are an error, because the library would ignore the second. A panic in the
// library's parser also becomes an error, because the text is foreign.
func Parse(data []byte) (body ast.Node, err error) {
	if slices.Contains(data, 0) {
		return nil, errors.New("is not text, or is saved as UTF-16: save it as UTF-8")
	}
	defer func() {
		if recover() != nil {
			err = errors.New("cannot be read as YAML")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if at := tooDeep(tokens); at != nil {
		return nil, &yaml.SyntaxError{Message: fmt.Sprintf("is nested deeper than %d levels", maxDepth), Token: at}
	}
	f, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range f.Docs {
		switch doc.Body.(type) {
		case nil, *ast.CommentGroupNode:
			continue
		}
		if body != nil {
			return nil, &yaml.SyntaxError{Message: "want one YAML document: remove the line --- above, or what follows it", Token: first(doc.Body)}
		}
		body = doc.Body
	}
	return body, nil
}

// maxDepth limits nesting. The parser's time grows with the square of the depth: a file of
// brackets would take many seconds.
const maxDepth = 64

// tooDeep returns the token that exceeds the maximum depth, by brackets or by several
// nested entries in one line. Nesting over several lines needs ever more blanks.
func tooDeep(tokens token.Tokens) *token.Token {
	brackets, marks, names, line := 0, 0, 0, 0
	for _, t := range tokens {
		if brackets == 0 && t.Position.Line != line || t.Type == token.CollectEntryType {
			marks = 0
		}
		line = t.Position.Line
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType:
			marks++
			names++ // of one and the same value, if nothing but their letters is between them
		case token.StringType:
		default:
			names = 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets = max(0, brackets-1)
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			marks++
		}
		if brackets > maxDepth || marks > maxDepth || names > maxDepth {
			return t
		}
	}
	return nil
}

// Fault returns the position, or nil, and the message of an error of the YAML library.
func Fault(err error) (at *token.Position, message string) {
	if ye, ok := errors.AsType[yaml.Error](err); ok && ye.GetToken() != nil {
		message = ye.GetMessage()
		if strings.Contains(message, "'\t'") {
			message += "; indent with spaces, not tabs"
		}
		return ye.GetToken().Position, message
	}
	return nil, err.Error()
}

// Start returns the position of a node's start.
func Start(n ast.Node) *token.Position {
	if tk := first(n); tk != nil && tk.Position != nil {
		return tk.Position
	}
	return &token.Position{Line: 1, Column: 1}
}

// first returns a node's first token. The parser returns the colon of a mapping; for
// readers the mapping starts at its first key.
func first(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return first(n.Values[0])
		}
	case *ast.MappingValueNode:
		return first(n.Key)
	case *ast.LiteralNode:
		return n.Start
	}
	return n.GetToken()
}
