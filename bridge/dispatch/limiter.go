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

// Limiter limits the sinks of one bucket: by the rate that their platform allows, and by the
// pauses that it asks for. It stores the use of the rate in advance, so that another process,
// or the same one after a restart, does not send faster than the platform allows.
type Limiter struct {
	LimiterConfig
	tokens *rate.Limiter

	mu          sync.Mutex   // guards all fields below
	pausedUntil time.Time    // no message is sent before
	stored      limiterState // the state in the store
}

// LimiterConfig configures a Limiter.
type LimiterConfig struct {
	Name        string // of the sink, or of the bucket that several sinks share
	Destination string // identifies the destination: an earlier one may have had the same name
	Limit       bridge.Limit
}

// limiterState is the state of a Limiter in the store.
type limiterState struct {
	Destination string    `json:"of,omitempty"`
	Full        time.Time `json:"full,omitzero"`   // when all tokens are back
	Paused      time.Time `json:"paused,omitzero"` // no message is sent before
}

// minSavedPause is the shortest pause worth storing: another process needs longer to take
// over.
const minSavedPause = time.Second

// NewLimiter returns a Limiter with all its tokens.
func NewLimiter(c LimiterConfig) *Limiter {
	p := &Limiter{LimiterConfig: c, tokens: rate.NewLimiter(rate.Inf, 0)}
	if c.Limit.Rate > 0 {
		p.tokens = rate.NewLimiter(rate.Limit(c.Limit.Rate), max(c.Limit.Burst, 1))
	}
	return p
}

func (l *Limiter) stateName() string { return "pace " + l.Name }

// restore continues with the state in the store.
func (l *Limiter) restore(ctx context.Context, m stateStore) error {
	text, err := m.State(ctx, l.stateName())
	if err != nil || text == "" {
		return err
	}
	var was limiterState
	if err := json.Unmarshal([]byte(text), &was); err != nil || was.Destination != l.Destination {
		return nil // of another destination or another version
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

// takeUntilFull takes as many tokens as come back until then. The caller holds mu.
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

// fullAt returns when all tokens are back if no more are taken.
func (l *Limiter) fullAt(now time.Time) time.Time {
	missing := float64(l.tokens.Burst()) - l.tokens.TokensAt(now)
	return now.Add(time.Duration(missing / float64(l.tokens.Limit()) * float64(time.Second)))
}

// Pause stops all messages for d.
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

// save stores a state. The caller holds mu.
func (l *Limiter) save(ctx context.Context, m stateStore, state limiterState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("store the rate limit of %s: %w", l.Name, err)
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

// Wait returns true when one message may be sent. It returns false if the context ended or,
// with an error, if the store does not answer.
func (l *Limiter) Wait(ctx context.Context, m stateStore) (bool, error) {
	// rate.Limiter.Wait gives up at once if the deadline is before the reserved time;
	// a reservation does not.
	reservation := l.reserve()
	if err := l.saveUse(ctx, m); err != nil {
		reservation.Cancel()
		return false, err
	}
	if !sleep(ctx, reservation.Delay()) {
		reservation.Cancel()
		return false, nil
	}
	for { // another sink of the bucket may prolong the pause
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
	l.mu.Lock() // not while Sent changes the burst
	defer l.mu.Unlock()
	return l.tokens.Reserve()
}

// Sent records that a message has arrived by now. Tokens that came back while the message was
// on its way are dropped: the platform counts a message when it arrives.
func (l *Limiter) Sent() {
	if l.tokens.Limit() == rate.Inf {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, burst := time.Now(), l.tokens.Burst()
	l.tokens.SetBurstAt(now, burst-1) // drops the tokens above the burst …
	l.tokens.SetBurstAt(now, burst)   // … and restores the burst
}

// saveUse stores which tokens were taken. It adds those of the next batch, so that it need not
// write for each message.
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

// batchSize returns how many deliveries a sender reads at once: no more than it can send soon.
func (l *Limiter) batchSize() int {
	if l.tokens.Limit() == rate.Inf {
		return maxBatch
	}
	return min(maxBatch, max(1, l.tokens.Burst(), int(l.tokens.Limit())))
}

// perMinute returns how many messages may be sent in a minute; 0 means no limit.
func (l *Limiter) perMinute() int {
	if l.tokens.Limit() == rate.Inf {
		return 0
	}
	return l.tokens.Burst() + int(float64(l.tokens.Limit())*time.Minute.Seconds())
}
