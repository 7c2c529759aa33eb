package store

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// The next version adds a table, a column and an index. The one after takes
// something away, and says so.
const (
	expand = `-- +goose Up
CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, words BLOB);
ALTER TABLE events ADD COLUMN weight BIGINT NOT NULL DEFAULT 0;
`
	contract = `-- +goose Up
ALTER TABLE events DROP COLUMN weight;
UPDATE compatible SET oldest = 90001;
`
)

// withMore are the migrations with those of later versions.
func withMore(t *testing.T, more ...string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: data}
	}
	for i, text := range more {
		all[fmt.Sprintf("migrations/%05d_later.sql", 90000+i)] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

// upgrade does what a later version does at its start.
func upgrade(t *testing.T, where string, more ...string) {
	t.Helper()
	var e engine
	var err error
	if IsShared(where) {
		e, err = openPostgres(t.Context(), where)
	} else {
		e, err = openSQLite(t.Context(), where)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := e.migrate(t.Context(), withMore(t, more...)); err != nil {
		t.Error(err)
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
}

// works has an event go all the way.
func works(t *testing.T, s *Store, n int) {
	t.Helper()
	before := len(unrouted(t, s))
	accept(t, s, event(n))
	if after := len(unrouted(t, s)); after != before+1 {
		t.Errorf("%d events wait, want %d", after, before+1)
	}
}

// While a replica of the next version changes the tables, one of this version goes
// on, and can be started anew.
func TestTwoVersionsSideBySide(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	running := openAt(t, url)
	works(t, running, 1)
	upgrade(t, url, expand)
	works(t, running, 2)
	works(t, openAt(t, url), 3)
	upgrade(t, url, expand, contract)
	refused(t, Label(url), url, "newer version of absorb-bridge", "backup")
}

// One step back is possible with a file, too.
func TestThePreviousVersionOpensTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	upgrade(t, path, expand)
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	works(t, s, 1)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	upgrade(t, path, expand, contract)
	refused(t, path, path, "newer version of absorb-bridge", "backup")
}

// Replicas that start at the same moment make the tables once.
func TestReplicasStartTogether(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			s, err := Open(t.Context(), url)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
