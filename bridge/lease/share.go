package lease

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// replica is the prefix of the leases by which replicas know of each other.
const replica = "replica "

// tick renews, and, unless this process is about to stop, takes and gives up. It
// gives the time until the next one.
func (k *Keeper) tick(ctx context.Context, more bool) (next time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	err := k.renew(ctx)
	if err == nil && more {
		next, err = k.share(ctx)
	}
	if err != nil {
		k.log.Warn("the leases cannot be renewed; when they expire, work rests", "err", err)
		k.expire()
		return renewEvery / 3
	}
	return min(renewEvery, max(next, soonest))
}

// renew prolongs what is held, and notes what was lost.
func (k *Keeper) renew(ctx context.Context) error {
	began := time.Now()
	if _, err := k.table.Acquire(ctx, k.self, Life, replica+k.self); err != nil {
		return err
	}
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
		case w == nil || w.lease == nil: // given back meanwhile
		case slices.Contains(still, name):
			w.lease.prolong(began.Add(Life - margin))
		default:
			k.lose(name, w)
		}
	}
	return nil
}

// held gives the names of the leases that this process holds.
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

// expire ends the work whose lease has run out.
func (k *Keeper) expire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, w := range k.works {
		if w.lease != nil && !w.lease.Valid() {
			k.lose(name, w)
		}
	}
}

// lose notes that a lease is no longer held. The caller holds mu.
func (k *Keeper) lose(name string, w *work) {
	k.log.Warn("lease lost", "lease", name)
	w.lease.prolong(time.Time{})
	w.lease, w.surplus = nil, false
	if w.stop != nil {
		w.stop()
	}
}

// share takes what is free up to this replica's part of the work, and gives up what
// is more than that. It gives the time until the next lease of another one expires.
func (k *Keeper) share(ctx context.Context) (next time.Duration, err error) {
	all, err := k.table.Leases(ctx)
	if err != nil {
		return 0, err
	}
	wanted, next := k.choose(all)
	if len(wanted) == 0 {
		return next, nil
	}
	began := time.Now()
	got, err := k.table.Acquire(ctx, k.self, Life, wanted...)
	if err != nil {
		return 0, err
	}
	k.grant(ctx, got, began.Add(Life-margin))
	return next, nil
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
		w.lease, w.free = &Lease{until: until}, time.Time{}
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

// choose gives the names to take, has surplus work end, and gives the time until
// the next lease of another replica expires.
func (k *Keeper) choose(all []store.Lease) (wanted []string, next time.Duration) {
	taken, replicas, next := map[string]bool{}, []string{}, renewEvery
	for _, l := range all {
		if l.Left <= 0 {
			continue
		}
		taken[l.Name] = l.Owner != k.self
		if name, ok := strings.CutPrefix(l.Name, replica); ok {
			replicas = append(replicas, name)
		}
		if l.Owner != k.self {
			next = min(next, l.Left+soonest)
		}
	}
	slices.Sort(replicas)

	k.mu.Lock()
	defer k.mu.Unlock()
	names := slices.Sorted(maps.Keys(k.works))
	mine, shared := 0, 0
	for _, name := range names {
		if w := k.works[name]; w.with == nil {
			shared++
			if w.lease != nil {
				mine++
			}
		}
	}
	part := fair(shared, len(replicas), slices.Index(replicas, k.self))
	k.giveUp(names, mine-part)
	for _, name := range names {
		if w := k.works[name]; k.wants(w, taken[name], mine < part) {
			wanted = append(wanted, name)
			if w.with == nil {
				mine++
			}
		}
	}
	return wanted, next
}

// giveUp has the last n pieces of work end. The caller holds mu.
func (k *Keeper) giveUp(names []string, n int) {
	for _, name := range slices.Backward(names) {
		w := k.works[name]
		if w.lease == nil || w.with != nil {
			continue
		}
		if w.surplus = n > 0; w.surplus && w.stop != nil {
			w.stop() // its lease is given back when it has ended
		}
		n--
	}
}

// wants tells whether a lease should be taken. What nobody takes for a while, as
// others may not know of it, is taken beyond one's part. The caller holds mu.
func (k *Keeper) wants(w *work, taken, room bool) bool {
	if taken || w.lease != nil {
		w.free = time.Time{}
		return false
	}
	if w.free.IsZero() {
		w.free = time.Now()
	}
	return room || w.with != nil || time.Since(w.free) > Life
}

// fair is how many of n pieces of work are the part of the replica of an index.
func fair(n, replicas, index int) int {
	if replicas == 0 || index < 0 {
		return 0
	}
	part := n / replicas
	if index < n%replicas {
		part++
	}
	return part
}
