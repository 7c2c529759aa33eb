package lease

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// tick renews the leases and, unless this process is stopping, takes and gives up
// leases. It returns the time until the next tick.
func (k *Keeper) tick(ctx context.Context, more bool) (next time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	err := k.renew(ctx)
	if err == nil && more {
		next, err = k.share(ctx)
	}
	if err != nil {
		k.log.Warn("cannot renew the leases; when they expire, this process stops their work", "err", err)
		k.expire()
		return renewEvery / 3
	}
	return min(renewEvery, max(next, soonest))
}

// announce tells the other replicas that this one exists, and what it could do.
func (k *Keeper) announce(ctx context.Context) error {
	knows, err := json.Marshal(k.shared())
	if err != nil {
		return err
	}
	_, err = k.table.Acquire(ctx, k.self, string(knows), Life, replica+k.self)
	return err
}

// renew extends leases, and notes those that were lost.
func (k *Keeper) renew(ctx context.Context) error {
	began := time.Now()
	names := k.held()
	still, err := k.table.Renew(ctx, k.self, Life, names...)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names {
		w := k.works[name]
		switch {
		case w == nil || w.lease == nil: // returned meanwhile
		case slices.Contains(still, name):
			w.lease.prolong(began.Add(Life - margin))
		default:
			k.lose(name, w)
		}
	}
	return nil
}

// shared returns the names of the work that any replica may do.
func (k *Keeper) shared() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	names := []string{}
	for name, w := range k.works {
		if w.with == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Has reports whether this process has the lease of some work. The next owner begins
// after that, and finds what was stored before.
func (k *Keeper) Has(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.works[name]
	return w != nil && w.lease != nil && w.lease.Valid()
}

// held returns the names of this process's leases.
func (k *Keeper) held() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var names []string
	for name, w := range k.works {
		if w.lease != nil {
			names = append(names, name)
		}
	}
	return names
}

// expire ends the work whose lease has expired.
func (k *Keeper) expire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, w := range k.works {
		if w.lease != nil && !w.lease.Valid() {
			k.lose(name, w)
		}
	}
}

// lose notes that a lease is lost. The caller holds mu.
func (k *Keeper) lose(name string, w *work) {
	k.log.Warn("lease lost", "lease", name)
	w.lease.prolong(time.Time{})
	w.lease, w.surplus = nil, false
	if w.stop != nil {
		w.stop()
	}
}

// share takes the free leases that this replica should have, and gives up those that
// another one should have. It returns the time until the next lease of another replica
// expires.
func (k *Keeper) share(ctx context.Context) (next time.Duration, err error) {
	if err := k.announce(ctx); err != nil {
		return 0, err
	}
	all, err := k.table.Leases(ctx)
	if err != nil {
		return 0, err
	}
	next = renewEvery
	for _, l := range all {
		if l.Left > 0 && l.Owner != k.self {
			next = min(next, l.Left+soonest)
		}
	}
	wanted := k.follow(readRoster(all).divide())
	if len(wanted) == 0 {
		return next, nil
	}
	began := time.Now()
	got, err := k.table.Acquire(ctx, k.self, "", Life, wanted...)
	if err != nil {
		return 0, err
	}
	k.grant(ctx, got, began.Add(Life-margin))
	return next, nil
}

// follow ends the work that another replica should do, and returns the names of the
// leases to take.
func (k *Keeper) follow(owners map[string]string) (wanted []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, w := range k.works {
		mine := w.with != nil || owners[name] == k.self
		if mine && w.lease == nil {
			wanted = append(wanted, name)
		}
		if w.surplus = !mine && w.lease != nil; w.surplus && w.stop != nil {
			w.stop() // its lease is returned when it has ended
		}
	}
	return wanted
}

func (k *Keeper) grant(ctx context.Context, names []string, until time.Time) {
	k.mu.Lock()
	var unwanted []string
	for _, name := range names {
		w := k.works[name]
		if w == nil { // it ended meanwhile
			unwanted = append(unwanted, name)
			continue
		}
		w.lease = &Lease{until: until}
		select {
		case w.changed <- struct{}{}:
		default:
		}
		k.log.Info("lease taken", "lease", name)
	}
	k.mu.Unlock()
	if len(unwanted) > 0 {
		k.release(ctx, unwanted...)
	}
}
