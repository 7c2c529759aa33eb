package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// Backup copies a SQLite store, as it is at one moment, into a new file, and gives the
// file's size. It needs no lock: the process that uses the store goes on reading and
// writing. What is there under the file's name is whole and on disk.
func Backup(ctx context.Context, from, to string) (size int64, err error) {
	if _, err := os.Stat(from); err != nil {
		return 0, fmt.Errorf("there is no store: %w", err)
	}
	if _, err := os.Lstat(to); err == nil {
		return 0, fmt.Errorf("%s is there already, and is left as it is: name a new file", to)
	}
	part, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".*.partial") // which nobody else may read
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	size, err = fill(ctx, part, from)
	for _, name := range inbox.Files(inboxPath(part.Name())) {
		_ = os.Remove(name) // there if it failed
	}
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), to)
	}
	if err != nil {
		_ = os.Remove(part.Name())
		return 0, fmt.Errorf("back up the store %s: %w", from, err)
	}
	return size, inbox.SyncFolder(filepath.Dir(to))
}

// fill copies a store into a file that is there and empty, and has it on disk.
func fill(ctx context.Context, file *os.File, from string) (size int64, err error) {
	// The inbox comes first: what is moved out of it meanwhile is in the copy of the tables.
	waiting, err := copyInbox(from, file.Name())
	if err != nil {
		return 0, fmt.Errorf("copy the inbox: %w", err)
	}
	if err := vacuumInto(ctx, from, file.Name()); err != nil {
		return 0, remedy(err)
	}
	if waiting {
		if err := moveCopied(ctx, file.Name()); err != nil {
			return 0, fmt.Errorf("move events out of the inbox: %w", err)
		}
	}
	if err := checkCopy(ctx, file.Name()); err != nil {
		return 0, fmt.Errorf("check the copy: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Sync()
}

// inUse opens a file that another process may be using.
func inUse() url.Values { return url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(10000)"}} }

// vacuumInto copies by one read, which sees nothing of what is written meanwhile. The
// other way that SQLite has, page by page, begins anew whenever a process writes.
func vacuumInto(ctx context.Context, from, to string) error {
	db, err := openFile(from, inUse())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return errors.Join(err, db.Close())
}

// copyInbox copies the inbox of a store, and tells whether it has one.
func copyInbox(from, to string) (found bool, err error) {
	names := inbox.Files(inboxPath(to))
	for i, name := range inbox.Files(inboxPath(from)) {
		in, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return found, err
		}
		out, err := os.OpenFile(names[i], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_, err = io.Copy(out, in)
			err = errors.Join(err, out.Close())
		}
		if err = errors.Join(err, in.Close()); err != nil {
			return found, err
		}
		found = true
	}
	return found, nil
}

// moveCopied puts the events of a copied inbox that are not in the copied tables into
// these.
func moveCopied(ctx context.Context, path string) error {
	db, err := openFile(path, url.Values{"mode": {"rw"}})
	if err != nil {
		return err
	}
	move := func() error {
		a, err := newArrivals(ctx, db, path)
		if err != nil {
			return err
		}
		a.transact = func(ctx context.Context, all []statement, _ bool) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			for i := 0; i < len(all) && err == nil; i++ {
				_, err = tx.ExecContext(ctx, all[i].query, all[i].args...)
			}
			if err != nil {
				return errors.Join(err, tx.Rollback())
			}
			return tx.Commit()
		}
		return errors.Join(a.move(ctx), a.close())
	}
	return errors.Join(move(), db.Close())
}

// checkCopy reads a copy from end to end, and leaves nothing beside it.
func checkCopy(ctx context.Context, path string) error {
	db, err := openFile(path, url.Values{"mode": {"ro"}, "immutable": {"1"}})
	if err != nil {
		return err
	}
	var found string
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found)
	if err == nil && found != "ok" {
		err = fmt.Errorf("%s: restore an older backup", found)
	}
	return errors.Join(err, db.Close())
}
