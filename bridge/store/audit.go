package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Audit is something that somebody changed.
type Audit struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Action  string    `json:"action"` // such as deliveries/retry
	Target  string    `json:"target"` // what was chosen, in words
	Changed int       `json:"changed"`
}

// keptAudit is how long it is known who changed what.
const keptAudit = 400 * 24 * time.Hour

// Note keeps what somebody changed. It is given an id.
func (s *Store) Note(ctx context.Context, a Audit) error {
	row, err := a.row()
	if err == nil {
		_, err = s.write(ctx, change(`DELETE FROM audit WHERE id < ?`, firstID(a.At.Add(-keptAudit))), change(noteRow, row...))
	}
	if err != nil {
		return fmt.Errorf("note who changed what: %w", err)
	}
	return nil
}

const noteRow = `INSERT INTO audit (id, at, who, action, target, changed) VALUES (?, ?, ?, ?, ?, ?)`

func (a Audit) row() ([]any, error) {
	id, err := uuid.NewV7()
	return []any{id.String(), micros(a.At), a.Who, a.Action, a.Target, a.Changed}, err
}

// NoteIn is Note for the SQLite store in a file, which a running bridge may be using.
func NoteIn(ctx context.Context, path string, a Audit) error {
	db, err := openFile(path, inUse())
	if err != nil {
		return fmt.Errorf("note who changed what: %w", err)
	}
	row, err := a.row()
	if err == nil {
		_, err = db.ExecContext(ctx, noteRow, row...)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("note who changed what: %w", err)
	}
	return nil
}

// Audits lists what was changed, newest first: at most limit, and only ids below
// before unless that is "".
func (s *Store) Audits(ctx context.Context, before string, limit int) ([]Audit, error) {
	c := &conditions{}
	if before != "" {
		c.add("id < ?", before)
	}
	return list(ctx, s, func(row scanner) (a Audit, err error) {
		var at int64
		err = row.Scan(&a.ID, &at, &a.Who, &a.Action, &a.Target, &a.Changed)
		a.At = fromMicros(at)
		return a, err
	}, `SELECT id, at, who, action, target, changed FROM audit`+c.where()+` ORDER BY id DESC LIMIT ?`, append(c.args, Filter{Limit: limit}.limit())...)
}
