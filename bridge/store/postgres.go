package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// patienceAtStart is how long a database that starts itself is waited for.
	patienceAtStart = 30 * time.Second

	// connectTimeout and transactTimeout bound how long a database that does not
	// answer keeps its callers waiting.
	connectTimeout  = 5 * time.Second
	transactTimeout = 10 * time.Second

	// maxConnections of one process, unless the URL has pool_max_conns. Reads never
	// take the last reserved ones: those are for the two writers, for the leases and
	// for telling news.
	maxConnections = 8
	minConnections = 4
	reserved       = 4

	// conflictTries is how often a transaction is tried that the database undid
	// because of another one.
	conflictTries = 3
)

// postgres is a database that several processes share.
type postgres struct {
	pool    *pgxpool.Pool
	readers *sql.DB  // over pool
	texts   sync.Map // queries in PostgreSQL's dialect, by query
}

func openPostgres(ctx context.Context, where string) (*postgres, error) {
	if err := Check(where); err != nil {
		return nil, err
	}
	c, err := pgxpool.ParseConfig(where)
	if err != nil {
		return nil, err // Check has had it
	}
	if !strings.Contains(where, "pool_max_conns") {
		c.MaxConns = maxConnections
	}
	c.MaxConns = max(c.MaxConns, minConnections)
	if c.ConnConfig.ConnectTimeout == 0 || c.ConnConfig.ConnectTimeout > time.Minute {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "absorb-bridge"
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	e := &postgres{pool: pool, readers: stdlib.OpenDBFromPool(pool)}
	e.readers.SetMaxOpenConns(max(2, int(c.MaxConns)-reserved)) // a migration needs two
	if err := e.await(ctx); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// await waits until the database answers, unless it answers that it will not.
func (e *postgres) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patienceAtStart)
	defer cancel()
	for {
		err := e.pool.Ping(ctx)
		if err == nil || !e.lost(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (e *postgres) migrate(ctx context.Context, files fs.FS) error {
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(30*time.Second), lock.WithTableHeartbeatInterval(5*time.Second), lock.WithTableLockTimeout(time.Second, 120))
	if err != nil {
		return err
	}
	return migrate(ctx, goose.DialectPostgres, e.readers, translated{files, types}, goose.WithLocker(locker))
}

// types puts PostgreSQL's names of types into a migration. Ids are compared byte
// by byte, as SQLite does, whatever the database's language.
func types(migration []byte) []byte {
	migration = bytes.ReplaceAll(migration, []byte("BLOB"), []byte("BYTEA"))
	return bytes.ReplaceAll(migration, []byte("TEXT"), []byte(`TEXT COLLATE "C"`))
}

func (e *postgres) reads() *sql.DB { return e.readers }

// query numbers the question marks. Text of PostgreSQL is UTF-8 without NUL.
func (e *postgres) query(text string, args []any) (string, []any) {
	for i, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.Contains(s, "\x00")) {
			args[i] = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
		}
	}
	if known, ok := e.texts.Load(text); ok {
		return known.(string), args
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	e.texts.Store(text, b.String())
	return b.String(), args
}

func (e *postgres) parallel() bool { return true }

func (e *postgres) lost(err error) bool {
	refused, answered := errors.AsType[*pgconn.PgError](err)
	if !answered {
		return true
	}
	// Classes of PostgreSQL's error codes (appendix A): 08 connection exception,
	// 53 insufficient resources, such as a full disk or too many connections, 57P
	// operator intervention, such as a shutdown or a start that is not over. 25006 is
	// what a standby says, 25P03 what a process hears that was stopped inside a transaction.
	class := func(prefix string) bool { return strings.HasPrefix(refused.Code, prefix) }
	return class("08") || class("53") || class("57P") || refused.Code == "25006" || refused.Code == "25P03"
}

// conflicted tells whether a transaction was undone because of another one: by a
// deadlock, or, in databases that are stricter, since both changed one row.
func conflicted(err error) bool {
	undone, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (undone.Code == "40P01" || undone.Code == "40001")
}

func (e *postgres) contains(column string) string {
	return `position(encode(convert_to(lower(? COLLATE "C"), 'UTF8'), 'escape') IN lower(encode(` + column + `, 'escape') COLLATE "C")) > 0`
}

func (e *postgres) bytes(column string) string { return "convert_to(" + column + ", 'UTF8')" }

func (e *postgres) clock() string {
	return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
}

func (e *postgres) reclaim() (count, some string) { return "", "" } // autovacuum does

// transact sends all statements at once: a transaction costs one round trip,
// however many there are.
func (e *postgres) transact(ctx context.Context, all []statement) (changed []int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, transactTimeout)
	defer cancel()
	for range conflictTries {
		if changed, err = e.try(ctx, e.pool, all); err == nil || !conflicted(err) {
			break
		}
	}
	return changed, err
}

// byIndex has the rows of a transaction found by index. PostgreSQL keeps a plan for as long
// as it knows nothing new of a table, and while a table is small, to read all of it seems best.
const byIndex = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

// sender is a pool, whose batch is one transaction, committed at its end, or a
// transaction under way.
type sender interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}

func (e *postgres) try(ctx context.Context, to sender, all []statement) ([]int64, error) {
	var batch pgx.Batch
	planned := slices.ContainsFunc(all, func(s statement) bool { return s.rows != nil })
	if planned {
		batch.Queue(byIndex)
	}
	var lengths []int // of the runs
	for rest := all; len(rest) > 0; {
		n := run(rest)
		text, args := e.query(rest[0].query, rest[0].args)
		if rest[0].asMany(n) {
			for _, s := range rest[1:n] {
				_, _ = e.query(s.query, s.args) // each row's values
			}
			text, args = rest[0].rows.many, byColumn(rest[:n])
		}
		batch.Queue(text, args...)
		lengths, rest = append(lengths, n), rest[n:]
	}
	results := to.SendBatch(ctx, &batch)
	changed := make([]int64, len(all))
	if planned {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // says the same
			return nil, err
		}
	}
	at := 0
	for _, n := range lengths {
		if err := read(results, all[at:at+n], changed[at:]); err != nil {
			_ = results.Close() // says the same
			return nil, err
		}
		at += n
	}
	return changed, results.Close()
}

// read reads the result of a statement, or of those that were sent as one.
func read(results pgx.BatchResults, all []statement, changed []int64) error {
	if all[0].asMany(len(all)) {
		return returned(results, all, changed)
	}
	tag, err := results.Exec()
	changed[0] = tag.RowsAffected()
	return err
}

// lockEvents keeps others from adding events until the end of the transaction. A process
// that is stopped in between does not end it, so PostgreSQL ends it then.
const lockEvents = "SET LOCAL idle_in_transaction_session_timeout = '10s'; LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE"

// alone lets the transactions that add events end, and others begin when it has.
func (e *postgres) alone(ctx context.Context, all []statement) (changed []int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, transactTimeout)
	defer cancel()
	err = pgx.BeginFunc(ctx, e.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockEvents, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		changed, err = e.try(ctx, tx, all)
		return err
	})
	return changed, err
}

func (e *postgres) scrub(context.Context) error { return nil } // autovacuum does, in its time

// overwrite also has the table written anew. A database that cannot, or a role that may
// not, leaves that to autovacuum.
func (e *postgres) overwrite(ctx context.Context, table string, all []statement) error {
	if _, err := e.transact(ctx, all); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, transactTimeout)
	defer cancel()
	_, _ = e.pool.Exec(ctx, "VACUUM FULL "+table)
	return nil
}

func (e *postgres) close() error {
	err := e.readers.Close()
	e.pool.Close()
	return err
}
