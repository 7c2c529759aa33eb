// Package budget bounds what a template or a condition takes: bytes of memory,
// steps of work, and time. Whoever makes something takes its cost off the budget
// first, so that what is too large is never made.
package budget

import (
	"context"
	"fmt"
	"math"
	"strconv"
)

// Limits are what a piece of work may take in all.
type Limits struct {
	What  string // whose limits they are, with its article, such as "a message"
	Bytes int    // of all values that are made, also of those that are dropped again
	Steps int    // of work: a call, a turn of a loop, or some hundred bytes that are read
}

// Message are the limits of all templates of one message together.
func Message() Limits { return Limits{What: "a message", Bytes: 32 << 20, Steps: 1_000_000} }

// Digest are the limits of a message of many events: each is put into a group, and
// what that takes is dropped again.
func Digest(events int) Limits {
	const bytes, steps, most = 8 << 10, 200, 20_000
	l, n := Message(), min(events, most)
	return Limits{What: "a digest", Bytes: l.Bytes + n*bytes, Steps: l.Steps + n*steps}
}

// Lookup are the limits of a template that a lookup consists of. One may run for
// each entry of a list.
func Lookup() Limits { return Limits{What: "a lookup", Bytes: 1 << 20, Steps: 20_000} }

// Condition are the limits of one evaluation of a condition.
func Condition() Limits { return Limits{What: "a condition", Bytes: 8 << 20, Steps: 200_000} }

// Exceeded is the error of work that would take more than its limits. It holds no
// data.
type Exceeded string

// Error says which limit it is.
func (e Exceeded) Error() string { return string(e) }

// Budget is what is left of limits. It serves one goroutine.
type Budget struct {
	ctx          context.Context
	limits       Limits
	bytes, steps int
	patterns     map[string]*Pattern
}

// New makes a whole budget. It ends with the context, too.
func New(ctx context.Context, l Limits) *Budget {
	return &Budget{ctx: ctx, limits: l, bytes: l.Bytes, steps: l.Steps}
}

type key struct{}

// With is a context that carries a new budget, which ends with the context.
func With(ctx context.Context, l Limits) context.Context {
	return context.WithValue(ctx, key{}, New(ctx, l))
}

// From is the budget that a context carries, or nil.
func From(ctx context.Context) *Budget {
	b, _ := ctx.Value(key{}).(*Budget)
	return b
}

// Bytes takes n things of so many bytes each.
func (b *Budget) Bytes(n, each int) error {
	cost := product(n, each)
	if cost > b.bytes {
		return Exceeded(fmt.Sprintf("takes more than the %s of memory that %s may take", size(b.limits.Bytes), b.limits.What))
	}
	b.bytes -= cost
	return nil
}

// Steps takes n steps. It fails, too, when the context has ended.
func (b *Budget) Steps(n int) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if n < 0 || n > b.steps {
		return Exceeded(fmt.Sprintf("takes more than the %d steps that %s may take", b.limits.Steps, b.limits.What))
	}
	b.steps -= n
	return nil
}

// perStep is how many bytes are read in one step.
const perStep = 256

// Read takes the steps for reading n bytes so many times.
func (b *Budget) Read(n, times int) error { return b.Steps(1 + product(n, times)/perStep) }

// Left is what is left of the budget.
func (b *Budget) Left() (bytes, steps int) { return b.bytes, b.steps }

// product multiplies; what is too large for an int is as large as one can be.
func product(n, each int) int {
	switch {
	case n <= 0 || each <= 0:
		return 0
	case n > math.MaxInt/each:
		return math.MaxInt
	}
	return n * each
}

// size is a number of bytes in words.
func size(n int) string {
	if n >= 1<<20 {
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n>>10) + " KiB"
}
