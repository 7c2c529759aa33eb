package dispatch

import (
	"context"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// sequencer keeps events from catch-up in order: they are looked up at the same time, but each
// waits until the one before it is fanned out. Events from webhooks arrive one by one and need
// no sequencer.
type sequencer struct{ last chan struct{} } // closed when the last ticket is released

// ticket is an event's place in the sequence.
type ticket struct{ previous, done chan struct{} }

// issue returns an event's ticket. Only the router's own goroutine calls it.
func (s *sequencer) issue(e bridge.Event) ticket {
	if !e.CaughtUp {
		return ticket{}
	}
	own := ticket{s.last, make(chan struct{})}
	s.last = own.done
	return own
}

// wait waits until the previous event is fanned out. It returns false if the context ended
// first.
func (t ticket) wait(ctx context.Context) bool {
	if t.previous == nil {
		return true
	}
	select {
	case <-t.previous:
		return true
	case <-ctx.Done():
		return false
	}
}

// release lets the next event continue.
func (t ticket) release() {
	if t.done != nil {
		close(t.done)
	}
}
