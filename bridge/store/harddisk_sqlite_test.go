package store

import (
	"bytes"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// between puts a disk between SQLite and the files of its folder: it is a virtual file
// system of SQLite that does what the machine's does, and notes every change.
type between struct {
	*hardDisk
	machine sqlite3.Tsqlite3_vfs

	mu      sync.Mutex // guards what follows
	open    map[uintptr]*opened
	methods map[uintptr]uintptr // ours, by the machine's
	keep    []any               // functions that SQLite has the addresses of
}

// opened is an open file.
type opened struct {
	path    string
	machine *sqlite3.Tsqlite3_io_methods
}

type (
	openFunc   = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	deleteFunc = func(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32
	writeFunc  = func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32
	sizeFunc   = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunc   = func(tls *libc.TLS, file uintptr, flags int32) int32
	closeFunc  = func(tls *libc.TLS, file uintptr) int32
)

// useHardDisk has SQLite use a disk until stop is called, after all files were closed.
func useHardDisk(t *testing.T, d *hardDisk) (stop func()) {
	t.Helper()
	tls := libc.NewTLS()
	usual := sqlite3.Xsqlite3_vfs_find(tls, 0)
	b := &between{hardDisk: d, machine: *at[sqlite3.Tsqlite3_vfs](usual), open: map[uintptr]*opened{}, methods: map[uintptr]uintptr{}}
	own := allocate[sqlite3.Tsqlite3_vfs](tls)
	*at[sqlite3.Tsqlite3_vfs](own) = b.machine
	name, err := libc.CString(d.folder)
	if err != nil {
		t.Fatal(err)
	}
	at[sqlite3.Tsqlite3_vfs](own).FzName = name
	at[sqlite3.Tsqlite3_vfs](own).FxOpen = address[openFunc](b, b.xOpen)
	at[sqlite3.Tsqlite3_vfs](own).FxDelete = address[deleteFunc](b, b.xDelete)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, own, 1); rc != sqlite3.SQLITE_OK {
		t.Fatal("SQLite does not take the disk:", rc)
	}
	return func() {
		if rc := sqlite3.Xsqlite3_vfs_unregister(tls, own); rc != sqlite3.SQLITE_OK {
			t.Error("SQLite does not give the disk back:", rc)
		}
		libc.Xfree(tls, own)
		libc.Xfree(tls, name)
		for _, m := range b.methods {
			libc.Xfree(tls, m)
		}
		tls.Close()
	}
}

// at is what an address of SQLite points to.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

func allocate[T any](tls *libc.TLS) uintptr {
	var one T
	return libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(one)))
}

// address is where SQLite finds a function.
func address[F any](b *between, f F) uintptr {
	b.keep = append(b.keep, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

// function is the function at an address.
func function[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&address)) }

func (b *between) xOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := function[openFunc](b.machine.FxOpen)(tls, vfs, name, file, flags, out)
	if rc != sqlite3.SQLITE_OK || name == 0 {
		return rc
	}
	path := libc.GoString(name)
	if !b.has(path) {
		return rc
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	usual := *at[uintptr](file)
	b.open[file] = &opened{path, at[sqlite3.Tsqlite3_io_methods](usual)}
	if b.methods[usual] == 0 {
		own := allocate[sqlite3.Tsqlite3_io_methods](tls)
		m := at[sqlite3.Tsqlite3_io_methods](own)
		*m = *at[sqlite3.Tsqlite3_io_methods](usual)
		m.FxWrite = address[writeFunc](b, b.xWrite)
		m.FxTruncate = address[sizeFunc](b, b.xTruncate)
		m.FxSync = address[syncFunc](b, b.xSync)
		m.FxClose = address[closeFunc](b, b.xClose)
		b.methods[usual] = own
	}
	*at[uintptr](file) = b.methods[usual]
	return rc
}

func (b *between) xDelete(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32 {
	if path := libc.GoString(name); b.has(path) && b.remove(path, syncFolder != 0) != nil {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	return function[deleteFunc](b.machine.FxDelete)(tls, vfs, name, syncFolder)
}

func (b *between) file(file uintptr) *opened {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[file]
}

func (b *between) xWrite(tls *libc.TLS, file, data uintptr, n int32, to int64) int32 {
	f := b.file(file)
	if b.write(f.path, to, bytes.Clone(unsafe.Slice(at[byte](data), n))) != nil {
		return sqlite3.SQLITE_IOERR_WRITE
	}
	return function[writeFunc](f.machine.FxWrite)(tls, file, data, n, to)
}

func (b *between) xTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	f := b.file(file)
	if b.truncate(f.path, size) != nil {
		return sqlite3.SQLITE_IOERR_TRUNCATE
	}
	return function[sizeFunc](f.machine.FxTruncate)(tls, file, size)
}

func (b *between) xSync(_ *libc.TLS, file uintptr, _ int32) int32 {
	if b.sync(b.file(file).path) != nil {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	return sqlite3.SQLITE_OK
}

func (b *between) xClose(tls *libc.TLS, file uintptr) int32 {
	f := b.file(file)
	b.mu.Lock()
	delete(b.open, file)
	b.mu.Unlock()
	return function[closeFunc](f.machine.FxClose)(tls, file)
}
