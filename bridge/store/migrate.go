package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date. Tables of a newer version will do if that
// version says so: it adds to them while the one before still runs.
func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, files fs.FS, o ...goose.ProviderOption) error {
	files, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, o...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; have > newest {
		return suits(ctx, db, have, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring its tables up to date: %w", err)
	}
	return nil
}

// suits tells whether tables of a later version can be used by this one, which
// knows them up to a version.
func suits(ctx context.Context, db *sql.DB, have, known int64) error {
	oldest := have
	// Without an answer it is too new: nobody said otherwise.
	_ = db.QueryRowContext(ctx, `SELECT oldest FROM compatible`).Scan(&oldest)
	if oldest <= known {
		return nil
	}
	return fmt.Errorf("it was written by a newer version of absorb-bridge (schema %d, this one knows %d): run that version, or restore a backup", have, known)
}

// translated are files in which words are replaced as they are read.
type translated struct {
	fs.FS
	words func([]byte) []byte
}

// Open opens a file. A folder is as it is.
func (t translated) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &replaced{File: f, text: bytes.NewReader(t.words(text))}, nil
}

// replaced is a file with another text.
type replaced struct {
	fs.File
	text *bytes.Reader
}

// Read reads the other text.
func (f *replaced) Read(p []byte) (int, error) { return f.text.Read(p) }
