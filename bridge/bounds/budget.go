// Package bounds limits the memory of all request bodies together, the size and time of
// each body, and the number of connections.
package bounds

import "sync/atomic"

// SmallBody is the largest size of a body that may use the whole budget, in bytes. Larger
// bodies leave a quarter of the budget free, so that they cannot block ordinary webhooks,
// which have a few hundred bytes.
const SmallBody = 4 << 10

// Budget is the memory for the bodies of all current requests.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget returns a budget of limit bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Used returns the bytes in use.
func (b *Budget) Used() int64 { return b.used.Load() }

// take reserves n bytes if at least leave bytes stay free.
func (b *Budget) take(n, leave int64) bool {
	if b.used.Add(n) > b.limit-leave {
		b.used.Add(-n)
		return false
	}
	return true
}

// Claim is the memory that one request has reserved. Only one goroutine may use it at a
// time.
type Claim struct {
	budget *Budget
	taken  int64
}

// Claim starts a request's claim. Release it at the end of the request.
func (b *Budget) Claim() *Claim { return &Claim{budget: b} }

// Need reserves n bytes for work on a complete body. The error is ErrBusy, or ErrTooLarge
// if n is more than the whole budget.
func (c *Claim) Need(n int64) error {
	switch {
	case n > c.budget.limit:
		return ErrTooLarge
	case !c.take(n, 0):
		return ErrBusy
	}
	return nil
}

// takeSmall reserves n bytes for a small body, and reports whether they were free.
func (c *Claim) takeSmall(n int64) bool { return c.take(n, 0) }

// takeLarge does the same for a larger body.
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

// Release frees the whole claim.
func (c *Claim) Release() { c.give(c.taken) }
