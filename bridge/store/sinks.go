package store

import (
	"context"
	"fmt"
	"time"
)

// SinkState is what is known of a sink beyond its configuration. Who sends to it
// next, after a restart or in another process, goes on with it.
type SinkState struct {
	Full   time.Time // when the bucket of its rate limit is full again
	Paused time.Time // nothing is sent before
	Health string    // JSON of those who send
}

// SinkStates gives the states of the sinks that have one, by name.
func (s *Store) SinkStates(ctx context.Context) (map[string]SinkState, error) {
	type named struct {
		name string
		SinkState
	}
	rows, err := list(ctx, s, func(row scanner) (n named, err error) {
		var full, paused int64
		err = row.Scan(&n.name, &full, &paused, &n.Health)
		n.Full, n.Paused = fromMicros(full), fromMicros(paused)
		return n, err
	}, `SELECT name, full_at, paused_until, health FROM sinks`)
	all := map[string]SinkState{}
	for _, n := range rows {
		all[n.name] = n.SinkState
	}
	return all, err
}

// SaveSinkState keeps the state of a sink.
func (s *Store) SaveSinkState(ctx context.Context, sink string, state SinkState) error {
	_, err := s.write(ctx, change(`INSERT INTO sinks (name, full_at, paused_until, health) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET full_at = excluded.full_at, paused_until = excluded.paused_until, health = excluded.health`,
		sink, micros(state.Full), micros(state.Paused), state.Health))
	if err != nil {
		return fmt.Errorf("keep the state of sink %s: %w", sink, err)
	}
	return nil
}
