package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Session is somebody who is logged in.
type Session struct {
	ID      string // hash of what the cookie holds
	Who     string
	Role    string // when it began
	Expires time.Time
	Grounds string // what it rests on, as package access writes it
}

// Begin keeps a session, and forgets those that have expired.
func (s *Store) Begin(ctx context.Context, n Session) error {
	_, err := s.write(ctx,
		change(`DELETE FROM sessions WHERE expires <= ?`, micros(time.Now())),
		change(`INSERT INTO sessions (id, who, role, expires, grounds) VALUES (?, ?, ?, ?, ?)`, n.ID, n.Who, n.Role, micros(n.Expires), n.Grounds))
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	return nil
}

// Session gives a session that has not expired; ErrNotFound if there is none.
func (s *Store) Session(ctx context.Context, id string) (n Session, err error) {
	var expires int64
	err = s.rowNow(ctx, `SELECT id, who, role, expires, grounds FROM sessions WHERE id = ? AND expires > ?`, id, micros(time.Now())).Scan(&n.ID, &n.Who, &n.Role, &expires, &n.Grounds)
	n.Expires = fromMicros(expires)
	if errors.Is(err, sql.ErrNoRows) {
		return n, ErrNotFound
	}
	if err != nil {
		return n, fmt.Errorf("read a session: %w", err)
	}
	return n, nil
}

// End ends a session.
func (s *Store) End(ctx context.Context, id string) error {
	if _, err := s.write(ctx, change(`DELETE FROM sessions WHERE id = ?`, id)); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// EndAll ends all sessions, and tells how many these were.
func (s *Store) EndAll(ctx context.Context) (int, error) {
	done, err := s.write(ctx, change(`DELETE FROM sessions WHERE expires <= ?`, micros(time.Now())), change(`DELETE FROM sessions`))
	if err != nil {
		return 0, fmt.Errorf("end all sessions: %w", err)
	}
	return int(done[1]), nil
}

// CountSessions tells how many people are logged in.
func (s *Store) CountSessions(ctx context.Context) (n int, err error) {
	if err = s.rowNow(ctx, `SELECT count(*) FROM sessions WHERE expires > ?`, micros(time.Now())).Scan(&n); err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}
