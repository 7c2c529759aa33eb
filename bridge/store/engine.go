package store

import (
	"context"
	"database/sql"
	"io/fs"
)

// engine is all that SQLite and PostgreSQL differ in. Everything else in this
// package is one text for both: SQL with question marks for values.
type engine interface {
	// migrate brings the tables up to date with the files of a folder migrations.
	migrate(context.Context, fs.FS) error

	// reads is where queries run. Their text must have gone through prepared.
	reads() *sql.DB

	// query puts a query into the engine's dialect, and values into a form that
	// it can hold.
	query(text string, args []any) (string, []any)

	// transact does statements in one transaction, which is on disk when it
	// returns, and gives how many rows each changed. When it fails nothing was
	// done, unless the error is a lost connection: then nobody knows.
	transact(context.Context, []statement) ([]int64, error)

	// alone is transact for statements while no other transaction can add events:
	// those that ended before are seen, and those that wait see what was done.
	alone(context.Context, []statement) ([]int64, error)

	// scrub has nothing left in the files of what was deleted, as far as the
	// engine can.
	scrub(context.Context) error

	// overwrite is transact for changes of a small table, of whose rows before it
	// leaves nothing in the files, as far as the engine can.
	overwrite(ctx context.Context, table string, all []statement) error

	// parallel tells whether transactions may run side by side, and other
	// processes may use the store at the same time.
	parallel() bool

	// lost tells whether an error says that the database cannot be reached, so
	// that trying again at once is of no use.
	lost(error) bool

	// contains is a condition that a column of bytes holds a text, upper and lower
	// case letters of ASCII being the same. It has one value.
	contains(column string) string

	// bytes is a column of text as one of bytes.
	bytes(column string) string

	// clock is the database's time in microseconds since 1970.
	clock() string

	// reclaim is how the space of deleted rows is given back to the disk: a query
	// that counts the free pages, and a statement that gives some of them back. Both
	// are "" when the database does it by itself.
	reclaim() (count, some string)

	close() error
}

// statement is one change, and its values for the question marks.
type statement struct {
	query string
	args  []any
	rows  *rows // of an insert that may be one with others; else nil
}

func change(query string, args ...any) statement { return statement{query: query, args: args} }
