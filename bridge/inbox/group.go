package inbox

import "context"

// Group is some records that are written and synced together. All of them are on disk,
// or none.
type Group struct {
	frame   []byte // room for the header of the frame, and the records
	records int
	done    chan struct{}
	err     error // once done is closed
}

// Done is closed when the group is on disk, or cannot be written.
func (g *Group) Done() <-chan struct{} { return g.done }

// Err is why the group is not on disk. It must be called after Done is closed.
func (g *Group) Err() error { return g.err }

// Wait waits until the group is on disk. If the context ends before, nobody knows whether
// it will be.
func (g *Group) Wait(ctx context.Context) error {
	select {
	case <-g.done:
		return g.err
	default:
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
