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
type Pace struct {
	PaceConfig
	limiter *rate.Limiter

	mu    sync.Mutex // guards what follows
	until time.Time  // nothing is sent before
	kept  paceState  // what the store has
}

// PaceConfig is what a Pace is made for.
type PaceConfig struct {
	Name  string // of the sink, or of the bucket that several share
	Of    string // tells one destination from another that had the same name before
	Limit bridge.Limit
}

// paceState is what is kept of a pace.
type paceState struct {
	Of     string    `json:"of,omitempty"`
	Full   time.Time `json:"full,omitzero"`   // when the limiter's bucket is full again
	Paused time.Time `json:"paused,omitzero"` // nothing is sent before
}

// worthKeeping is the shortest pause that is kept: it takes longer to go on in
// another process.
const worthKeeping = time.Second

// NewPace makes a pace.
func NewPace(c PaceConfig) *Pace {
	p := &Pace{PaceConfig: c, limiter: rate.NewLimiter(rate.Inf, 0)}
	if c.Limit.Rate > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(c.Limit.Rate), max(c.Limit.Burst, 1))
	}
	return p
}

func (p *Pace) key() string { return "pace " + p.Name }

// resume goes on with what the store knows.
func (p *Pace) resume(ctx context.Context, m memory) error {
	text, err := m.State(ctx, p.key())
	if err != nil || text == "" {
		return err
	}
	var was paceState
	if err := json.Unmarshal([]byte(text), &was); err != nil || was.Of != p.Of {
		return nil // another destination, or a state of another version
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = was
	if was.Paused.After(p.until) {
		p.until = was.Paused
	}
	p.use(was.Full)
	return nil
}

// use takes as much from the limiter as it takes until then to fill up again. The
// caller holds mu.
func (p *Pace) use(full time.Time) {
	if p.limiter.Limit() == rate.Inf {
		return
	}
	now := time.Now()
	for missing := int(math.Ceil(full.Sub(p.full(now)).Seconds() * float64(p.limiter.Limit()))); missing > 0; {
		n := min(missing, p.limiter.Burst())
		p.limiter.ReserveN(now, n)
		missing -= n
	}
}

// full is when the limiter's bucket is full again if nothing more is taken.
func (p *Pace) full(now time.Time) time.Time {
	missing := float64(p.limiter.Burst()) - p.limiter.TokensAt(now)
	return now.Add(time.Duration(missing / float64(p.limiter.Limit()) * float64(time.Second)))
}

// Pause lets nothing through for d.
func (p *Pace) Pause(ctx context.Context, m memory, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
	if d < worthKeeping || !p.until.After(p.kept.Paused) {
		return nil
	}
	return p.keep(ctx, m, paceState{p.Of, p.kept.Full, p.until})
}

// keep has the store know a state. The caller holds mu.
func (p *Pace) keep(ctx context.Context, m memory, state paceState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("keep the pace of %s: %w", p.Name, err)
	}
	if err := m.Keep(ctx, p.key(), string(text)); err != nil {
		return err
	}
	p.kept = state
	return nil
}

func (p *Pace) paused() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// Wait returns true when one message may be sent, false when the context ended
// or, with an error, when the store does not answer.
func (p *Pace) Wait(ctx context.Context, m memory) (bool, error) {
	// The limiter's own Wait gives up at once when the deadline is nearer than
	// the turn; a reservation keeps its turn.
	turn := p.reserve()
	if err := p.spend(ctx, m); err != nil {
		turn.Cancel()
		return false, err
	}
	if !sleep(ctx, turn.Delay()) {
		turn.Cancel()
		return false, nil
	}
	for { // a pause may be prolonged by another sink of the bucket
		left := p.paused()
		if left <= 0 {
			return ctx.Err() == nil, nil
		}
		if !sleep(ctx, left) {
			return false, nil
		}
	}
}

func (p *Pace) reserve() *rate.Reservation {
	p.mu.Lock() // not while Sent changes the limiter
	defer p.mu.Unlock()
	return p.limiter.Reserve()
}

// Sent notes that a message has arrived by now. What the limiter took for it
// earlier counts from now on: on its way it may have been overtaken by the time that
// fills the bucket, but at the platform it is this moment that counts.
func (p *Pace) Sent() {
	if p.limiter.Limit() == rate.Inf {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now, burst := time.Now(), p.limiter.Burst()
	p.limiter.SetBurstAt(now, burst-1) // what is more than that is dropped …
	p.limiter.SetBurstAt(now, burst)   // … here
}

// spend has the store know what was taken from the limiter, and, so that it need
// not be told each time, what the next batch will take.
func (p *Pace) spend(ctx context.Context, m memory) error {
	if p.limiter.Limit() == rate.Inf {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	full := p.full(time.Now())
	if !full.After(p.kept.Full) {
		return nil
	}
	ahead := time.Duration(float64(p.batch()) / float64(p.limiter.Limit()) * float64(time.Second))
	return p.keep(ctx, m, paceState{p.Of, full.Add(ahead), p.until})
}

// batch is how many deliveries a sender reads at once: no more than it can send
// soon.
func (p *Pace) batch() int {
	if p.limiter.Limit() == rate.Inf {
		return maxBatch
	}
	return min(maxBatch, max(1, p.limiter.Burst(), int(p.limiter.Limit())))
}
