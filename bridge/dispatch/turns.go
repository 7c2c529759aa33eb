package dispatch

import (
	"context"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// turns keeps the events that were caught up in their order: they are looked up side
// by side, and each waits for the one before it until it is fanned out. Webhooks come
// one by one, and need none.
type turns struct{ last chan struct{} } // closed when the turn given last has ended

// turn is an event's place among those that were caught up.
type turn struct{ before, ended chan struct{} }

// next gives an event its turn. Only the router's own goroutine calls it.
func (t *turns) next(e bridge.Event) turn {
	if !e.CaughtUp {
		return turn{}
	}
	own := turn{t.last, make(chan struct{})}
	t.last = own.ended
	return own
}

// wait waits for the event before; false when the context ends.
func (t turn) wait(ctx context.Context) bool {
	if t.before == nil {
		return true
	}
	select {
	case <-t.before:
		return true
	case <-ctx.Done():
		return false
	}
}

// end lets the event after go on.
func (t turn) end() {
	if t.ended != nil {
		close(t.ended)
	}
}
