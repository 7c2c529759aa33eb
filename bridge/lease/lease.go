// Package lease divides work among replicas. Each piece of work has a name, and only
// the owner of the lease of that name, by the database's clock, does it. The package
// does not know what the work is.
//
// A replica renews its leases after a third of their life. If it dies, its leases
// expire. If it was paused or cut off from the database, its own clock tells it that
// they have expired, and it stops before another replica begins.
package lease

import (
	"context"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// Life is how long a lease lasts without renewal: at most this long, and a moment
	// more, nobody does the work after its owner died.
	Life = 9 * time.Second

	renewEvery = Life / 3

	// margin is how much earlier the lease ends for its owner than for the database:
	// time to finish what began in the last moment.
	margin = Life / 9

	// soonest is the minimum time between two checks of the leases.
	soonest = 100 * time.Millisecond
)

// Table stores the leases.
type Table interface {
	Leases(context.Context) ([]store.Lease, error)
	Acquire(ctx context.Context, owner, note string, d time.Duration, names ...string) ([]string, error)
	Renew(ctx context.Context, owner string, d time.Duration, names ...string) ([]string, error)
	Release(ctx context.Context, owner string, names ...string) error
}

// Lease is a lease that this process has or had. A nil Lease, of a process without
// other replicas, is always valid.
type Lease struct {
	with *Lease // lease of the work it belongs to

	mu    sync.Mutex // guards until
	until time.Time
}

// Valid reports whether the work may continue. Call it before each step that two owners
// must not both do.
func (l *Lease) Valid() bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Check both clocks: the monotonic one stops while a machine is suspended, and the
	// other one can be set back.
	now := time.Now()
	return now.Before(l.until) && now.Round(0).Before(l.until.Round(0)) && l.with.Valid()
}

func (l *Lease) prolong(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}
