package dispatch

import (
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// repeatAfter is how long the log does not repeat a problem of a condition.
	repeatAfter = time.Minute
	// maxLogged bounds how many logged problems are remembered.
	maxLogged = 1000
)

// conditionErrors counts and logs the conditions that could not be evaluated.
type conditionErrors struct {
	mu         sync.Mutex // guards all fields below
	counts     map[string]int64
	lastLogged map[[2]string]time.Time // by route and problem
}

// report counts and logs that a route's condition could not be evaluated. The event is
// delivered anyway.
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
	log.Warn("a route's condition could not be evaluated; the event is delivered anyway", "route", v.Route, "err", v.Problem)
}

// ConditionErrors returns how often each route's condition could not be evaluated since the
// start.
func (r *Router) ConditionErrors() map[string]int64 {
	r.conditionErrors.mu.Lock()
	defer r.conditionErrors.mu.Unlock()
	return maps.Clone(r.conditionErrors.counts)
}
