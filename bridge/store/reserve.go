package store

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// dedupe is an event's dedupe_key.
type dedupe [16]byte

// reservation says that events with some bytes are on their way into the tables, so that
// others with the same bytes wait for them.
type reservation struct {
	keys       []dedupe
	written    bool          // they are in the inbox
	unanswered bool          // their sender had no answer
	changed    chan struct{} // closed when they are written, moved or given up; nil while nobody waits
}

// reservations are all of them.
type reservations struct {
	mu  sync.Mutex // guards all
	all map[dedupe]*reservation
}

// reserve has others with the same bytes wait until release. It waits for those that came
// before, and has what is in the inbox moved for that.
func (r *reservations) reserve(ctx context.Context, all []eventRow, settle func(context.Context) error) (*reservation, error) {
	own := &reservation{keys: make([]dedupe, 0, len(all))}
	for _, row := range all {
		if key := dedupe(row.key); !slices.Contains(own.keys, key) {
			own.keys = append(own.keys, key)
		}
	}
	for {
		changed, written := r.try(own)
		switch {
		case changed == nil:
			return own, nil
		case written:
			if err := settle(ctx); err != nil {
				return nil, err
			}
		default:
			select {
			case <-changed:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
}

// try reserves all keys or none. If another has one of them, it gives when to look again,
// and whether the other is in the inbox.
func (r *reservations) try(own *reservation) (changed <-chan struct{}, written bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range own.keys {
		if other := r.all[key]; other != nil {
			if other.changed == nil {
				other.changed = make(chan struct{})
			}
			return other.changed, other.written
		}
	}
	for _, key := range own.keys {
		r.all[key] = own
	}
	return nil, false
}

// written notes that the events are in the inbox.
func (r *reservations) written(own *reservation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	own.written = true
	own.wake()
}

// unanswered notes that the events' sender had no answer.
func (r *reservations) unanswered(own *reservation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	own.unanswered = true
}

// isUnanswered tells whether the sender of the event with a key had no answer.
func (r *reservations) isUnanswered(key dedupe) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[key] != nil && r.all[key].unanswered
}

// keys are those of all events that are on their way.
func (r *reservations) keys() []dedupe {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.all))
}

// release gives keys back, whoever has them.
func (r *reservations) release(keys []dedupe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		if of := r.all[key]; of != nil {
			of.wake()
			delete(r.all, key)
		}
	}
}

// wake has those who wait look again. The caller holds mu.
func (o *reservation) wake() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}
