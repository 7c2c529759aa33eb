package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrClosed is returned for writes to a store that was closed.
var ErrClosed = errors.New("the store is closed")

// maxBatch bounds how many writes share one commit.
const maxBatch = 1024

// job is one caller's write and where its result goes.
type job struct {
	run  func(tx) error
	done chan error // capacity 1: the writer never waits for a caller
}

// write runs fn inside a transaction that others may share, and returns when it
// is on disk. fn may run twice (see writer.commit), so it must not keep what it
// found out before write returned nil.
func (s *Store) write(ctx context.Context, fn func(tx) error) error {
	j := &job{run: fn, done: make(chan error, 1)}
	if err := s.submit(ctx, j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) submit(ctx context.Context, j *job) error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return ErrClosed
	}
	select {
	case s.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tx is what a write sees of the transaction it runs in.
type tx struct{ w *writer }

// exec runs a statement; it is prepared once for the life of the store.
func (t tx) exec(query string, args ...any) (changed int64, err error) {
	stmt, err := t.w.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row.
func (t tx) row(query string, args ...any) *sql.Row {
	return t.w.conn.QueryRowContext(context.Background(), query, args...)
}

// writer owns the connection that writes. Nothing here takes a caller's context:
// a caller that gives up must not undo what others share a commit with.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // by query; closed with the connection
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (w *writer) prepare(query string) (*sql.Stmt, error) {
	if stmt := w.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	w.stmts[query] = stmt
	return stmt, nil
}

// run commits jobs until the channel is closed. Whatever waits when a commit
// ends makes the next one, so nobody waits for a timer, and the busier the
// store the larger its commits.
func (w *writer) run(jobs <-chan *job) {
	defer w.conn.Close()
	for first := range jobs {
		batch := []*job{first}
	collect:
		for len(batch) < maxBatch {
			select {
			case j, open := <-jobs:
				if !open {
					break collect
				}
				batch = append(batch, j)
			default:
				break collect
			}
		}
		w.commit(batch)
	}
}

// commit runs a batch in one transaction. If one of its jobs fails, nothing of
// the batch was done, and each job is tried again in a transaction of its own,
// so that only the faulty ones fail.
func (w *writer) commit(batch []*job) {
	err := w.transact(batch)
	for _, j := range batch {
		if err != nil && len(batch) > 1 {
			j.done <- w.transact([]*job{j})
			continue
		}
		j.done <- err
	}
}

func (w *writer) transact(batch []*job) error {
	if err := w.execute("BEGIN IMMEDIATE"); err != nil {
		w.rollback()
		return err
	}
	for _, j := range batch {
		if err := j.run(tx{w}); err != nil {
			w.rollback()
			return err
		}
	}
	if err := w.execute("COMMIT"); err != nil {
		w.rollback()
		return err
	}
	return nil
}

// rollback ends the transaction. Its error is of no use: when the disk is full
// SQLite has ended it already, and says so.
func (w *writer) rollback() { _ = w.execute("ROLLBACK") }

func (w *writer) execute(statement string) error {
	stmt, err := w.prepare(statement)
	if err != nil {
		return err
	}
	if _, err := stmt.Exec(); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
