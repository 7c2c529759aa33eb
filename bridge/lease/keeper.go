package lease

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Keeper holds the leases of one process.
type Keeper struct {
	table Table // nil: there is only this process
	self  string
	log   *slog.Logger
	woken chan struct{}

	mu    sync.Mutex // guards works and its elements
	works map[string]*work
}

// work is what this process does, or would do with its lease.
type work struct {
	turn    chan struct{} // capacity 1: one caller of Hold at a time
	changed chan struct{} // capacity 1: the lease was granted
	callers int           // of Hold
	with    *Lease        // of the work that it belongs to; it then does not count in the division

	lease   *Lease             // nil without the lease
	stop    context.CancelFunc // ends the running work; may be nil
	surplus bool               // the lease should be given up
}

// New returns a keeper. Without a table there is only this process, and it gets every
// lease at once.
func New(table Table, log *slog.Logger) *Keeper {
	host, _ := os.Hostname() // for people; the rest makes it unique
	return &Keeper{table: table, self: host + "/" + uuid.NewString(), log: log, woken: make(chan struct{}, 1), works: map[string]*work{}}
}

// Self returns the name of this process as an owner of leases.
func (k *Keeper) Self() string { return k.self }

// Wake makes the keeper check the leases soon, because another process may have given
// one up.
func (k *Keeper) Wake() {
	select {
	case k.woken <- struct{}{}:
	default:
	}
}

// Hold does a piece of work whenever this process has the lease of its name, until the
// context ends. The context of do ends when the lease is lost or should be given up.
// Even within one process only one caller does the work at a time; when it ends, the
// next one continues with the same lease.
func (k *Keeper) Hold(ctx context.Context, name string, do func(context.Context, *Lease) error) error {
	return k.HoldWith(ctx, nil, name, do)
}

// HoldWith is Hold for work that belongs to other work and is valid only with its
// lease. The division of work does not count it.
func (k *Keeper) HoldWith(ctx context.Context, with *Lease, name string, do func(context.Context, *Lease) error) error {
	w := k.join(name)
	defer k.leave(ctx, name, w)
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return nil
	}
	for {
		l, held, stop, ok := k.await(ctx, w, with)
		if !ok {
			return nil
		}
		err := do(held, l)
		stop()
		k.ended(ctx, name, w)
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

func (k *Keeper) join(name string) *work {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.works[name]
	if w == nil {
		w = &work{turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
		k.works[name] = w
	}
	w.callers++
	k.Wake()
	return w
}

// Held returns the names of the work that this process does, or may do at once.
func (k *Keeper) Held() []string {
	if k.table != nil {
		return k.held()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Keys(k.works))
}

// leave returns the lease if no other caller waits for it.
func (k *Keeper) leave(ctx context.Context, name string, w *work) {
	k.mu.Lock()
	w.callers--
	last, had := w.callers == 0, w.lease != nil
	if last {
		w.lease = nil
		delete(k.works, name)
	}
	k.mu.Unlock()
	if last && had {
		k.release(ctx, name)
	}
	k.Wake() // Run may wait for this last one
}

// await waits for the lease, and returns a context that ends with it.
func (k *Keeper) await(ctx context.Context, w *work, with *Lease) (l *Lease, held context.Context, stop context.CancelFunc, ok bool) {
	for ctx.Err() == nil {
		k.mu.Lock()
		w.with = with
		if k.table == nil || w.lease != nil {
			held, stop = context.WithCancel(ctx)
			w.stop = stop
			if l = w.lease; l != nil {
				l.with = with
			}
			k.mu.Unlock()
			return l, held, stop, true
		}
		k.mu.Unlock()
		select {
		case <-w.changed:
		case <-ctx.Done():
		}
	}
	return nil, nil, nil, false
}

// ended returns the lease if that is why the work has ended.
func (k *Keeper) ended(ctx context.Context, name string, w *work) {
	k.mu.Lock()
	w.stop = nil
	surplus := w.surplus && w.lease != nil
	if surplus {
		w.lease, w.surplus = nil, false
	}
	k.mu.Unlock()
	if surplus {
		k.release(ctx, name)
	}
}

func (k *Keeper) release(ctx context.Context, names ...string) {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewEvery)
	defer cancel()
	if err := k.table.Release(late, k.self, names...); err != nil {
		k.log.Warn("cannot give up a lease; it will expire", "leases", names, "err", err)
	}
}

// Run renews leases and takes free ones until the context ends and all work has ended.
func (k *Keeper) Run(ctx context.Context) error {
	if k.table == nil {
		<-ctx.Done()
		return nil
	}
	late := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		wait(ctx.Done(), k.woken, k.tick(late, true))
	}
	// From now on the other replicas divide the work without this one, and take each
	// piece when it is given up.
	k.release(ctx, replica+k.self)
	for k.busy() {
		wait(nil, k.woken, k.tick(late, false))
	}
	return nil
}

// wait returns when the keeper is woken, or after d.
func wait(ended, woken <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ended:
	case <-woken:
	case <-timer.C:
	}
}

func (k *Keeper) busy() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.works) > 0
}
