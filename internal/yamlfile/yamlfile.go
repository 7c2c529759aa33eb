// Package yamlfile reads the YAML files that people write, on whatever machine,
// so that the positions it reports are those that an editor shows. Its Reader reads
// values strictly, and reports every problem with its position.
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

// Normalize takes a byte order mark off, and makes every line break a \n. For
// YAML the three kinds of break are the same, but its library counts \r\n once
// in some places and twice in others.
func Normalize(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// Lines are the lines of a normalized file, without their breaks.
func Lines(data []byte) []string { return strings.Split(string(data), "\n") }

// Parse gives the one document of a normalized file; nil if there is none. Two are an
// error, since the library's readers of values leave out the second. So is a panic in
// the library's parser: what it reads is foreign.
func Parse(data []byte) (body ast.Node, err error) {
	if slices.Contains(data, 0) {
		return nil, errors.New("is not text, or is saved as UTF-16; save it as UTF-8")
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

// maxDepth bounds nesting: the parser's time grows with its square, and a file of
// brackets alone would take it many seconds.
const maxDepth = 64

// tooDeep gives the token that goes too deep: into brackets, or, by dashes, colons
// and the like, within one line, since further lines need ever more blanks.
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

// Fault takes an error of the YAML library apart: where it is, or nil, and what
// is wrong.
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

// Start is where a node starts.
func Start(n ast.Node) *token.Position {
	if tk := first(n); tk != nil && tk.Position != nil {
		return tk.Position
	}
	return &token.Position{Line: 1, Column: 1}
}

// first is the token that a node starts with. The parser gives a mapping's colon as its
// token; its first key is where it starts for a reader.
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
