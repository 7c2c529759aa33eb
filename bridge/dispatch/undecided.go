package dispatch

import (
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// repeatAfter is how long the log is silent about a condition that cannot be
	// decided after it said so.
	repeatAfter = time.Minute
	// maxRemembered bounds what was said lately.
	maxRemembered = 1000
)

// undecided counts the conditions that could not be decided, and tells of them.
type undecided struct {
	mu    sync.Mutex // guards what follows
	count map[string]int64
	said  map[[2]string]time.Time // by route and problem
}

// report notes what a route's condition could not decide of the event that the log is
// of, which was delivered nevertheless.
func (u *undecided) report(log *slog.Logger, v bridge.Verdict) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == nil {
		u.count, u.said = map[string]int64{}, map[[2]string]time.Time{}
	}
	u.count[v.Route]++
	key, now := [2]string{v.Route, v.Problem}, time.Now()
	if last, ok := u.said[key]; ok && now.Sub(last) < repeatAfter {
		return
	}
	if len(u.said) >= maxRemembered {
		clear(u.said)
	}
	u.said[key] = now
	log.Warn("a route's condition could not be decided; its event is delivered", "route", v.Route, "err", v.Problem)
}

// Undecided is how often each route's condition could not be decided since the
// start.
func (r *Router) Undecided() map[string]int64 {
	r.undecided.mu.Lock()
	defer r.undecided.mu.Unlock()
	return maps.Clone(r.undecided.count)
}
