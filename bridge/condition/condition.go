// Package condition is the language of `when`: expressions over an event's facts,
// checked against what is known of the Integration API when the configuration is
// loaded. An expression decides whether a route takes an event (Condition), or
// gives the text by which events belong together (Key).
//
// The expressions are those of expr-lang. They are compiled twice: once as they
// are written, with the types of all parts and fields, to find mistakes; and once
// with every operator replaced by one that knows what to do with what is missing.
// Nothing in an expression does I/O, and its work is bounded.
package condition

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// Condition is a compiled expression that is true or false. It never changes and
// serves any number of goroutines. A nil Condition holds for everything.
type Condition struct{ program }

// Holds evaluates the condition. What is missing makes it false. An error means
// that it could not be decided; it names no value.
func (c *Condition) Holds(f bridge.Facts) (bool, error) {
	if c == nil {
		return true, nil
	}
	v, err := c.run(f)
	if err != nil {
		return false, err
	}
	holds, err := truth(v)
	return holds == true, err
}

// Parts are the parts of the facts that the condition reads, sorted.
func (c *Condition) Parts() []string {
	if c == nil {
		return nil
	}
	return c.parts
}

// Key is a compiled expression that gives a text.
type Key struct{ program }

// Of is the event's key: "" when what it is made of is missing.
func (k *Key) Of(f bridge.Facts) (string, error) {
	v, err := k.run(f)
	if err != nil {
		return "", err
	}
	switch value.Plain(v).(type) {
	case nil, string, int64, float64, bool:
		return value.TextOf(v), nil
	}
	return "", errors.New("a key is a text or a number")
}

// program is an expression that can be run.
type program struct {
	text  string
	code  *vm.Program
	parts []string // of the facts
}

// String is the expression as it was written.
func (p program) String() string { return p.text }

// run evaluates the program. No context ends it: an evaluation that broke off would not be
// decided, and such an event is delivered, so that a stop or a deadline would send what
// a condition keeps back. The steps bound its time, and all of it is in memory.
func (p program) run(f bridge.Facts) (any, error) {
	if missing := p.undecided(f); missing != "" {
		return nil, fmt.Errorf("%s could not be looked up", missing)
	}
	env := make(map[string]any, len(p.parts)+1)
	for _, part := range p.parts {
		env[part] = value.Plain(f[part])
	}
	env[budgetName] = budget.New(context.Background(), budget.Condition())
	machine := vm.VM{MemoryBudget: maxElements}
	v, err := machine.Run(p.code, env)
	if err != nil {
		return nil, failure(err)
	}
	return v, nil
}

// undecided is a part that the expression reads and that might have been there,
// had Absorb answered.
func (p program) undecided(f bridge.Facts) string {
	if f["incomplete"] != true {
		return ""
	}
	for _, part := range p.parts {
		if _, there := f[part]; !there && !slices.Contains(bridge.Given(), part) {
			return part
		}
	}
	return ""
}

// maxElements bounds the elements of all lists that one evaluation makes by itself.
const maxElements = 100_000

// failure says what went wrong and where, and none of the values.
func failure(err error) error {
	at, placed := errors.AsType[*file.Error](err)
	var ours error
	ours, known := errors.AsType[mistake](err)
	if exceeded, ok := errors.AsType[budget.Exceeded](err); ok {
		ours, known = exceeded, true
	} else if placed && strings.HasPrefix(at.Message, "memory budget exceeded") {
		ours, known = mistake(fmt.Sprintf("makes lists of more than %d elements", maxElements)), true
	}
	switch {
	case placed && known:
		return fmt.Errorf("column %d: %w", at.Column+1, ours)
	case known:
		return ours
	}
	return errors.New("the expression cannot be evaluated")
}

// mistake is an error of this package's own: it holds no data.
type mistake string

func (m mistake) Error() string { return string(m) }

// maxLength bounds an expression, in characters.
const maxLength = 2000

// Fault is what is wrong with an expression.
type Fault struct {
	Offset  int // in characters from the expression's start
	Message string
}

// Condition compiles an expression that is true or false.
func (s Schema) Condition(text string) (*Condition, []Fault) {
	p, faults := s.compile(text, true)
	if len(faults) > 0 {
		return nil, faults
	}
	return &Condition{p}, nil
}

// Key compiles an expression that gives a text, such as course.id.
func (s Schema) Key(text string) (*Key, []Fault) {
	p, faults := s.compile(text, false)
	if len(faults) > 0 {
		return nil, faults
	}
	return &Key{p}, nil
}

func (s Schema) compile(text string, boolean bool) (p program, faults []Fault) {
	defer func() {
		if recover() != nil { // in the library: the text is anybody's
			faults = []Fault{{0, "cannot be understood"}}
		}
	}()
	switch {
	case strings.TrimSpace(text) == "":
		return p, []Fault{{0, "is empty"}}
	case len(text) > maxLength:
		return p, []Fault{{0, fmt.Sprintf("is longer than %d characters", maxLength)}}
	}
	parts, faults := s.check(text, boolean)
	if len(faults) > 0 {
		return p, faults
	}
	code, err := rewritten(text)
	if err != nil {
		return p, []Fault{fault(err)}
	}
	return program{text: text, code: code, parts: parts}, nil
}
