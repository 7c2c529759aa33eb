package platform

import (
	"sync"
	"time"
)

// Window allows so many messages in a stretch of time that starts with the
// first of them.
type Window struct {
	Messages int
	Length   time.Duration
}

// Quota is a platform's rate limit: every window must have room.
type Quota struct {
	Windows []Window
	mu      sync.Mutex       // guards used
	used    map[string][]use // by address, one for each window
}

type use struct {
	start time.Time
	count int
}

// NewQuota makes a quota. Nothing of it is used yet.
func NewQuota(windows ...Window) *Quota {
	return &Quota{Windows: windows, used: map[string][]use{}}
}

// Take uses up one message of the address's quota. When there is none left it
// uses up nothing and gives how long to wait.
func (q *Quota) Take(address string, now time.Time) (wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	uses := q.current(address, now)
	for i, win := range q.Windows {
		if uses[i].count >= win.Messages {
			wait = max(wait, uses[i].start.Add(win.Length).Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	for i := range uses {
		uses[i].count++
	}
	return 0
}

// Left is how many messages the narrowest window still allows, and when that
// window ends.
func (q *Quota) Left(address string, now time.Time) (remaining int, reset time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	uses := q.current(address, now)
	for i, win := range q.Windows {
		rest := win.Messages - uses[i].count
		if i == 0 || rest < remaining {
			remaining, reset = rest, uses[i].start.Add(win.Length).Sub(now)
		}
	}
	return remaining, reset
}

// current is the address's uses, with windows that ended started again. q.mu is
// held.
func (q *Quota) current(address string, now time.Time) []use {
	uses := q.used[address]
	if uses == nil {
		uses = make([]use, len(q.Windows))
		q.used[address] = uses
	}
	for i, win := range q.Windows {
		if uses[i].count == 0 || now.Sub(uses[i].start) >= win.Length {
			uses[i] = use{start: now}
		}
	}
	return uses
}
