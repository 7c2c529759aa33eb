package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Token gives the token kept under a key; "" when there is none. It fails with
// absorb.ErrUnreadable when there is one that is encrypted by a key that is not in use.
func (s *Store) Token(ctx context.Context, key string) (string, time.Time, error) {
	var token string
	var expires int64
	err := s.rowNow(ctx, `SELECT token, expires FROM tokens WHERE name = ?`, key).Scan(&token, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("read token of %s: %w", key, err)
	}
	token, _, err = s.keys.Load().open(key, token)
	return token, fromMicros(expires), err
}

// SaveToken keeps a token under a key, in place of the one before.
func (s *Store) SaveToken(ctx context.Context, key, token string, expires time.Time) error {
	_, err := s.write(ctx, change(`INSERT INTO tokens (name, token, expires) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET token = excluded.token, expires = excluded.expires`, key, s.keys.Load().seal(key, token), micros(expires)))
	if err != nil {
		return fmt.Errorf("save token of %s: %w", key, err)
	}
	return nil
}

// RememberName keeps the name of a thing (a user, a course, …) for the time when
// it can no longer be looked up.
func (s *Store) RememberName(ctx context.Context, source, kind, id, name string) error {
	_, err := s.write(ctx, change(`INSERT INTO names (source, kind, id, name) VALUES (?, ?, ?, ?)
			ON CONFLICT (source, kind, id) DO UPDATE SET name = excluded.name`, source, kind, id, name))
	if err != nil {
		return fmt.Errorf("remember the name of %s %s: %w", kind, id, err)
	}
	return nil
}

// Name is the last known name of a thing, or "".
func (s *Store) Name(ctx context.Context, source, kind, id string) (string, error) {
	var name string
	err := s.rowNow(ctx, `SELECT name FROM names WHERE source = ? AND kind = ? AND id = ?`, source, kind, id).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the name of %s %s: %w", kind, id, err)
	}
	return name, nil
}
