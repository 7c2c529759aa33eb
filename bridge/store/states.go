package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// State gives what Keep kept under a name; "" when there is nothing.
func (s *Store) State(ctx context.Context, name string) (string, error) {
	var value string
	err := s.rowNow(ctx, `SELECT value FROM states WHERE name = ?`, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the state of %s: %w", name, err)
	}
	return value, nil
}

// Keep keeps what whoever goes on with a piece of work, after a restart or in
// another process, must know of it.
func (s *Store) Keep(ctx context.Context, name, value string) error {
	if _, err := s.write(ctx, keep(name, value)); err != nil {
		return fmt.Errorf("keep the state of %s: %w", name, err)
	}
	return nil
}

func keep(name, value string) statement {
	return change(`INSERT INTO states (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}
