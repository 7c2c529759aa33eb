package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Lease is the right of one owner to do something, for a while.
type Lease struct {
	Name  string
	Owner string
	Note  string        // what the owner says of it
	Left  time.Duration // until it expires, by the database's clock; negative when it has
}

// Leases gives all leases, those that have expired included.
func (s *Store) Leases(ctx context.Context) ([]Lease, error) {
	return listNow(ctx, s, func(row scanner) (l Lease, err error) {
		var left int64
		err = row.Scan(&l.Name, &l.Owner, &l.Note, &left)
		l.Left = time.Duration(left) * time.Microsecond
		return l, err
	}, `SELECT name, owner, note, expires - `+s.engine.clock()+` FROM leases ORDER BY name`)
}

// Acquire takes leases that are free or have expired, or that the owner has
// already, for so long from now on, with a note, and gives the names of those it
// got.
func (s *Store) Acquire(ctx context.Context, owner, note string, d time.Duration, names ...string) ([]string, error) {
	query := `INSERT INTO leases (name, owner, note, expires) VALUES (?, ?, ?, ` + s.engine.clock() + ` + ?)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, note = excluded.note, expires = excluded.expires
		WHERE leases.owner = excluded.owner OR leases.expires < ` + s.engine.clock()
	return s.eachLease(ctx, names, func(name string) statement { return change(query, name, owner, note, d.Microseconds()) })
}

// Renew prolongs leases that the owner has, expired or not, unless somebody else
// took them, and gives the names of those that it still has.
func (s *Store) Renew(ctx context.Context, owner string, d time.Duration, names ...string) ([]string, error) {
	query := `UPDATE leases SET expires = ` + s.engine.clock() + ` + ? WHERE name = ? AND owner = ?`
	return s.eachLease(ctx, names, func(name string) statement { return change(query, d.Microseconds(), name, owner) })
}

// Release gives leases up.
func (s *Store) Release(ctx context.Context, owner string, names ...string) error {
	_, err := s.eachLease(ctx, names, func(name string) statement {
		return change(`DELETE FROM leases WHERE name = ? AND owner = ?`, name, owner)
	})
	s.Tell(TopicLeases)
	return err
}

func (s *Store) eachLease(ctx context.Context, names []string, one func(name string) statement) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	names = slices.Sorted(slices.Values(names)) // in one order, so that processes cannot block each other
	all := make([]statement, len(names))
	for i, name := range names {
		all[i] = one(name)
	}
	changed, err := s.writeAlone(ctx, all...)
	if err != nil {
		return nil, fmt.Errorf("leases: %w", err)
	}
	var had []string
	for i, n := range changed {
		if n > 0 {
			had = append(had, names[i])
		}
	}
	return had, nil
}

const (
	// lockFor is how long a lock lasts if its holder dies.
	lockFor = time.Minute

	// lockPoll is how often somebody who waits for a lock looks.
	lockPoll = 200 * time.Millisecond
)

// Lock waits until nobody else has the lock of a name, in this process or another,
// and takes it, for a minute at most.
func (s *Store) Lock(ctx context.Context, name string) (unlock func(), err error) {
	owner := uuid.NewString()
	for {
		got, err := s.Acquire(ctx, owner, "", lockFor, "lock "+name)
		if err != nil {
			return nil, err
		}
		if len(got) == 1 {
			return func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), transactTimeout)
				defer cancel()
				_ = s.Release(ctx, owner, "lock "+name) // else it expires
			}, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock of %s: %w", name, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}
