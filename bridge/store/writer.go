package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// ErrClosed is returned for writes to a store that was closed.
var ErrClosed = errors.New("the store is closed")

const (
	maxBatch = 1024 // writes that share one commit
	patient  = 64   // of them, those that are not urgent: urgent ones may come meanwhile
	beside   = 16   // the same, when there are urgent ones already

	// lull is the least time between two commits without an urgent write.
	lull = 5 * time.Millisecond
)

// job is one caller's write and where its result goes.
type job struct {
	run  func(tx) error
	done chan error // capacity 1: the writer never waits for a caller
}

// write runs fn inside a transaction that others may share, and returns when it
// is on disk. fn may run twice (see writer.commit), so it must not keep what it
// found out before write returned nil.
func (s *Store) write(ctx context.Context, fn func(tx) error) error {
	return s.do(ctx, s.jobs, fn)
}

// writeNow is write for those whom somebody outside waits for.
func (s *Store) writeNow(ctx context.Context, fn func(tx) error) error {
	return s.do(ctx, s.urgent, fn)
}

func (s *Store) do(ctx context.Context, queue chan<- *job, fn func(tx) error) error {
	j := &job{run: fn, done: make(chan error, 1)}
	if err := s.submit(ctx, queue, j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) submit(ctx context.Context, queue chan<- *job, j *job) error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return ErrClosed
	}
	select {
	case queue <- j:
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

// run commits jobs until both channels are closed. Whatever waits when a commit
// ends makes the next one, and the busier the store the larger its commits. Nobody
// waits for a timer, except that what is not urgent waits for more of its kind
// when there was a commit a moment ago.
func (w *writer) run(urgent, others <-chan *job) {
	defer w.conn.Close()
	var last time.Time
	for urgent != nil || others != nil {
		batch, hurry := first(&urgent, &others)
		if !hurry {
			batch, hurry = gather(&urgent, &others, batch, time.Until(last.Add(lull)))
		}
		// Let those who are about to write do so: a commit costs the same for all.
		for before := 0; len(batch) > before; {
			before = len(batch)
			runtime.Gosched()
			batch = drain(&urgent, batch, maxBatch)
		}
		room := patient
		if hurry {
			room = len(batch) + beside
		}
		if batch = drain(&others, batch, room); len(batch) > 0 {
			w.commit(batch)
			last = time.Now()
		}
	}
}

// gather waits for more jobs that are not urgent, until there are enough, until
// one comes that is urgent, or for so long.
func gather(urgent, others *<-chan *job, batch []*job, d time.Duration) (all []*job, hurry bool) {
	if d <= 0 || len(batch) == 0 {
		return batch, false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for len(batch) < patient {
		select {
		case j, open := <-*urgent:
			if !open {
				*urgent = nil
				return batch, false
			}
			return append(batch, j), true
		case j, open := <-*others:
			if !open {
				*others = nil
				return batch, false
			}
			batch = append(batch, j)
		case <-timer.C:
			return batch, false
		}
	}
	return batch, false
}

// first waits for a job, and tells whether it is urgent. It gives none when a
// channel was closed instead, which is nil from then on.
func first(urgent, others *<-chan *job) (batch []*job, hurry bool) {
	from := others
	var j *job
	var open bool
	select {
	case j, open = <-*urgent:
		from = urgent
	case j, open = <-*others:
	}
	if !open {
		*from = nil
		return nil, false
	}
	return []*job{j}, from == urgent
}

// drain adds the jobs that wait, until there are limit.
func drain(from *<-chan *job, batch []*job, limit int) []*job {
	for len(batch) < limit {
		select {
		case j, open := <-*from:
			if !open {
				*from = nil
				return batch
			}
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
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
