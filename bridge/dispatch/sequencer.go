package dispatch

import (
	"context"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// turns keeps the events that were caught up in their order: they are looked up side
// by side, and each waits for the one before it until it is fanned out. Webhooks come
// one by one, and need none.
type sequencer struct{ last chan struct{} } // closed when the turn given last has ended

// turn is an event's place among those that were caught up.
type ticket struct{ previous, done chan struct{} }

// next gives an event its turn. Only the router's own goroutine calls it.
func (s *sequencer) issue(e bridge.Event) ticket {
	if !e.CaughtUp {
		return ticket{}
	}
	own := ticket{s.last, make(chan struct{})}
	s.last = own.done
	return own
}

// wait waits for the event before; false when the context ends.
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

// end lets the event after go on.
func (t ticket) release() {
	if t.done != nil {
		close(t.done)
	}
}
