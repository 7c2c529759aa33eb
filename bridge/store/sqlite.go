package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrLocked is returned by Open when another process has the store open.
var ErrLocked = errors.New("another process has it open; a SQLite store serves one process at a time: stop the other, or give this one a store of its own")

// sqlite is one file, for one process.
type sqlite struct {
	lock    *flock.Flock
	writes  *sql.DB // one connection
	readers *sql.DB

	mu      sync.Mutex           // held for a transaction
	conn    *sql.Conn            // of writes
	stmts   map[string]*sql.Stmt // by query
	dir     string               // of the file
	relaxed bool                 // commits are not synced
}

// maxReaders is how many reads may run at once.
const maxReaders = 4

func openSQLite(ctx context.Context, path string) (*sqlite, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("make its folder: %w", err)
	}
	e := &sqlite{lock: flock.New(path + ".lock"), stmts: map[string]*sql.Stmt{}, dir: filepath.Dir(path)}
	if err := e.acquire(ctx); err != nil {
		return nil, err
	}
	if err := e.open(path); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// lockPatience is how long the lock is waited for: a command that looks into the
// store has it for a moment.
const lockPatience = 2 * time.Second

func (e *sqlite) acquire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	locked, err := e.lock.TryLockContext(ctx, 50*time.Millisecond)
	switch {
	case locked:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return ErrLocked
	}
	return fmt.Errorf("lock it: %w", err)
}

func (e *sqlite) open(path string) (err error) {
	// It holds names and tokens: whoever else uses the machine may not read it.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_ = f.Close() // whatever is wrong with the file is told below
	}
	if e.writes, err = connect(path, 1); err != nil {
		return err
	}
	e.readers, err = connect(path, maxReaders, "query_only(1)", "cache_size(-2000)")
	return err
}

// connect opens a pool of connections with the pragmas that durability and
// speed ask for. A commit is on disk when it returns: synchronous=FULL syncs the
// write-ahead log at every commit.
func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{
		"busy_timeout(10000)",
		"auto_vacuum(INCREMENTAL)", // of a new file: what was deleted can be given back to the disk
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"wal_autocheckpoint(4000)",      // 16 MB: checkpoints are rare, and short beside a burst
		"journal_size_limit(134217728)", // a burst must not leave its log behind for ever
		"cache_size(-8000)",             // 8 MB, of which Go knows nothing
		"temp_store(MEMORY)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	db, err := openFile(path, q)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// openFile is a pool of connections to a SQLite file.
func openFile(path string, options url.Values) (*sql.DB, error) {
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}).String())
}

func (e *sqlite) migrate(ctx context.Context, files fs.FS) error {
	if err := migrate(ctx, goose.DialectSQLite3, e.writes, files); err != nil {
		return err
	}
	var err error
	e.conn, err = e.writes.Conn(ctx)
	return err
}

func (e *sqlite) reads() *sql.DB { return e.readers }

func (e *sqlite) query(text string, args []any) (string, []any) { return text, args }

func (e *sqlite) parallel() bool { return false }

func (e *sqlite) lost(error) bool { return false }

func (e *sqlite) contains(column string) string {
	return "instr(lower(CAST(" + column + " AS TEXT)), lower(?)) > 0"
}

func (e *sqlite) bytes(column string) string { return column }

func (e *sqlite) clock() string { return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)" }

func (e *sqlite) reclaim() (count, some string) {
	return "PRAGMA freelist_count", "PRAGMA incremental_vacuum(1000)"
}

func (e *sqlite) alone(ctx context.Context, all []statement) ([]int64, error) {
	return e.transact(ctx, all)
}

// scrub writes the file anew, without free pages and without what is left in the
// others, and empties the log.
func (e *sqlite) scrub(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	do := func(ctx context.Context, text string) error {
		_, err := e.conn.ExecContext(ctx, text)
		return err
	}
	// The copy is made on the disk, beside the file: elsewhere there may be no room.
	quoted := "'" + strings.ReplaceAll(e.dir, "'", "''") + "'"
	defer func() {
		always := context.WithoutCancel(ctx)
		_, _ = do(always, "PRAGMA temp_store_directory = ''"), do(always, "PRAGMA temp_store = MEMORY") // the next one does it, too
	}()
	for _, text := range []string{"PRAGMA temp_store = FILE", "PRAGMA temp_store_directory = " + quoted, "VACUUM"} {
		if err := do(ctx, text); err != nil {
			return fmt.Errorf("rewrite the file: %w", err)
		}
	}
	return e.emptyLog(ctx)
}

// emptyLog moves the write-ahead log into the file. The caller has the mutex.
func (e *sqlite) emptyLog(ctx context.Context) error {
	for {
		var busy, pages, moved int
		err := e.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
		if err != nil || busy == 0 {
			return err
		}
		select { // a reader is not done yet
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// overwrite also fills every page of the table anew, for what earlier changes left in
// them.
func (e *sqlite) overwrite(ctx context.Context, table string, all []statement) error {
	pragma := func(words string) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		_, err := e.conn.ExecContext(context.WithoutCancel(ctx), words)
		return err
	}
	if err := pragma("PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	all = append(slices.Clip(all), change("CREATE TEMP TABLE aside AS SELECT * FROM "+table), change("DELETE FROM "+table),
		change("INSERT INTO "+table+" SELECT * FROM temp.aside"), change("DROP TABLE temp.aside"))
	_, err := e.transact(ctx, all)
	if err := errors.Join(err, pragma("PRAGMA secure_delete = OFF")); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.emptyLog(ctx)
}

func (e *sqlite) transact(_ context.Context, all []statement) ([]int64, error) {
	return e.run(all, true)
}

// run is transact. Without sync, a power cut may undo the transaction, and all that came
// before it without sync; a transaction with sync has those on disk, too.
func (e *sqlite) run(all []statement, sync bool) ([]int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if sync == e.relaxed {
		mode := map[bool]string{true: "FULL", false: "NORMAL"}[sync]
		// It takes effect when it is prepared: a statement that stays prepared would do nothing.
		if _, err := e.conn.ExecContext(context.Background(), "PRAGMA synchronous = "+mode); err != nil {
			return nil, err
		}
		e.relaxed = !sync
	}
	if _, err := e.exec(change("BEGIN IMMEDIATE")); err != nil {
		e.rollback()
		return nil, fmt.Errorf("begin: %w", err)
	}
	changed := make([]int64, len(all))
	for i, s := range all {
		n, err := e.exec(s)
		if err != nil {
			e.rollback()
			return nil, err
		}
		changed[i] = n
	}
	if _, err := e.exec(change("COMMIT")); err != nil {
		e.rollback()
		return nil, fmt.Errorf("commit: %w", err)
	}
	return changed, nil
}

// rollback ends the transaction. Its error is of no use: when the disk is full
// SQLite has ended it already, and says so.
func (e *sqlite) rollback() { _, _ = e.exec(change("ROLLBACK")) }

// maxPrepared bounds how many statements stay prepared. All of the store's own are fewer,
// but some have a text for each number of ids.
const maxPrepared = 200

// exec does a statement; it stays prepared for the next one like it.
func (e *sqlite) exec(s statement) (changed int64, err error) {
	stmt := e.stmts[s.query]
	if stmt == nil {
		if len(e.stmts) >= maxPrepared {
			e.letGo()
		}
		if stmt, err = e.conn.PrepareContext(context.Background(), s.query); err != nil {
			return 0, fmt.Errorf("prepare: %w", err)
		}
		e.stmts[s.query] = stmt
	}
	result, err := stmt.Exec(s.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// letGo closes all prepared statements.
func (e *sqlite) letGo() {
	for _, s := range e.stmts {
		_ = s.Close()
	}
	clear(e.stmts)
}

func (e *sqlite) close() (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.readers != nil {
		_ = e.readers.Close() // readers would keep the log from being emptied
	}
	e.letGo()
	if e.conn != nil {
		_ = e.conn.Close()
		// A store that is closed is one file, whole by itself. If the log cannot be
		// emptied, the next Open reads it.
		_, _ = e.writes.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	if e.writes != nil {
		err = e.writes.Close()
	}
	return errors.Join(err, e.lock.Unlock())
}
