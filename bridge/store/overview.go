package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Queue is what waits for a sink, and what died on the way.
type Queue struct {
	Waiting int       `json:"waiting"`
	Oldest  time.Time `json:"oldest,omitzero"` // when the oldest event that waits, and not for a digest, arrived
	Dead    int       `json:"dead"`
}

// Queues gives the queues of the sinks that have one, by name.
func (s *Store) Queues(ctx context.Context) (map[string]Queue, error) {
	type row struct {
		sink, oldest string
		n            int
	}
	read := func(query string) ([]row, error) {
		return list(ctx, s, func(r scanner) (q row, err error) { return q, r.Scan(&q.sink, &q.n, &q.oldest) }, query)
	}
	all := map[string]Queue{}
	for _, part := range []struct {
		query string // each by an index of its own
		add   func(*Queue, row)
	}{
		{`SELECT sink, count(*), min(event_id) FROM deliveries WHERE state = 'pending' AND digest_key IS NULL GROUP BY sink`,
			func(q *Queue, r row) { q.Waiting, q.Oldest = r.n, Arrival(r.oldest) }},
		{`SELECT sink, count(*), '' FROM deliveries WHERE state = 'pending' AND digest_key IS NOT NULL GROUP BY sink`,
			func(q *Queue, r row) { q.Waiting += r.n }},
		{`SELECT sink, count(*), '' FROM deliveries WHERE state = 'dead' GROUP BY sink`,
			func(q *Queue, r row) { q.Dead = r.n }},
	} {
		rows, err := read(part.query)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			q := all[r.sink]
			part.add(&q, r)
			all[r.sink] = q
		}
	}
	return all, nil
}

// Arrival is the time in a UUIDv7, the reverse of firstID; zero if it is none.
func Arrival(id string) time.Time {
	if len(id) < 13 {
		return time.Time{}
	}
	n, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// Routing gives how many events wait to be routed, and since when the oldest does.
func (s *Store) Routing(ctx context.Context) (waiting int, oldest time.Time, err error) {
	var id string
	err = s.row(ctx, `SELECT count(*), COALESCE(min(id), '') FROM events WHERE routed_at IS NULL`).Scan(&waiting, &id)
	if err != nil {
		return 0, oldest, fmt.Errorf("count what waits to be routed: %w", err)
	}
	return waiting, Arrival(id), nil
}

// LastEvents gives when the last event of each of some sources arrived; those
// without one are left out.
func (s *Store) LastEvents(ctx context.Context, sources ...string) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	for _, name := range sources {
		var id string
		if err := s.row(ctx, `SELECT COALESCE(max(id), '') FROM events WHERE source = ?`, name).Scan(&id); err != nil {
			return nil, fmt.Errorf("read the last event of %s: %w", name, err)
		}
		if at := Arrival(id); !at.IsZero() {
			all[name] = at
		}
	}
	return all, nil
}

// Delivered tells whether one of the last events of a source was delivered.
func (s *Store) Delivered(ctx context.Context, source string) (bool, error) {
	var n int
	err := s.row(ctx, `SELECT count(*) FROM (SELECT id FROM events WHERE source = ? ORDER BY id DESC LIMIT 200) e
		WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.state = 'sent')`, source).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for deliveries of %s: %w", source, err)
	}
	return n > 0, nil
}

// Traces gives how the last events of a source were looked up, newest first.
func (s *Store) Traces(ctx context.Context, source string, limit int) ([]bridge.LookupTrace, error) {
	return list(ctx, s, func(row scanner) (t bridge.LookupTrace, err error) {
		var text []byte
		if err := row.Scan(&text); err != nil || len(text) == 0 {
			return t, err
		}
		return decodeTrace(text)
	}, `SELECT trace FROM events WHERE source = ? ORDER BY id DESC LIMIT ?`, source, limit)
}

// lookedUpLately is how many events NeverAnswered reads.
const lookedUpLately = 500

func scanLooked(row scanner) (l bridge.EventLookups, err error) {
	var trace []byte
	if err := row.Scan(&l.Source, &l.Event, &trace); err != nil || len(trace) == 0 {
		return l, err
	}
	l.Trace, err = decodeTrace(trace)
	return l, err
}

// NeverAnswered gives the lookups to which Absorb never has an answer, by the last
// events of a source.
func (s *Store) NeverAnswered(ctx context.Context, source string) ([]bridge.UnansweredLookup, error) {
	looked, err := list(ctx, s, scanLooked, `SELECT source, type, trace FROM events WHERE source = ? AND trace IS NOT NULL ORDER BY id DESC LIMIT ?`, source, lookedUpLately)
	if err != nil {
		return nil, fmt.Errorf("read how events of %s were looked up: %w", source, err)
	}
	return bridge.UnansweredLookups(looked), nil
}
