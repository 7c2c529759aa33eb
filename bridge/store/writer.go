package store

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/metrics"
)

// ErrClosed is returned for writes to a store that was closed.
var ErrClosed = errors.New("the store is closed")

const (
	maxBatch = 1024 // writes that share one commit
	patient  = 64   // of them, those that are not urgent: urgent ones may come meanwhile
	enough   = 64   // statements that need not wait for more
	beside   = 16   // the same, when there are urgent ones already

	// lull is the least time between two commits without an urgent write.
	lull = 5 * time.Millisecond
)

// job is one caller's write and where its result goes.
type job struct {
	statements []statement
	changed    []int64    // rows by statement; the caller's once done was told
	done       chan error // capacity 1: the writer never waits for a caller
}

// write does statements inside a transaction that others may share, all or none,
// and returns when they are on disk: how many rows each changed.
func (s *Store) write(ctx context.Context, all ...statement) ([]int64, error) {
	return s.do(ctx, s.jobs, all)
}

// writeNow is write for those whom somebody outside waits for.
func (s *Store) writeNow(ctx context.Context, all ...statement) ([]int64, error) {
	return s.do(ctx, s.urgent, all)
}

// writeAlone is write for what must not wait for others: it has a transaction of
// its own where the engine can run several.
func (s *Store) writeAlone(ctx context.Context, all ...statement) ([]int64, error) {
	if !s.engine.parallel() {
		return s.writeNow(ctx, all...)
	}
	s.closing.RLock() // not while it is closed
	defer s.closing.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	return writer{s.engine, s.metrics}.measured(ctx, 1, all)
}

// writeEvents is write while nobody else can add events. The keys are those by which what
// it adds is known; nil is none.
func (s *Store) writeEvents(ctx context.Context, keys [][]byte, all ...statement) ([]int64, error) {
	if s.arrivals != nil {
		if err := s.settle(ctx); err != nil { // while others wait, little is left
			return nil, err
		}
		s.arrivals.adding.Lock()
		defer s.arrivals.adding.Unlock()
		if err := s.settle(ctx); err != nil {
			return nil, err
		}
	}
	s.closing.RLock() // not while it is closed
	defer s.closing.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	changed, err := s.engine.alone(ctx, all)
	if s.arrivals != nil {
		for _, key := range keys {
			if key != nil {
				s.arrivals.seen.add(key)
			}
		}
	}
	return changed, err
}

func (s *Store) do(ctx context.Context, queue chan<- *job, all []statement) ([]int64, error) {
	j := &job{statements: all, done: make(chan error, 1)}
	if err := s.submit(ctx, queue, j); err != nil {
		return nil, err
	}
	select {
	case err := <-j.done:
		return j.changed, err
	case <-ctx.Done():
		return nil, ctx.Err()
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

// writer commits jobs in batches. Nothing here takes a caller's context: a caller
// that gives up must not undo what others share a commit with.
type writer struct {
	engine
	metrics *metrics.Metrics
}

// run commits jobs until both channels are closed or nil. Whatever waits when a
// commit ends makes the next one, and the busier the store the larger its commits.
// Nobody waits for a timer, except that what is not urgent waits for more of its
// kind when there was a commit a moment ago.
func (w writer) run(urgent, others <-chan *job) {
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

// gather waits for more jobs that are not urgent, until they have enough statements,
// until one comes that is urgent, or for so long.
func gather(urgent, others *<-chan *job, batch []*job, d time.Duration) (all []*job, hurry bool) {
	if d <= 0 || len(batch) == 0 {
		return batch, false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	statements := 0
	for _, j := range batch {
		statements += len(j.statements)
	}
	for statements < enough {
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
			batch, statements = append(batch, j), statements+len(j.statements)
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
func (w writer) commit(batch []*job) {
	err := w.together(batch)
	for _, j := range batch {
		if err != nil && len(batch) > 1 && !w.lost(err) {
			j.done <- w.together([]*job{j})
			continue
		}
		j.done <- err
	}
}

func (w writer) together(batch []*job) error {
	all, was := arranged(batch)
	counts, err := w.measured(context.Background(), len(batch), all)
	if err != nil {
		return err
	}
	changed := make([]int64, len(all))
	for i, n := range counts {
		changed[was[i]] = n
	}
	for _, j := range batch {
		j.changed, changed = changed[:len(j.statements)], changed[len(j.statements):]
	}
	return nil
}

// measured is transact for some writes, and reports it.
func (w writer) measured(ctx context.Context, writes int, all []statement) ([]int64, error) {
	began := time.Now()
	changed, err := w.transact(ctx, all)
	w.metrics.Commit(writes, time.Since(began), err)
	return changed, err
}
