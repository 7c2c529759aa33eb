package wall

import (
	"sync"
	"time"
)

// window allows so many messages in a stretch of time that starts with the
// first of them.
type window struct {
	messages int
	length   time.Duration
}

// quota is a platform's rate limit: every window must have room.
type quota struct {
	windows []window
	mu      sync.Mutex         // guards used
	used    map[string][]useOf // by address, one for each window
}

type useOf struct {
	start time.Time
	count int
}

func newQuota(windows ...window) *quota {
	return &quota{windows: windows, used: map[string][]useOf{}}
}

// take uses up one message of the address's quota. When there is none left it
// uses up nothing and gives how long to wait.
func (q *quota) take(address string, now time.Time) (wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	uses := q.current(address, now)
	for i, win := range q.windows {
		if uses[i].count >= win.messages {
			wait = max(wait, uses[i].start.Add(win.length).Sub(now))
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

// left is how many messages the narrowest window still allows, and when that
// window ends.
func (q *quota) left(address string, now time.Time) (remaining int, reset time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	uses := q.current(address, now)
	for i, win := range q.windows {
		rest := win.messages - uses[i].count
		if i == 0 || rest < remaining {
			remaining, reset = rest, uses[i].start.Add(win.length).Sub(now)
		}
	}
	return remaining, reset
}

// current is the address's uses, with windows that ended started anew. q.mu is
// held.
func (q *quota) current(address string, now time.Time) []useOf {
	uses := q.used[address]
	if uses == nil {
		uses = make([]useOf, len(q.windows))
		q.used[address] = uses
	}
	for i, win := range q.windows {
		if uses[i].count == 0 || now.Sub(uses[i].start) >= win.length {
			uses[i] = useOf{start: now}
		}
	}
	return uses
}
