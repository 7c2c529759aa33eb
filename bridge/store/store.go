// Package store keeps what must not be lost: the events that were accepted, the
// deliveries they became, and every attempt to send one.
//
// It is SQLite in one file, for one process, or a PostgreSQL database, which
// replicas share. Writes go through one goroutine (with PostgreSQL two) that
// commits whatever waits in one transaction, with one fsync, and tells each caller
// its own result; reads have connections of their own.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
)

// Store is an open store. Its methods may be called from many goroutines.
type Store struct {
	engine     engine
	events     *rows // how they are inserted …
	likeEvents *rows // … and the same for events with a dedupe key
	changes    changes
	names      *names
	parts      *knownParts
	reads      atomic.Pointer[bridge.Reads] // nil: all that is stored
	keys       atomic.Pointer[Keys]         // of the tokens; nil: none
	metrics    *metrics.Metrics
	arrivals   *arrivals // nil when the store is a database of its own
	news       *news     // nil when no other process shares the store
	urgent     chan *job // to a writer
	jobs       chan *job // to a writer, when nothing is urgent
	writers    sync.WaitGroup
	closing    sync.RWMutex // held for writing while the channels are closed
	closed     bool         // guarded by closing
}

// Open opens the store at a path or at a URL of PostgreSQL (postgres://…), makes
// its tables if there are none, and brings them up to date. The error says what to
// do about it, and holds no password.
func Open(ctx context.Context, where string) (*Store, error) { return OpenMeasured(ctx, where, nil) }

// OpenMeasured is Open for a store that reports its commits.
func OpenMeasured(ctx context.Context, where string, m *metrics.Metrics) (*Store, error) {
	s := &Store{events: insertEvents(unlessKnown()), likeEvents: insertEvents(unlessAlike()), changes: newChanges(), names: newNames(), parts: &knownParts{at: map[string]time.Time{}}, metrics: m, urgent: make(chan *job, maxBatch), jobs: make(chan *job, maxBatch)}
	if err := s.open(ctx, where); err != nil {
		if !IsShared(where) {
			err = remedy(err)
		}
		return nil, fmt.Errorf("open store %s: %w", Label(where), err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, where string) error {
	if err := Check(where); err != nil {
		return err
	}
	if IsShared(where) {
		e, err := openPostgres(ctx, where)
		if err != nil {
			return err
		}
		s.engine, s.news = e, newNews(e)
	} else {
		e, err := openSQLite(ctx, where)
		if err != nil {
			return err
		}
		s.engine = e
	}
	if err := s.engine.migrate(ctx, migrations); err != nil {
		s.news.close()
		return errors.Join(err, s.engine.close())
	}
	if e, is := s.engine.(*sqlite); is {
		if err := s.openArrivals(ctx, e, where); err != nil {
			return errors.Join(err, s.engine.close())
		}
	}
	w := writer{s.engine, s.metrics}
	if s.engine.parallel() {
		s.writers.Go(func() { w.run(s.urgent, nil) })
		s.writers.Go(func() { w.run(nil, s.jobs) })
	} else {
		s.writers.Go(func() { w.run(s.urgent, s.jobs) })
	}
	return nil
}

// Close waits for the writes under way and closes the store. Writes that come
// later fail with ErrClosed.
func (s *Store) Close() error {
	s.closing.Lock()
	if s.closed {
		s.closing.Unlock()
		return nil
	}
	s.closed = true
	close(s.urgent)
	close(s.jobs)
	s.closing.Unlock()
	s.writers.Wait()
	s.news.close()
	var err error
	if s.arrivals != nil {
		err = errors.Join(s.arrivals.move(context.Background()), s.arrivals.close())
	}
	return errors.Join(err, s.engine.close())
}

func (s *Store) isClosed() bool {
	s.closing.RLock()
	defer s.closing.RUnlock()
	return s.closed
}

// Read says which fields of the facts are read when several events become one message.
func (s *Store) Read(fields *bridge.Reads) { s.reads.Store(fields) }

// Shared tells whether other processes may use the store at the same time.
func (s *Store) Shared() bool { return s.engine.parallel() }

// Ping tells whether the store can be read and written.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.write(ctx, change(`UPDATE leases SET expires = expires WHERE name = ''`))
	return err
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
