package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Examination is what can be seen of a store without changing it.
type Examination struct {
	Exists  bool          // if not, the first start makes it
	InUse   bool          // a process on this machine has the SQLite file open
	Version int64         // of the tables
	Known   int64         // newest version of the tables that this program knows
	Free    uint64        // bytes left on the file's disk; 0 for a database
	Skew    time.Duration // how far the database's clock is ahead of this one; 0 for a file

	// Unanswered are the lookups to which Absorb never has an answer.
	Unanswered []bridge.UnansweredLookup

	tokens map[string]storedToken
}

type storedToken struct {
	text    bridge.Secret // as it is stored
	expires time.Time
}

// Token gives the token that is kept by a key, as absorb.TokenStore has it; "" when
// there is none.
func (x Examination) Token(key string, keys *Keys) (bridge.Secret, time.Time, error) {
	token, _, err := keys.open(key, x.tokens[key].text.Reveal())
	return bridge.Secret(token), x.tokens[key].expires, err
}

// Examine looks at the store at a path or URL. Unlike Open it makes and changes
// nothing, and works beside a running bridge. The error says why no bridge could use
// the store, and what to do.
func Examine(ctx context.Context, where string) (x Examination, err error) {
	x.Known = newestMigration()
	if IsShared(where) {
		err = x.postgres(ctx, where)
	} else {
		err = x.sqlite(ctx, where)
	}
	if err != nil && !IsShared(where) {
		err = remedy(err)
	}
	return x, err
}

func newestMigration() (newest int64) {
	files, _ := fs.Glob(migrations, "migrations/*.sql") // the pattern is right
	for _, name := range files {
		number, _, _ := strings.Cut(path.Base(name), "_")
		n, _ := strconv.ParseInt(number, 10, 64)
		newest = max(newest, n)
	}
	return newest
}

func (x *Examination) sqlite(ctx context.Context, file string) error {
	folder := filepath.Dir(file)
	for {
		if _, err := os.Stat(folder); err == nil || folder == filepath.Dir(folder) {
			break
		}
		folder = filepath.Dir(folder) // the first start makes those below
	}
	if err := writableFolder(folder); err != nil {
		return fmt.Errorf("write into %s: %w", folder, err)
	}
	x.Free = freeBytes(folder)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	x.Exists = true
	if err := writableFile(file); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if _, err := os.Stat(file + ".lock"); err == nil {
		lock := flock.New(file + ".lock")
		free, err := lock.TryLock()
		x.InUse = err == nil && !free
		_ = lock.Close() // at once: a bridge may be about to start
	}
	return x.read(ctx, file)
}

// read reads the file beside whoever writes it. One that was closed has no log, and
// is read as it is: to make a log would be to change the folder.
func (x *Examination) read(ctx context.Context, file string) error {
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(2000)", "query_only(1)"}}
	if _, err := os.Stat(file + "-wal"); err != nil {
		q.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return err
	}
	defer db.Close()
	return x.tables(ctx, db)
}

func (x *Examination) postgres(ctx context.Context, where string) error {
	c, err := pgxpool.ParseConfig(where)
	if err != nil {
		return Check(where)
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return err
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	var readOnly string
	var there bool
	var clock time.Time
	before := time.Now()
	err = db.QueryRowContext(ctx, `SELECT current_setting('transaction_read_only'), to_regclass('goose_db_version') IS NOT NULL, clock_timestamp()`).Scan(&readOnly, &there, &clock)
	if err != nil {
		return err
	}
	took := time.Since(before)
	if x.Exists, x.Skew = there, clock.Sub(before.Add(took/2)); readOnly == "on" {
		return errors.New("the database takes no writes: is it a standby? Give the URL of the primary")
	}
	if !there {
		return nil
	}
	return x.tables(ctx, db)
}

// tables reads the version and the tokens.
func (x *Examination) tables(ctx context.Context, db *sql.DB) error {
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&x.Version); err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	if x.Version > x.Known {
		if err := suits(ctx, db, x.Version, x.Known); err != nil {
			return err
		}
	}
	x.tokens = map[string]storedToken{}
	rows, err := db.QueryContext(ctx, `SELECT name, token, expires FROM tokens`)
	if err != nil {
		return nil // of an older version: the start makes them
	}
	defer rows.Close()
	for rows.Next() {
		var name, text string
		var expires int64
		if err := rows.Scan(&name, &text, &expires); err != nil {
			return fmt.Errorf("read its tokens: %w", err)
		}
		x.tokens[name] = storedToken{bridge.Secret(text), fromMicros(expires)}
	}
	return errors.Join(rows.Err(), x.lookups(ctx, db))
}

// lookups reads how the last events were looked up.
func (x *Examination) lookups(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`SELECT source, type, trace FROM events WHERE trace IS NOT NULL ORDER BY id DESC LIMIT %d`, lookedUpLately))
	if err != nil {
		return nil // of an older version, as above
	}
	defer rows.Close()
	var looked []bridge.EventLookups
	for rows.Next() {
		l, err := scanLooked(rows)
		if err != nil {
			return fmt.Errorf("read how events were looked up: %w", err)
		}
		looked = append(looked, l)
	}
	x.Unanswered = bridge.UnansweredLookups(looked)
	return rows.Err()
}
