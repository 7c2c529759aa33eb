package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
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
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), to)
	}
	if err != nil {
		_ = os.Remove(part.Name())
		return 0, fmt.Errorf("back up the store %s: %w", from, err)
	}
	return size, syncFolder(filepath.Dir(to))
}

// fill copies a store into a file that is there and empty, and has it on disk.
func fill(ctx context.Context, file *os.File, from string) (size int64, err error) {
	if err := vacuumInto(ctx, from, file.Name()); err != nil {
		return 0, remedy(err)
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

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
