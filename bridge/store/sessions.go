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
	Role    string
	Expires time.Time
}

// Begin keeps a session, and forgets those that have expired.
func (s *Store) Begin(ctx context.Context, n Session) error {
	_, err := s.write(ctx,
		change(`DELETE FROM sessions WHERE expires <= ?`, micros(time.Now())),
		change(`INSERT INTO sessions (id, who, role, expires) VALUES (?, ?, ?, ?)`, n.ID, n.Who, n.Role, micros(n.Expires)))
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	return nil
}

// Session gives a session that has not expired; ErrNotFound if there is none.
func (s *Store) Session(ctx context.Context, id string) (n Session, err error) {
	var expires int64
	err = s.row(ctx, `SELECT id, who, role, expires FROM sessions WHERE id = ? AND expires > ?`, id, micros(time.Now())).Scan(&n.ID, &n.Who, &n.Role, &expires)
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
