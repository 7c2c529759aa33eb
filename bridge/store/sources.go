package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// SourceState is what is known of a source beyond its configuration.
type SourceState struct {
	Verified    time.Time `json:"verified,omitzero"`     // when its first event was verified
	WindowUntil time.Time `json:"window_until,omitzero"` // when the test window that somebody opened closes
}

// Sources gives the states of the sources that have one, by name.
func (s *Store) Sources(ctx context.Context) (map[string]SourceState, error) {
	type named struct {
		name string
		SourceState
	}
	rows, err := list(ctx, s, func(row scanner) (n named, err error) {
		var verified, until int64
		err = row.Scan(&n.name, &verified, &until)
		n.Verified, n.WindowUntil = fromMicros(verified), fromMicros(until)
		return n, err
	}, `SELECT name, verified_at, window_until FROM sources`)
	all := map[string]SourceState{}
	for _, n := range rows {
		all[n.name] = n.SourceState
	}
	return all, err
}

// Verified notes when the first event of a source was verified.
func (s *Store) Verified(ctx context.Context, source string, at time.Time) error {
	return s.setSource(ctx, source, `INSERT INTO sources (name, verified_at) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET verified_at = excluded.verified_at WHERE sources.verified_at = 0`, at)
}

// OpenWindow opens a source's test window until then, or closes it if that is
// past.
func (s *Store) OpenWindow(ctx context.Context, source string, until time.Time) error {
	return s.setSource(ctx, source, `INSERT INTO sources (name, window_until) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET window_until = excluded.window_until`, until)
}

func (s *Store) setSource(ctx context.Context, source, statement string, at time.Time) error {
	_, err := s.write(ctx, change(statement, source, micros(at)))
	if err != nil {
		return fmt.Errorf("note the state of source %s: %w", source, err)
	}
	s.Tell(TopicSources)
	return nil
}

// Capture is a request that could not be verified while a test window was open.
type Capture struct {
	ID       string      `json:"id"` // UUIDv7, given when it is kept
	Source   string      `json:"source"`
	Received time.Time   `json:"received"`
	From     string      `json:"from"` // address or network that it came from
	Headers  http.Header `json:"headers"`
	Body     []byte      `json:"body"`
}

// keptCaptures is how many captures a source has at most.
const keptCaptures = 20

// crowdedOut are the captures of a source that are too many: those that have the most
// newer ones of the same address and of the same program, by its User-Agent. A flood by
// one of either pushes out its own requests.
const crowdedOut = `DELETE FROM captures WHERE source = ? AND id NOT IN (
	SELECT id FROM (
		SELECT id, row_number() OVER (PARTITION BY address ORDER BY id DESC) * row_number() OVER (PARTITION BY agent ORDER BY id DESC) AS crowd
		FROM captures WHERE source = ?
	) AS crowds ORDER BY crowd, id DESC LIMIT ?)`

// Capture keeps a request.
func (s *Store) Capture(ctx context.Context, c Capture) error {
	headers, err := json.Marshal(c.Headers)
	if err != nil {
		return fmt.Errorf("capture a request: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("capture a request: %w", err)
	}
	_, err = s.write(ctx,
		change(`INSERT INTO captures (id, source, received_at, headers, body, address, agent) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id.String(), c.Source, micros(c.Received), string(headers), c.Body, c.From, c.Headers.Get("User-Agent")),
		change(crowdedOut, c.Source, c.Source, keptCaptures))
	if err != nil {
		return fmt.Errorf("capture a request: %w", err)
	}
	return nil
}

// Captures lists what was captured, newest first.
func (s *Store) Captures(ctx context.Context) ([]Capture, error) {
	return list(ctx, s, func(row scanner) (c Capture, err error) {
		var received int64
		var headers string
		if err = row.Scan(&c.ID, &c.Source, &received, &headers, &c.Body, &c.From); err != nil {
			return c, err
		}
		c.Received = fromMicros(received)
		return c, json.Unmarshal([]byte(headers), &c.Headers)
	}, `SELECT id, source, received_at, headers, body, address FROM captures ORDER BY id DESC`)
}
