package store

import (
	"context"
	"fmt"
)

// settle moves what is in the inbox into the tables, up to the last event that was
// accepted before.
func (s *Store) settle(ctx context.Context) error {
	if s.arrivals == nil {
		return nil
	}
	for end := s.arrivals.log.End(); ; {
		if moved, err := s.settleSome(ctx); moved == 0 || err != nil || !s.arrivals.log.Forgotten().Before(end) {
			return err
		}
	}
}

// settleSome is settle by one transaction, of as many records as it tells.
func (s *Store) settleSome(ctx context.Context) (int, error) {
	if s.arrivals == nil || s.arrivals.log.Size() == 0 {
		return 0, nil
	}
	s.closing.RLock() // not while it is closed
	defer s.closing.RUnlock()
	if s.closed {
		return 0, ErrClosed
	}
	return s.arrivals.moveSome(ctx, s.moving)
}

// changeEvent is write for statements of which the first changes an event. If it is still
// in the inbox, because nobody has read it, it is moved first.
func (s *Store) changeEvent(ctx context.Context, all ...statement) error {
	changed, err := s.write(ctx, all...)
	if err == nil && changed[0] == 0 && s.arrivals != nil && s.arrivals.log.Size() > 0 {
		if err = s.settle(ctx); err == nil {
			_, err = s.write(ctx, all...)
		}
	}
	return err
}

// move moves what is in the inbox into the tables, in the order in which it came, by
// transactions.
func (a *arrivals) move(ctx context.Context, transact func(context.Context, []statement) error) error {
	for {
		if moved, err := a.moveSome(ctx, transact); moved == 0 || err != nil {
			return err
		}
	}
}

// moveSome is move by one transaction, of as many records as it tells.
func (a *arrivals) moveSome(ctx context.Context, transact func(context.Context, []statement) error) (int, error) {
	a.moving.Lock()
	defer a.moving.Unlock()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	records, next, err := a.log.Read(a.moved, movedAtOnce)
	if err != nil || len(records) == 0 {
		return 0, err
	}
	var all []statement
	var keys []dedupe
	for _, r := range records {
		st, err := a.statement(r)
		if err != nil {
			return 0, err
		}
		if all = append(all, st); st.rows == nil {
			continue
		}
		key := dedupe(st.args[1].([]byte))
		if keys = append(keys, key); a.reserved.isUnanswered(key) {
			all = append(all, change(markUnanswered, st.args[0]))
		}
	}
	place := change(`INSERT INTO inbox (log, segment, place) VALUES (?, ?, ?) ON CONFLICT (log) DO UPDATE SET segment = excluded.segment, place = excluded.place`,
		next.Log, next.Segment, next.Offset)
	if err := transact(context.WithoutCancel(ctx), append(all, place)); err != nil {
		return 0, fmt.Errorf("move events out of the inbox: %w", err)
	}
	a.moved = next
	a.log.Forget(next)
	a.reserved.release(keys)
	return len(records), nil
}

// statement is what a record asks for.
func (a *arrivals) statement(record []byte) (statement, error) {
	kind, values, err := readRecord(record)
	switch {
	case err != nil:
		return statement{}, err
	case kind == recordUnanswered && len(values) == 1:
		return change(markUnanswered, values...), nil
	case kind == recordEvent && len(values) == a.columns:
		return statement{query: a.insert.one, rows: a.insert, args: values}, nil
	}
	return statement{}, errRecord
}

// moving does the statements of a move.
func (s *Store) moving(ctx context.Context, all []statement) error {
	_, err := writer{s.engine, s.metrics}.measured(ctx, len(all), all)
	return err
}
