// Package budget limits the memory, the steps and the time of a template or a condition.
// Code takes the cost of a result from the budget before it makes the result, so a result
// that is too large is never made.
package budget

import (
	"context"
	"fmt"
	"math"
	"strconv"
)

// Limits are the maximum cost of one piece of work.
type Limits struct {
	What  string // whose limits they are, with its article, such as "a message"
	Bytes int    // of all values that are made, also of those that are dropped again
	Steps int    // of work: a call, a turn of a loop, or some hundred bytes that are read
}

// Message returns the limits of all templates of one message together.
func Message() Limits { return Limits{What: "a message", Bytes: 32 << 20, Steps: 1_000_000} }

// Digest returns the limits of a message of many events. They grow with the number of
// events, because each event is assigned to a group.
func Digest(events int) Limits {
	const bytes, steps, most = 8 << 10, 200, 20_000
	l, n := Message(), min(events, most)
	return Limits{What: "a digest", Bytes: l.Bytes + n*bytes, Steps: l.Steps + n*steps}
}

// Lookup returns the limits of a template in a lookup. Such a template may run for each
// entry of a list.
func Lookup() Limits { return Limits{What: "a lookup", Bytes: 1 << 20, Steps: 20_000} }

// Condition returns the limits of one evaluation of a condition.
func Condition() Limits { return Limits{What: "a condition", Bytes: 8 << 20, Steps: 200_000} }

// Exceeded is the error of work that would exceed its limits. It contains no data of
// events.
type Exceeded string

// Error names the limit.
func (e Exceeded) Error() string { return string(e) }

// Budget is the rest of limits. Only one goroutine may use it.
type Budget struct {
	ctx          context.Context
	limits       Limits
	bytes, steps int
	patterns     map[string]*Pattern
}

// New returns an unused budget. It also ends with the context.
func New(ctx context.Context, l Limits) *Budget {
	return &Budget{ctx: ctx, limits: l, bytes: l.Bytes, steps: l.Steps}
}

type key struct{}

// With returns a context that carries a new budget, which ends with the context.
func With(ctx context.Context, l Limits) context.Context {
	return context.WithValue(ctx, key{}, New(ctx, l))
}

// From returns the budget that a context carries, or nil.
func From(ctx context.Context) *Budget {
	b, _ := ctx.Value(key{}).(*Budget)
	return b
}

// Bytes takes the memory of n values of a size in bytes.
func (b *Budget) Bytes(n, each int) error {
	cost := product(n, each)
	if cost > b.bytes {
		return Exceeded(fmt.Sprintf("takes more than the %s of memory that %s may take", size(b.limits.Bytes), b.limits.What))
	}
	b.bytes -= cost
	return nil
}

// Steps takes n steps. It also fails after the end of the context.
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

// perStep is the number of bytes that one step reads.
const perStep = 256

// Read takes the steps for reading n bytes several times.
func (b *Budget) Read(n, times int) error { return b.Steps(1 + product(n, times)/perStep) }

// Left returns the rest of the budget.
func (b *Budget) Left() (bytes, steps int) { return b.bytes, b.steps }

// product multiplies. If the result overflows, it returns the largest int.
func product(n, each int) int {
	switch {
	case n <= 0 || each <= 0:
		return 0
	case n > math.MaxInt/each:
		return math.MaxInt
	}
	return n * each
}

// size returns a number of bytes as text.
func size(n int) string {
	if n >= 1<<20 {
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n>>10) + " KiB"
}
