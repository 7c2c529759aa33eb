package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// arrivals are the events that a SQLite store has accepted and that are not in its tables
// yet. They are in an inbox beside the file: one short write for all who wait costs a
// fraction of what the pages of tables and indexes do. The router reads them there; anybody
// else who reads events moves them into the tables first, many at once.
//
// Only what is certain to be new goes this way. What may repeat something, or be like
// something, is left to the tables to decide.
type arrivals struct {
	log                              *inbox.Log
	insert, insertRouted, deliveries *rows // events, those with their routing, and deliveries
	columns                          int   // of insert
	transact                         func(ctx context.Context, all []statement, sync bool) error
	known                            *sql.Stmt // whether an event's key, or what it tells of, is known
	damaged                          int64     // bytes of the inbox that could not be read at the start

	adding sync.RWMutex                   // held for reading while an event is added, for writing by who needs that none is
	moving sync.Mutex                     // held while events are moved
	place  atomic.Pointer[inbox.Position] // see movedTo
	last   atomic.Int64                   // see lastMove
	synced time.Time                      // when the last move was on disk; guarded by moving

	routings routings

	reserved reservations
	seen     seen
	learners sync.WaitGroup     // who fill seen
	life     context.Context    //nolint:containedctx // of the learners
	stop     context.CancelFunc // ends it
}

const (
	// mostWaiting is how many bytes of the inbox may wait. Whoever comes when there are more
	// moves some first.
	mostWaiting = 64 << 20

	// movedAtOnce is how many bytes of events are moved in one transaction, about.
	movedAtOnce = 256 << 10

	// takenAtOnce is how many bytes of events are read for the router at once, about.
	takenAtOnce = 32 << 10

	// A move need not be on disk, because the inbox still has the events. After so much time,
	// or so many bytes, one is synced.
	syncAfter = time.Second
	syncSize  = 1 << 20
)

// openArrivals opens the inbox of the store in a file, and moves what is in it.
func (s *Store) openArrivals(ctx context.Context, e *sqlite, path string) (err error) {
	if s.arrivals, err = newArrivals(ctx, e.reads(), path); err != nil {
		return err
	}
	s.arrivals.transact = func(_ context.Context, all []statement, sync bool) error {
		began := time.Now()
		_, err := e.run(all, sync)
		s.metrics.Commit(len(all), time.Since(began), err)
		return err
	}
	s.arrivals.log.Written = s.metrics.Commit
	err = s.arrivals.move(ctx)
	if errors.Is(err, errRecord) {
		return errors.Join(err, s.arrivals.close())
	}
	s.arrivals.learn(s)
	return nil // what else there is, such as a full disk, the router meets again
}

// learn fills seen. Until it is filled the tables are asked.
func (a *arrivals) learn(s *Store) { a.learners.Go(func() { a.seen.learn(a.life, s) }) }

// newArrivals opens the inbox of the tables in a file.
func newArrivals(ctx context.Context, db *sql.DB, path string) (*arrivals, error) {
	a := &arrivals{
		insert: insertEvents(""), insertRouted: insertRouted(), deliveries: insertDeliveries(), reserved: reservations{all: map[dedupe]*reservation{}},
		routings: routings{taken: map[string]struct{}{}, routed: map[string]*routing{}},
	}
	a.life, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.columns = len(eventRow{}.insert(a.insert).args)
	var moved inbox.Position
	err := db.QueryRowContext(ctx, `SELECT log, segment, place FROM inbox`).Scan(&moved.Log, &moved.Segment, &moved.Offset)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if a.known, err = db.PrepareContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE dedupe_key = ?) OR EXISTS (SELECT 1 FROM known WHERE key IN (?, ?))`); err != nil {
		return nil, err
	}
	if a.log, a.damaged, err = inbox.Open(inboxPath(path), moved); err != nil {
		return nil, errors.Join(fmt.Errorf("open the inbox: %w", err), a.known.Close())
	}
	a.place.Store(&moved)
	return a, nil
}

// inboxPath is where the inbox of the store in a file is.
func inboxPath(path string) string { return path + "-inbox" }

// Damaged is how many bytes of accepted events could not be read when the store was
// opened: the disk has lost them.
func (s *Store) Damaged() int64 {
	if s.arrivals == nil {
		return 0
	}
	return s.arrivals.damaged
}

// accept stores events by way of the inbox, if they are new.
func (a *arrivals) accept(ctx context.Context, s *Store, all []eventRow) ([]Accepted, error) {
	if s.isClosed() {
		return nil, ErrClosed
	}
	if a.log.Size() > mostWaiting {
		if _, err := s.settleSome(ctx); err != nil {
			return nil, err
		}
	}
	own, err := a.reserved.reserve(ctx, all, s.settle)
	if err != nil {
		return nil, err
	}
	a.adding.RLock()
	isNew, err := a.areNew(ctx, all)
	for _, key := range own.keys {
		a.seen.add(key[:])
	}
	if a.seen.full() {
		a.learn(s)
	}
	if err == nil && isNew && len(own.keys) == len(all) {
		return accepted(all), a.add(ctx, all, own)
	}
	a.adding.RUnlock()
	defer a.reserved.release(own.keys)
	if err == nil {
		err = s.settle(ctx) // they have come before these
	}
	if err != nil {
		return nil, err
	}
	return s.insert(ctx, all)
}

func accepted(all []eventRow) []Accepted {
	result := make([]Accepted, len(all))
	for i, r := range all {
		result[i] = Accepted{ID: r.id}
	}
	return result
}

// add writes events into the inbox. The caller holds adding for reading, and add gives it
// back when the events are on disk, or cannot be: that may be after it has returned.
func (a *arrivals) add(ctx context.Context, all []eventRow, own *reservation) error {
	records := make([][]byte, len(all))
	for i, r := range all {
		records[i] = appendRecord(make([]byte, 0, 512), recordEvent, r.insert(a.insert).args)
	}
	group, err := a.log.Append(records...)
	if err != nil {
		a.adding.RUnlock()
		a.reserved.release(own.keys)
		return err
	}
	err = group.Wait(ctx)
	if ctx.Err() == nil || err == nil {
		a.added(group, own)
		return err
	}
	a.unanswered(all, own)
	go func() {
		<-group.Done()
		a.added(group, own)
	}()
	return err
}

// added ends what add began, once it is known whether the events are on disk.
func (a *arrivals) added(group *inbox.Group, own *reservation) {
	a.adding.RUnlock()
	if group.Err() != nil {
		a.reserved.release(own.keys)
		return
	}
	a.reserved.written(own)
}

// unanswered notes that the events' sender had no answer: in the inbox, behind the events,
// and for who moves them before that is written.
func (a *arrivals) unanswered(all []eventRow, own *reservation) {
	a.reserved.unanswered(own)
	for _, r := range all {
		if absorb.Anonymous(r.event) {
			_, _ = a.log.Append(appendRecord(nil, recordUnanswered, []any{r.id})) // nobody waits for it
		}
	}
}

// areNew tells whether events are certain to be none that the store knows, and nothing else
// is to be asked about them.
func (a *arrivals) areNew(ctx context.Context, all []eventRow) (bool, error) {
	for _, r := range all {
		if r.event.DedupeKey.Key != nil {
			return false, nil
		}
		name := r.name()
		if name == nil {
			name = r.key
		}
		if !a.seen.has(r.key) && !a.seen.has(name) {
			continue
		}
		var known bool
		if err := a.known.QueryRowContext(ctx, r.key, r.key, name).Scan(&known); known || err != nil {
			return false, err
		}
	}
	return true, nil
}

// close closes the inbox. What was not moved is in its files.
func (a *arrivals) close() error {
	a.stop()
	a.learners.Wait()
	return errors.Join(a.log.Close(), a.known.Close())
}
