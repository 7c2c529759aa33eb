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
	maxLogged = 1000
)

// undecided counts the conditions that could not be decided, and tells of them.
type conditionErrors struct {
	mu         sync.Mutex // guards what follows
	counts     map[string]int64
	lastLogged map[[2]string]time.Time // by route and problem
}

// report notes what a route's condition could not decide of the event that the log is
// of, which was delivered nevertheless.
func (c *conditionErrors) report(log *slog.Logger, v bridge.Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts, c.lastLogged = map[string]int64{}, map[[2]string]time.Time{}
	}
	c.counts[v.Route]++
	key, now := [2]string{v.Route, v.Problem}, time.Now()
	if last, ok := c.lastLogged[key]; ok && now.Sub(last) < repeatAfter {
		return
	}
	if len(c.lastLogged) >= maxLogged {
		clear(c.lastLogged)
	}
	c.lastLogged[key] = now
	log.Warn("a route's condition could not be decided; its event is delivered", "route", v.Route, "err", v.Problem)
}

// Undecided is how often each route's condition could not be decided since the
// start.
func (r *Router) ConditionErrors() map[string]int64 {
	r.conditionErrors.mu.Lock()
	defer r.conditionErrors.mu.Unlock()
	return maps.Clone(r.conditionErrors.counts)
}
