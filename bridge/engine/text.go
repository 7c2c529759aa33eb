// Package engine is the engine of templates: it compiles a text with actions between
// {{ and }}, and runs it on the facts of an event.
//
// The templates are those of text/template. Their parse trees are checked when they are
// compiled, and become programs of this package's own: what is missing reads as nothing
// wherever it is missing, and data is escaped by where it stands, so that nothing that
// Absorb sends can format, link or mention. Loops, results and time are bounded.
//
// It knows no files and no messages; package render has those.
package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/locale"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// Text is one compiled template.
type Text struct {
	file, key string
	source    string
	program   action
	parts     []string                          // the parts of the facts that it refers to, sorted
	asks      []string                          // the keys of the event that it refers to, sorted
	place     func(line, column int) (int, int) // from the template's text to its file
	fixed     string                            // what it always gives, if isFixed
	isFixed   bool
	whole     bool // a part of what it gives would say something else
}

// ErrMissing says that a path cannot be made, because a value is missing.
var ErrMissing = errors.New("a value of the path is missing")

// Execute runs the template on facts, or on any other mapping, within two seconds
// and the budget of a message. An error names the file and the key, never a value.
func (t *Text) Execute(ctx context.Context, data any) (string, error) {
	return t.Within(ctx, budget.Message(), data)
}

// Within is Execute with other limits.
func (t *Text) Within(ctx context.Context, l budget.Limits, data any) (string, error) {
	ctx, cancel := WithLimits(ctx, l)
	defer cancel()
	return t.Run(ctx, data)
}

// Run is Execute within bounds that the caller sets. A nil Text gives nothing.
func (t *Text) Run(ctx context.Context, data any) (string, error) {
	return t.On(NewScope(ctx, data))
}

// On is run on a scope that other templates may have run on.
func (t *Text) On(s *Scope) (string, error) {
	if t == nil {
		return "", nil
	}
	if t.isFixed {
		return t.fixed, s.budget.Steps(0)
	}
	s.begin()
	err := t.program(s)
	switch {
	case errors.Is(err, errFull) && !t.whole:
		return Cut(s.out.buf.String(), s.out.buf.Len()), nil
	case err != nil:
		return "", t.failure(err)
	case s.missing:
		return "", ErrMissing
	}
	return s.out.buf.String(), nil
}

// Failure is why a template failed, and where in its file.
type Failure struct {
	File, Key    string
	Line, Column int
	Err          error
}

func (f *Failure) Error() string {
	key := f.Key
	if key != "" {
		key += ": "
	}
	return fmt.Sprintf("%s:%d: %s%s", f.File, f.Line, key, f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// failure puts the error of a run in the words of someone who writes YAML.
func (t *Text) failure(err error) error {
	line, column := 1, -1
	if f, ok := errors.AsType[*fault](err); ok {
		line, column = lineOf(t.source, f.at)
	}
	line, column = t.place(line, column)
	cause := errors.New(err.Error())
	for _, timeUp := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, timeUp) {
			cause = fmt.Errorf("takes too long: %w", timeUp)
		}
	}
	return &Failure{File: t.file, Key: t.key, Line: line, Column: column, Err: cause}
}

// lineOf is a position in a text as a line, from 1, and a column, from 0.
func lineOf(text string, at parse.Pos) (line, column int) {
	before := text[:min(int(at), len(text))]
	return 1 + strings.Count(before, "\n"), len(before) - 1 - strings.LastIndexByte(before, '\n')
}

var parseError = regexp.MustCompile(`(?s)^template: [^:]*:(\d+): (.*)$`)

// position takes an error of the parser apart: the line, and what is wrong.
func position(err error) (line int, message string) {
	m := parseError.FindStringSubmatch(err.Error())
	if m == nil {
		return 1, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	return line, m[2]
}

// Compiler makes Texts.
type Compiler struct {
	functions map[string]function // as the admin may call them
	natives   map[string]native   // the same as programs call them
	printers  map[string]printer  // by way of printing
	reads     *bridge.Reads       // what its Texts read; nil: nobody asks
}

// NewCompiler makes a compiler of texts in a language. Links are the addresses of the
// sources' pages, and escape is how each sink type escapes a value in a native part.
func NewCompiler(clock locale.Clock, links map[string]Links, escape map[string]func(string) string) *Compiler {
	c := &Compiler{functions: functions(clock, links), natives: map[string]native{}, printers: map[string]printer{}, reads: bridge.NewReads()}
	for name, f := range c.functions {
		c.natives[name] = adapt(f)
	}
	for name, p := range printers(escape) {
		c.printers[name] = p.charged(escaping(name))
	}
	return c
}

// Functions are the names of the functions that templates may call, sorted.
func (c *Compiler) Functions() []string { return slices.Sorted(maps.Keys(c.functions)) }

// Compile makes a Text of a scalar, or notes what is wrong with it. With known
// parts, references to other parts of the facts are problems.
func (c *Compiler) Compile(r *yamlfile.Reader, s yamlfile.Scalar, printing string, known []string) *Text {
	place := func(line, column int) (int, int) { return r.Locate(s, line, column) }
	note := func(line, column int, format string, args ...any) {
		fileLine, fileColumn := place(line, column)
		r.ProblemAt(fileLine, fileColumn, s.Path, format, args...)
	}
	if len(s.Text) > value.MaxText {
		note(1, 0, "is longer than %d KiB", value.MaxText>>10)
		return nil
	}
	tree := parse.New("t")
	tree.Mode = parse.SkipFuncCheck // checked below, all of them, with their places
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(s.Text, "", "", trees); err != nil {
		line, message := position(err)
		note(line, -1, "%s", message)
		return nil
	}
	w := &checker{functions: c.functions, text: s.Text, note: note, known: known, parts: map[string]bool{}, asks: map[string]bool{}, escaped: printing == otherPrinting}
	for name := range trees {
		if name != "t" {
			note(1, -1, "define and block are not supported")
			return nil
		}
	}
	w.list(tree.Root, true)
	if w.failed {
		return nil
	}
	c.noteReads(s.Text)
	program := assembler{c.natives, c.printers[printing]}.list(tree.Root)
	t := &Text{file: r.File, key: s.Path, source: s.Text, program: program, parts: slices.Sorted(maps.Keys(w.parts)), asks: slices.Sorted(maps.Keys(w.asks)), place: place}
	t.fixed, t.isFixed = fixedText(tree.Root)
	return t
}

// CompileText compiles a text that stands in no template's file.
func (c *Compiler) CompileText(name, text, printing string) (*Text, error) {
	r := &yamlfile.Reader{File: name, Lines: strings.Split(text, "\n")}
	t := c.Compile(r, yamlfile.Scalar{Text: text, At: &token.Position{Line: 1, Column: 1}}, printing, nil)
	return t, r.Problems.Err()
}

// Constant is the template's text if it holds no action.
func (t *Text) Constant() (string, bool) {
	if t == nil {
		return "", false
	}
	return t.fixed, t.isFixed
}

// fixedText is what a template always gives, if it holds no action.
func fixedText(root *parse.ListNode) (string, bool) {
	var b strings.Builder
	for _, node := range root.Nodes {
		n, ok := node.(*parse.TextNode)
		if !ok {
			return "", false
		}
		b.Write(n.Text)
	}
	return b.String(), true
}

// Parts are the parts of the facts that the text refers to, sorted.
func (t *Text) Parts() []string { return t.parts }

// Asks are the keys of the event that the text refers to, sorted.
func (t *Text) Asks() []string { return t.asks }

// Name is the file of the text and its key in it.
func (t *Text) Name() string { return t.file + ": " + t.key }
