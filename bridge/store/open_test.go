package store

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
)

// made makes a store with an event in it and gives its path.
func made(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bridge.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	routedEvents(t, s, 50, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// refused checks that a store cannot be opened, and why.
func refused(t *testing.T, label, where string, words ...string) {
	t.Helper()
	s, err := Open(t.Context(), where)
	if err == nil {
		t.Error("opened:", s.Close())
		return
	}
	for _, w := range append(words, label) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestOpenByASecondProcess(t *testing.T) {
	path := made(t)
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal("the lock outlives its holder:", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenOfANewerVersion(t *testing.T) {
	path := made(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1); UPDATE compatible SET oldest = 999`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, path, path, "newer version of absorb-bridge", "999", "backup")
}

func TestOpenOfWhatIsNoStore(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("not a database, just some text that is longer than a header of one hundred bytes, which SQLite looks at first"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, text, text, "not a database", "restore a backup")
	refused(t, filepath.Join(text, "bridge.db"), filepath.Join(text, "bridge.db"), "folder")
	dir := t.TempDir()
	refused(t, dir, dir)
}

func TestOpenOfACorruptedFile(t *testing.T) {
	path := made(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{
		"page 1 overwritten": append(bytes.Repeat([]byte{0xAA}, 4096), whole[4096:]...),
		"schema overwritten": append(append(append([]byte{}, whole[:100]...), bytes.Repeat([]byte{0xAA}, 3996)...), whole[4096:]...),
		"cut in the middle":  whole[:len(whole)/2],
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, path, path, "restore a backup")
		})
	}
}

// A store in a place where the bridge may not write says so at the start.
func TestOpenOfAReadOnlyStore(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everything")
	}
	whole, err := os.ReadFile(made(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bridge.db") // one that this process never had open
	if err := os.WriteFile(path, whole, 0o400); err != nil {
		t.Fatal(err)
	}
	refused(t, path, path, "must be able to write")
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(folder, "bridge.db")
	refused(t, path, path, "must be able to write")
}

// A process that is stopped while it keeps others from adding events does not keep them
// for long: the database ends its transaction.
func TestWhoIsStoppedLetsEventsIn(t *testing.T) {
	s := openAt(t, pgtest.Shared(t).Database(t))
	const timeout = `INSERT INTO states (name, value) VALUES ('timeout', current_setting('idle_in_transaction_session_timeout'))`
	if _, err := s.writeEvents(t.Context(), nil, change(timeout)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.State(t.Context(), "timeout"); got != "10s" || err != nil {
		t.Errorf("a transaction without work is ended after %q, %v", got, err)
	}
}
