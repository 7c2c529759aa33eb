// Package condition compiles and evaluates `when`: expressions over an event's facts.
// It checks them against the fields of the Integration API when the configuration is
// loaded. An expression decides whether a route takes an event (Condition), or returns
// the text that groups events (Key).
//
// The expressions use expr-lang. Each is compiled twice: first as written, with the
// types of all parts and fields, to find errors; then with every operator replaced by
// one that handles missing values. No expression does I/O, and its work is limited.
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

// Condition is a compiled expression that is true or false. It never changes, and many
// goroutines may use it. A nil Condition is true for every event.
type Condition struct{ program }

// Holds evaluates the condition. Missing values make it false. An error means that it
// cannot be evaluated; the error names no value.
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

// Parts returns the parts of the facts that the condition reads, sorted.
func (c *Condition) Parts() []string {
	if c == nil {
		return nil
	}
	return c.parts
}

// Key is a compiled expression that returns a text.
type Key struct{ program }

// Of returns the event's key; "" if a value for it is missing.
func (k *Key) Of(f bridge.Facts) (string, error) {
	v, err := k.run(f)
	if err != nil {
		return "", err
	}
	switch value.Plain(v).(type) {
	case nil, string, int64, float64, bool:
		return value.TextOf(v), nil
	}
	return "", errors.New("the key is neither a text nor a number")
}

// program is an expression that can be run.
type program struct {
	text  string
	code  *vm.Program
	parts []string // of the facts
}

// String returns the expression as written.
func (p program) String() string { return p.text }

// run evaluates the program. It ignores contexts: an aborted evaluation could not
// decide, so the event would be delivered, and a stop or a deadline would send what the
// condition holds back. The step limit bounds the time, and all data is in memory.
func (p program) run(f bridge.Facts) (any, error) {
	if missing := p.failedLookup(f); missing != "" {
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

// failedLookup returns a part that the expression reads and whose lookup failed.
func (p program) failedLookup(f bridge.Facts) string {
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

// maxElements limits the elements of all lists that one evaluation makes.
const maxElements = 100_000

// failure says what failed and where, without any value.
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

// mistake is an error of this package; it contains no data.
type mistake string

func (m mistake) Error() string { return string(m) }

// maxLength limits an expression, in characters.
const maxLength = 2000

// Fault is an error in an expression.
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

// Key compiles an expression that returns a text, such as course.id.
func (s Schema) Key(text string) (*Key, []Fault) {
	p, faults := s.compile(text, false)
	if len(faults) > 0 {
		return nil, faults
	}
	return &Key{p}, nil
}

func (s Schema) compile(text string, boolean bool) (p program, faults []Fault) {
	defer func() {
		if recover() != nil { // the library panicked: the text may be anything
			faults = []Fault{{0, "is not a valid expression"}}
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
