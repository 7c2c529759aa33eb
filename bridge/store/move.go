package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// settle moves what is in the inbox into the tables, up to the last event that was
// accepted before.
func (s *Store) settle(ctx context.Context) error {
	if s.arrivals == nil {
		return nil
	}
	for end := s.arrivals.log.End(); s.arrivals.movedTo().Before(end); {
		if moved, err := s.settleSome(ctx); moved == 0 || err != nil {
			return err
		}
	}
	return nil
}

// settleSome is settle by one transaction. It returns how many records it moved.
func (s *Store) settleSome(ctx context.Context) (int, error) {
	if s.arrivals == nil || !s.arrivals.waits() {
		return 0, nil
	}
	s.closing.RLock() // not while it is closed
	defer s.closing.RUnlock()
	if s.closed {
		return 0, ErrClosed
	}
	return s.arrivals.moveSome(ctx, s.arrivals.log.End(), false)
}

// changeEvent is write for statements of which the first changes an event. If the event is
// still in the inbox, it is moved first.
func (s *Store) changeEvent(ctx context.Context, all ...statement) error {
	changed, err := s.write(ctx, all...)
	if err == nil && changed[0] == 0 && s.arrivals != nil {
		if err = s.settle(ctx); err == nil {
			_, err = s.write(ctx, all...)
		}
	}
	return err
}

// move moves what is in the inbox into the tables, in the order in which it came, by
// transactions, and forgets it.
func (a *arrivals) move(ctx context.Context) error {
	for {
		if moved, err := a.moveSome(ctx, a.log.End(), true); moved == 0 || err != nil {
			return err
		}
	}
}

// moveSome is move up to a position and by one transaction. It returns how many records it
// moved. Without sync they stay in the inbox until a later move is on disk.
func (a *arrivals) moveSome(ctx context.Context, until inbox.Position, sync bool) (int, error) {
	a.moving.Lock()
	defer a.moving.Unlock()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	records, next, err := a.log.Read(a.movedTo(), until, movedAtOnce)
	if err != nil || len(records) == 0 && !(sync && a.log.Forgotten().Before(next)) {
		return 0, err
	}
	m := move{arrivals: a}
	for _, r := range records {
		if err := m.add(r); err != nil {
			m.end(false, err)
			return 0, err
		}
	}
	sync = sync || time.Since(a.synced) > syncAfter || next.Segment != a.log.Forgotten().Segment || next.Offset-a.log.Forgotten().Offset > syncSize
	err = a.transact(context.WithoutCancel(ctx), m.statements(next, true), sync)
	stored := err == nil
	if err != nil && slices.ContainsFunc(m.events, arrival.isRouted) {
		err = a.transact(context.WithoutCancel(ctx), m.statements(next, false), sync)
	}
	if err != nil {
		err = fmt.Errorf("move events out of the inbox: %w", err)
		m.end(false, err)
		return 0, err
	}
	a.place.Store(&next)
	now := time.Now()
	a.last.Store(now.UnixNano())
	if sync {
		a.log.Forget(next)
		a.synced = now
	}
	a.reserved.release(m.keys)
	m.end(stored, nil)
	return len(records), nil
}

// move is what is moved at once.
type move struct {
	*arrivals
	events []arrival
	marks  []statement // of events whose senders had no answer
	keys   []dedupe
}

// arrival is an event of the inbox: the values of its row, and what becomes of it if it
// is routed.
type arrival struct {
	values []any
	to     *routing
}

func (e arrival) isRouted() bool { return e.to != nil }

// add adds a record.
func (m *move) add(record []byte) error {
	kind, values, err := m.read(record)
	if err != nil {
		return err
	}
	if kind == recordUnanswered {
		m.marks = append(m.marks, change(markUnanswered, values...))
		return nil
	}
	id, _ := values[0].(string)
	m.events = append(m.events, arrival{values, m.routings.moves(id)})
	bytes, _ := values[1].([]byte)
	key := dedupe(bytes)
	if m.keys = append(m.keys, key); m.reserved.isUnanswered(key) {
		m.marks = append(m.marks, change(markUnanswered, id))
	}
	return nil
}

// statements move the events, with or without what becomes of those that are routed, and
// store the place after them.
func (m *move) statements(next inbox.Position, routed bool) []statement {
	events := make([]statement, 0, len(m.events))
	var others []statement
	for _, e := range m.events {
		if !routed || !e.isRouted() {
			events = append(events, m.insert.with(e.values...))
			continue
		}
		events = append(events, m.insertRouted.with(append(slices.Clip(e.values), e.to.facts, e.to.trace, e.to.at)...))
		others = append(others, e.to.others...)
	}
	return slices.Concat(events, others, m.marks, []statement{
		// REPLACE changes the page even if the place is there already. An UPDATE to the same values
		// would not: SQLite syncs no transaction that changed nothing, nor any before it.
		change(`REPLACE INTO inbox (log, segment, place) VALUES (?, ?, ?)`, next.Log, next.Segment, next.Offset),
		change(`DELETE FROM inbox WHERE log <> ?`, next.Log), // files of another store were beside the tables once
	})
}

// end tells those who wait what became of their events.
func (m *move) end(stored bool, err error) {
	for _, e := range m.events {
		if e.isRouted() {
			e.to.end(stored, err)
		}
	}
}

// read reads a record.
func (a *arrivals) read(record []byte) (kind byte, values []any, err error) {
	kind, values, err = readRecord(record)
	switch {
	case err != nil:
		return 0, nil, err
	case kind == recordUnanswered && len(values) == 1, kind == recordEvent && len(values) == a.columns:
		return kind, values, nil
	}
	return 0, nil, errRecord
}

// movedTo is the place before which everything was moved.
func (a *arrivals) movedTo() inbox.Position { return *a.place.Load() }

// lastMove is when events were moved last.
func (a *arrivals) lastMove() time.Time { return time.Unix(0, a.last.Load()) }

// waits tells whether anything is to be moved.
func (a *arrivals) waits() bool { return a.movedTo().Before(a.log.End()) }
