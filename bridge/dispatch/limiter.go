package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Pace holds back the sinks of one bucket: by the rate that their platform
// allows, and by the pauses that it asks for. What has been used of the rate is
// kept in the store before it is used, so that whoever goes on, after a restart or
// in another process, does not send faster than the platform allows.
type Limiter struct {
	LimiterConfig
	tokens *rate.Limiter

	mu          sync.Mutex   // guards what follows
	pausedUntil time.Time    // nothing is sent before
	stored      limiterState // what the store has
}

// PaceConfig is what a Pace is made for.
type LimiterConfig struct {
	Name        string // of the sink, or of the bucket that several share
	Destination string // tells one destination from another that had the same name before
	Limit       bridge.Limit
}

// paceState is what is kept of a pace.
type limiterState struct {
	Destination string    `json:"of,omitempty"`
	Full        time.Time `json:"full,omitzero"`   // when the limiter's bucket is full again
	Paused      time.Time `json:"paused,omitzero"` // nothing is sent before
}

// worthKeeping is the shortest pause that is kept: it takes longer to go on in
// another process.
const minSavedPause = time.Second

// NewPace makes a pace.
func NewLimiter(c LimiterConfig) *Limiter {
	p := &Limiter{LimiterConfig: c, tokens: rate.NewLimiter(rate.Inf, 0)}
	if c.Limit.Rate > 0 {
		p.tokens = rate.NewLimiter(rate.Limit(c.Limit.Rate), max(c.Limit.Burst, 1))
	}
	return p
}

func (l *Limiter) stateName() string { return "pace " + l.Name }

// resume goes on with what the store knows.
func (l *Limiter) restore(ctx context.Context, m stateStore) error {
	text, err := m.State(ctx, l.stateName())
	if err != nil || text == "" {
		return err
	}
	var was limiterState
	if err := json.Unmarshal([]byte(text), &was); err != nil || was.Destination != l.Destination {
		return nil // another destination, or a state of another version
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = was
	if was.Paused.After(l.pausedUntil) {
		l.pausedUntil = was.Paused
	}
	l.takeUntilFull(was.Full)
	return nil
}

// use takes as much from the limiter as it takes until then to fill up again. The
// caller holds mu.
func (l *Limiter) takeUntilFull(full time.Time) {
	if l.tokens.Limit() == rate.Inf {
		return
	}
	now := time.Now()
	for missing := int(math.Ceil(full.Sub(l.fullAt(now)).Seconds() * float64(l.tokens.Limit()))); missing > 0; {
		n := min(missing, l.tokens.Burst())
		l.tokens.ReserveN(now, n)
		missing -= n
	}
}

// full is when the limiter's bucket is full again if nothing more is taken.
func (l *Limiter) fullAt(now time.Time) time.Time {
	missing := float64(l.tokens.Burst()) - l.tokens.TokensAt(now)
	return now.Add(time.Duration(missing / float64(l.tokens.Limit()) * float64(time.Second)))
}

// Pause lets nothing through for d.
func (l *Limiter) Pause(ctx context.Context, m stateStore, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.pausedUntil) {
		l.pausedUntil = until
	}
	if d < minSavedPause || !l.pausedUntil.After(l.stored.Paused) {
		return nil
	}
	return l.save(ctx, m, limiterState{l.Destination, l.stored.Full, l.pausedUntil})
}

// keep has the store know a state. The caller holds mu.
func (l *Limiter) save(ctx context.Context, m stateStore, state limiterState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("keep the pace of %s: %w", l.Name, err)
	}
	if err := m.Keep(ctx, l.stateName(), string(text)); err != nil {
		return err
	}
	l.stored = state
	return nil
}

func (l *Limiter) pauseLeft() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.pausedUntil)
}

// Wait returns true when one message may be sent, false when the context ended
// or, with an error, when the store does not answer.
func (l *Limiter) Wait(ctx context.Context, m stateStore) (bool, error) {
	// The limiter's own Wait gives up at once when the deadline is nearer than
	// the turn; a reservation keeps its turn.
	turn := l.reserve()
	if err := l.saveUse(ctx, m); err != nil {
		turn.Cancel()
		return false, err
	}
	if !sleep(ctx, turn.Delay()) {
		turn.Cancel()
		return false, nil
	}
	for { // a pause may be prolonged by another sink of the bucket
		left := l.pauseLeft()
		if left <= 0 {
			return ctx.Err() == nil, nil
		}
		if !sleep(ctx, left) {
			return false, nil
		}
	}
}

func (l *Limiter) reserve() *rate.Reservation {
	l.mu.Lock() // not while Sent changes the limiter
	defer l.mu.Unlock()
	return l.tokens.Reserve()
}

// Sent notes that a message has arrived by now. What the limiter took for it
// earlier counts from now on: on its way it may have been overtaken by the time that
// fills the bucket, but at the platform it is this moment that counts.
func (l *Limiter) Sent() {
	if l.tokens.Limit() == rate.Inf {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, burst := time.Now(), l.tokens.Burst()
	l.tokens.SetBurstAt(now, burst-1) // what is more than that is dropped …
	l.tokens.SetBurstAt(now, burst)   // … here
}

// spend has the store know what was taken from the limiter, and, so that it need
// not be told each time, what the next batch will take.
func (l *Limiter) saveUse(ctx context.Context, m stateStore) error {
	if l.tokens.Limit() == rate.Inf {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	full := l.fullAt(time.Now())
	if !full.After(l.stored.Full) {
		return nil
	}
	ahead := time.Duration(float64(l.batchSize()) / float64(l.tokens.Limit()) * float64(time.Second))
	return l.save(ctx, m, limiterState{l.Destination, full.Add(ahead), l.pausedUntil})
}

// batch is how many deliveries a sender reads at once: no more than it can send
// soon.
func (l *Limiter) batchSize() int {
	if l.tokens.Limit() == rate.Inf {
		return maxBatch
	}
	return min(maxBatch, max(1, l.tokens.Burst(), int(l.tokens.Limit())))
}

// minute is how many messages can be sent in a minute; 0 when there is no limit.
func (l *Limiter) perMinute() int {
	if l.tokens.Limit() == rate.Inf {
		return 0
	}
	return l.tokens.Burst() + int(float64(l.tokens.Limit())*time.Minute.Seconds())
}
