// Package bounds keeps what requests take of the machine within bounds: the memory
// of all bodies together, the size and time of each, and the number of connections.
package bounds

import "sync/atomic"

// SmallBody is the size up to which a body may draw on the whole budget, in bytes.
// Larger ones leave a quarter of it alone, so that they cannot keep out the usual
// webhook, which has some hundred bytes.
const SmallBody = 4 << 10

// Budget is the memory for the bodies of all requests under way, in bytes.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget makes a budget of so many bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Used is how much of the budget is taken.
func (b *Budget) Used() int64 { return b.used.Load() }

// take takes n bytes, if that leaves so many.
func (b *Budget) take(n, leave int64) bool {
	if b.used.Add(n) > b.limit-leave {
		b.used.Add(-n)
		return false
	}
	return true
}

// Claim is what one request has taken of a budget. It is used by one goroutine at a
// time.
type Claim struct {
	budget *Budget
	taken  int64
}

// Claim begins a request's claim, which must be released at the request's end.
func (b *Budget) Claim() *Claim { return &Claim{budget: b} }

// Need takes n bytes for work on a body that has arrived. The error is ErrBusy, or
// ErrTooLarge if the whole budget does not have so many.
func (c *Claim) Need(n int64) error {
	switch {
	case n > c.budget.limit:
		return ErrTooLarge
	case !c.take(n, 0):
		return ErrBusy
	}
	return nil
}

// takeSmall takes n bytes for a small body, and reports whether there are so many.
func (c *Claim) takeSmall(n int64) bool { return c.take(n, 0) }

// takeLarge does it for what belongs to a body that is not small.
func (c *Claim) takeLarge(n int64) bool { return c.take(n, c.budget.limit/4) }

func (c *Claim) take(n, leave int64) bool {
	if !c.budget.take(n, leave) {
		return false
	}
	c.taken += n
	return true
}

func (c *Claim) give(n int64) {
	c.budget.used.Add(-n)
	c.taken -= n
}

// Release gives back all that was taken.
func (c *Claim) Release() { c.give(c.taken) }
