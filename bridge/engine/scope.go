package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// The bounds of a message. Templates are an admin's, but what they loop over comes
// from Absorb. What they take in memory and steps is bounded by a budget.
const (
	MaxMessage = 256 << 10       // bytes of all values together
	maxTime    = 2 * time.Second // for all values together

	eventTime = 10 * time.Millisecond // that each event of a digest adds
)

var errFull = errors.New("the value is longer than 64 KiB")

// WithLimits is a context that ends in time, with a budget for all that is made within
// it: what the context has already, or both anew.
func WithLimits(ctx context.Context, l budget.Limits) (context.Context, context.CancelFunc) {
	return WithLimitsFor(ctx, l, 0)
}

// WithLimitsFor is limited for a message of so many events.
func WithLimitsFor(ctx context.Context, l budget.Limits, events int) (context.Context, context.CancelFunc) {
	if budget.From(ctx) != nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime+time.Duration(events)*eventTime)
	return budget.With(ctx, l), cancel
}

// Scope is what a template runs on. It is the template's $, which cannot be
// assigned.
type Scope struct {
	facts  map[string]any
	out    output
	budget *budget.Budget

	dot  any
	vars []variable
	args []any // of the calls under way

	quotes quotes // of the output, where it is JSON or CSV
	markup markup // of the output, where it is XML or HTML

	// missing is set in a path when a value that it is made from is empty.
	missing bool

	// people are those whom the message mentions so far; nil where nobody can be.
	People *[]bridge.Person
}

// NewScope is a scope of facts, or of any other mapping, with the budget of the context.
func NewScope(ctx context.Context, data any) *Scope {
	s := &Scope{budget: budget.From(ctx)}
	if s.budget == nil {
		s.budget = budget.New(ctx, budget.Message())
	}
	switch d := data.(type) {
	case bridge.Facts:
		s.facts = d
	case map[string]any:
		s.facts = d
	}
	s.out.budget = s.budget
	return s
}

// begin makes the scope ready for a template. It keeps the memory of the one before.
func (s *Scope) begin() {
	s.out.buf.Reset()
	s.dot, s.vars, s.args = s, s.vars[:0], s.args[:0]
	s.quotes, s.markup, s.missing = quotes{}, markup{}, false
}

// output gathers what a template writes, and stops it when that is enough.
type output struct {
	budget *budget.Budget
	buf    bytes.Buffer
}

// Write keeps what fits. It fails when the output is full, or the budget is used up.
func (o *output) Write(p []byte) (int, error) {
	if err := cmp.Or(o.budget.Read(len(p), 1), o.budget.Bytes(len(p), 4)); err != nil {
		return 0, err
	}
	if room := value.MaxText - o.buf.Len(); len(p) > room {
		o.buf.Write(p[:room])
		return room, errFull
	}
	return o.buf.Write(p)
}

// WriteString is Write for a text.
func (o *output) WriteString(text string) (int, error) { return o.Write([]byte(text)) }

// Cut is the beginning of a text that is too long: whole characters, no escape
// without what it escapes, and a sign that there was more.
func Cut(text string, most int) string {
	kept := text[:most]
	for len(kept) > 0 {
		if r, size := utf8.DecodeLastRuneInString(kept); r != utf8.RuneError || size != 1 {
			break
		}
		kept = kept[:len(kept)-1]
	}
	return strings.TrimRight(kept, `\`) + "…"
}

// Mapping is the facts, which are what a template sees of its scope.
func (s *Scope) Mapping() map[string]any { return s.facts }
