// Package lease shares work among replicas: each piece has a name, and whoever
// holds the lease of that name, by the database's clock, does it alone.
//
// Leases are renewed at a third of their life. A replica that dies loses its leases
// when they expire; one that was paused, or cut off from the database, knows by its
// own clock that they have, and stops before another one begins.
package lease

import (
	"context"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// Life is how long a lease lasts when it is not renewed: so long, at most, work
	// rests after its owner died, and a moment more.
	Life = 9 * time.Second

	renewEvery = Life / 3

	// margin is how much earlier an owner takes its lease for expired than the
	// database does: time for what was begun in the last moment.
	margin = Life / 9

	// soonest is the least time between two looks at the leases.
	soonest = 100 * time.Millisecond
)

// Table is where leases are kept.
type Table interface {
	Leases(context.Context) ([]store.Lease, error)
	Acquire(ctx context.Context, owner, note string, d time.Duration, names ...string) ([]string, error)
	Renew(ctx context.Context, owner string, d time.Duration, names ...string) ([]string, error)
	Release(ctx context.Context, owner string, names ...string) error
}

// Lease is one that this process holds, or held. A nil Lease, of a process that is
// alone, is always valid.
type Lease struct {
	with *Lease // that of the work it belongs to

	mu    sync.Mutex // guards until
	until time.Time
}

// Valid tells whether the work may go on. It must be asked before each step that
// two owners must not both do.
func (l *Lease) Valid() bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Both clocks: the monotonic one stands still while a machine is suspended, the
	// other one can be set back.
	now := time.Now()
	return now.Before(l.until) && now.Round(0).Before(l.until.Round(0)) && l.with.Valid()
}

func (l *Lease) prolong(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}
