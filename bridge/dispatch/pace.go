package dispatch

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Pace holds back the sinks of one bucket: by the rate that their platform
// allows, and by the pauses that it asks for.
type Pace struct {
	limit   bridge.Limit
	limiter *rate.Limiter

	mu    sync.Mutex // guards until
	until time.Time  // nothing is sent before
}

// NewPace makes a pace for a limit.
func NewPace(l bridge.Limit) *Pace {
	if l.Rate <= 0 {
		return &Pace{limit: l, limiter: rate.NewLimiter(rate.Inf, 0)}
	}
	return &Pace{limit: l, limiter: rate.NewLimiter(rate.Limit(l.Rate), max(l.Burst, 1))}
}

// Limit is what the pace was made for.
func (p *Pace) Limit() bridge.Limit { return p.limit }

// Pause lets nothing through for d.
func (p *Pace) Pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}

func (p *Pace) paused() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// Wait returns true when one message may be sent, false when the context ended.
func (p *Pace) Wait(ctx context.Context) bool {
	// The limiter's own Wait gives up at once when the deadline is nearer than
	// the turn; a reservation keeps its turn.
	turn := p.limiter.Reserve()
	if !sleep(ctx, turn.Delay()) {
		turn.Cancel()
		return false
	}
	for { // a pause may be prolonged by another sink of the bucket
		left := p.paused()
		if left <= 0 {
			return ctx.Err() == nil
		}
		if !sleep(ctx, left) {
			return false
		}
	}
}

// batch is how many deliveries a sender reads at once: no more than it can send
// soon.
func (p *Pace) batch() int {
	if p.limiter.Limit() == rate.Inf {
		return maxBatch
	}
	return min(maxBatch, max(1, p.limiter.Burst(), int(p.limiter.Limit())))
}
