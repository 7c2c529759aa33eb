package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// row reads one row, with all that was accepted.
func (s *Store) row(ctx context.Context, query string, args ...any) *sql.Row {
	_ = s.settle(ctx) // what cannot be moved is read once it can: the router says why
	return s.rowNow(ctx, query, args...)
}

// rowNow is row for who need not see what was accepted a moment ago.
func (s *Store) rowNow(ctx context.Context, query string, args ...any) *sql.Row {
	query, args = s.engine.query(query, args)
	return s.engine.reads().QueryRowContext(ctx, query, args...)
}

// list reads rows, with all that was accepted.
func list[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	_ = s.settle(ctx) // see row
	return listNow(ctx, s, scan, query, args...)
}

// listNow is list for who need not see what was accepted a moment ago.
func listNow[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	query, args = s.engine.query(query, args)
	rows, err := s.engine.reads().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read the store: %w", err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	return all, nil
}

// next gives the time that a query finds; false when it finds none.
func (s *Store) next(ctx context.Context, query string, args ...any) (time.Time, bool, error) {
	var at int64
	err := s.rowNow(ctx, query, args...).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return fromMicros(at), err == nil, err
}
