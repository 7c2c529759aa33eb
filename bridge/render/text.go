package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
)

// Text is one compiled template.
type Text struct {
	file, key string
	template  *template.Template
	parts     []string                          // the parts of the facts that it refers to, sorted
	asks      []string                          // the keys of the event that it refers to, sorted
	place     func(line, column int) (int, int) // from the template's text to its file
	fixed     string                            // what it always gives, if isFixed
	isFixed   bool
	whole     bool // a part of what it gives would say something else
}

// errMissing says that a path cannot be made, because a value is missing.
var errMissing = errors.New("a value of the path is missing")

// Execute runs the template on facts, or on any other mapping, within two seconds
// and the budget of a message. An error names the file and the key, never a value.
func (t *Text) Execute(ctx context.Context, data any) (string, error) {
	return t.within(ctx, budget.Message(), data)
}

// within is Execute with other limits.
func (t *Text) within(ctx context.Context, l budget.Limits, data any) (string, error) {
	ctx, cancel := limited(ctx, l)
	defer cancel()
	return t.run(ctx, data)
}

// run is Execute within bounds that the caller sets. A nil Text gives nothing.
func (t *Text) run(ctx context.Context, data any) (string, error) {
	return t.runMentioning(ctx, data, nil)
}

// runMentioning is run for a part of a message, which may mention people.
func (t *Text) runMentioning(ctx context.Context, data any, people *[]bridge.Person) (string, error) {
	if t == nil {
		return "", nil
	}
	if t.isFixed {
		return t.fixed, ctx.Err()
	}
	s := newScope(ctx, data)
	s.people = people
	err := t.template.Execute(&s.out, s)
	switch {
	case errors.Is(err, errFull) && !t.whole:
		return cut(s.out.buf.String(), s.out.buf.Len()), nil
	case err != nil:
		return "", t.failure(err)
	case s.missing:
		return "", errMissing
	}
	return s.out.buf.String(), nil
}

// failure is why a template failed, and where in its file.
type failure struct {
	file, key    string
	line, column int
	err          error
}

func (f *failure) Error() string {
	key := f.key
	if key != "" {
		key += ": "
	}
	return fmt.Sprintf("%s:%d: %s%s", f.file, f.line, key, f.err)
}

func asFailure(err error) (*failure, bool) { return errors.AsType[*failure](err) }

func (f *failure) Unwrap() error { return f.err }

// failure puts an execution's error in the words of someone who writes YAML,
// without text/template's account of the rewritten tree.
func (t *Text) failure(err error) error {
	line, column, message := position(err)
	line, column = t.place(line, column)
	cause := errors.New(message)
	for _, timeUp := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, timeUp) {
			cause = fmt.Errorf("takes too long: %w", timeUp)
		}
	}
	return &failure{file: t.file, key: t.key, line: line, column: column, err: cause}
}

var (
	templateError = regexp.MustCompile(`(?s)^template: [^:]*:(\d+)(?::(\d+))?: (.*)$`)
	executing     = regexp.MustCompile(`(?s)^executing ".*?" at <.*>: (?:error calling (\w+): )?(.*)$`)
)

// position takes an error of text/template apart: line from 1, column from 0 or
// -1, and what is wrong.
func position(err error) (line, column int, message string) {
	m := templateError.FindStringSubmatch(err.Error())
	if m == nil {
		return 1, -1, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	column = -1
	if m[2] != "" {
		column, _ = strconv.Atoi(m[2])
	}
	message = m[3]
	if e := executing.FindStringSubmatch(message); e != nil {
		message = e[2]
		if e[1] != "" && !strings.HasPrefix(e[1], "_") {
			message = e[1] + " " + message
		}
	}
	return line, column, message
}

// compiler makes Texts. Those with the same way of printing share one set of
// functions.
type compiler struct {
	functions map[string]function           // as the admin may call them
	adapted   template.FuncMap              // as text/template calls them
	bases     map[string]*template.Template // by way of printing
	checks    map[string]func(map[string]any) []Fault
	reads     *bridge.Reads // what its Texts read; nil: nobody asks
}

func newCompiler(functions map[string]function, printers map[string]printer) *compiler {
	c := &compiler{functions: functions, adapted: template.FuncMap{}, bases: map[string]*template.Template{}, reads: bridge.NewReads()}
	for name, f := range functions {
		c.adapted[name] = adapt(f)
	}
	maps.Copy(c.adapted, template.FuncMap{callGet: follow, callLoop: loop, callTick: tick})
	for name, p := range printers {
		c.bases[name] = template.New("base").Funcs(c.adapted).Funcs(template.FuncMap{callPrint: p.charged(escaping(name))})
	}
	return c
}

// compile makes a Text of a scalar, or notes what is wrong with it. With known
// parts, references to other parts of the facts are problems.
func (c *compiler) compile(r *reader, s scalar, printing string, known []string) *Text {
	place := func(line, column int) (int, int) { return r.locate(s, line, column) }
	note := func(line, column int, format string, args ...any) {
		fileLine, fileColumn := place(line, column)
		r.problemAt(fileLine, fileColumn, s.path, format, args...)
	}
	if len(s.text) > maxOutput {
		note(1, 0, "is longer than %d KiB", maxOutput>>10)
		return nil
	}
	tree := parse.New("t")
	tree.Mode = parse.SkipFuncCheck // checked below, all of them, with their places
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(s.text, "", "", trees); err != nil {
		line, column, message := position(err)
		note(line, column, "%s", message)
		return nil
	}
	w := &rewriter{functions: c.functions, text: s.text, note: note, known: known, parts: map[string]bool{}, asks: map[string]bool{}, escaped: printing == otherPrinting}
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
	c.noteReads(s.text)
	compiled, err := c.bases[printing].AddParseTree("t", tree)
	if err != nil {
		note(1, -1, "%s", err)
		return nil
	}
	t := &Text{file: r.file, key: s.path, template: compiled, parts: slices.Sorted(maps.Keys(w.parts)), asks: slices.Sorted(maps.Keys(w.asks)), place: place}
	t.fixed, t.isFixed = fixedText(tree.Root)
	return t
}

// compileText compiles a text that stands in no template's file.
func (c *compiler) compileText(name, text, printing string) (*Text, error) {
	r := &reader{file: name, lines: strings.Split(text, "\n")}
	t := c.compile(r, scalar{text: text, at: &token.Position{Line: 1, Column: 1}}, printing, nil)
	return t, r.problems.Err()
}

// constant is the template's text if it holds no action.
func (t *Text) constant() (string, bool) {
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
