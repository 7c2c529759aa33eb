// Package store keeps what must not be lost: the events that were accepted, the
// deliveries they became, and every attempt to send one.
//
// It is SQLite in one file. All writes go through one goroutine that commits
// whatever waits in one transaction, with one fsync, and tells each caller its
// own result; reads have connections of their own.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrLocked is returned by Open when another process has the store open.
var ErrLocked = errors.New("another process has it open; a SQLite store serves one process at a time")

// Store is an open store. Its methods may be called from many goroutines.
type Store struct {
	lock    *flock.Flock
	writes  *sql.DB // one connection, which belongs to the writer
	reads   *sql.DB
	urgent  chan *job // to the writer
	jobs    chan *job // to the writer, when nothing is urgent
	writer  sync.WaitGroup
	closing sync.RWMutex // held for writing while the channels are closed
	closed  bool         // guarded by closing
}

// readers is how many reads may run at once.
const readers = 4

// Open opens the store in the file at path, makes it if there is none, and
// brings its tables up to date. The error says what to do about it.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("open store %s: make its folder: %w", path, err)
	}
	s := &Store{lock: flock.New(path + ".lock"), urgent: make(chan *job, maxBatch), jobs: make(chan *job, maxBatch)}
	locked, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("open store %s: lock it: %w", path, err)
	}
	if !locked {
		return nil, fmt.Errorf("open store %s: %w", path, ErrLocked)
	}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	var err error
	if s.writes, err = connect(path, 1); err != nil {
		return err
	}
	if err := migrate(ctx, s.writes); err != nil {
		return err
	}
	if s.reads, err = connect(path, readers, "query_only(1)"); err != nil {
		return err
	}
	w, err := newWriter(ctx, s.writes)
	if err != nil {
		return err
	}
	s.writer.Go(func() { w.run(s.urgent, s.jobs) })
	return nil
}

// connect opens a pool of connections with the pragmas that durability and
// speed ask for. A commit is on disk when it returns: synchronous=FULL syncs the
// write-ahead log at every commit.
func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{
		"busy_timeout(10000)",
		"auto_vacuum(INCREMENTAL)", // of a new file: what was deleted can be given back to the disk
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"wal_autocheckpoint(4000)",      // 16 MB: checkpoints are rare, and short beside a burst
		"journal_size_limit(134217728)", // a burst must not leave its log behind for ever
		"cache_size(-16000)",
		"temp_store(MEMORY)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; have > newest {
		return fmt.Errorf("it was written by a newer version of absorb-bridge (schema %d, this one knows %d): run that version, or restore a backup", have, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring its tables up to date: %w", err)
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
	s.writer.Wait()
	_ = s.reads.Close() // readers would keep the log from being emptied
	// A store that is closed is one file, whole by itself. If the log cannot be
	// emptied, the next Open reads it.
	_, _ = s.writes.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return s.release()
}

func (s *Store) release() error {
	var all []error
	for _, db := range []*sql.DB{s.reads, s.writes} {
		if db != nil {
			all = append(all, db.Close())
		}
	}
	return errors.Join(append(all, s.lock.Unlock())...)
}

// Ping tells whether the store can be read and written.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, func(t tx) error {
		_, err := t.exec(`UPDATE leases SET expires = expires WHERE name = ''`)
		return err
	})
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
