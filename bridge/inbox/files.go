package inbox

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// Files are the names of the files that a log with this path has: two that are used by
// turns.
func Files(path string) []string { return []string{path + "-0", path + "-1"} }

// Disk is where files are: the machine's, or that of a test, which loses power.
type Disk interface {
	// Open opens a file. The error is os.ErrNotExist if it does not exist, unless create
	// is true; then the new file's name is on disk, too.
	Open(name string, create bool) (File, error)

	// Remove removes a file.
	Remove(name string) error
}

// File is what a log is written to.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer

	// Truncate changes the file's size.
	Truncate(size int64) error

	// Sync returns when all that was written, and the size, is on disk.
	Sync() error

	// Size is how many bytes the file has.
	Size() (int64, error)

	// Name is the file's name, for errors.
	Name() string
}

// Open opens the log with this path, or makes one. What is before a place was forgotten.
// Damaged is how many bytes after it cannot be read, though others come after them: a disk
// that fails has lost what was in them.
func Open(path string, forgotten Position) (l *Log, damaged int64, err error) {
	return OpenOn(machine{}, path, forgotten)
}

// OpenOn is Open for a log on another disk.
func OpenOn(on Disk, path string, forgotten Position) (l *Log, damaged int64, err error) {
	l = &Log{path: path, disk: on, size: usualSize, forgotten: forgotten}
	l.idle = sync.NewCond(&l.mu)
	for _, name := range Files(path) {
		lost, err := l.find(name)
		if damaged += lost; err != nil {
			return nil, 0, errors.Join(err, l.release(false))
		}
	}
	if err := l.begun(); err != nil {
		return nil, 0, errors.Join(err, l.release(false))
	}
	return l, damaged, nil
}

// find adds the segment that a file has, if there is one that is not forgotten.
func (l *Log) find(name string) (damaged int64, err error) {
	file, err := l.disk.Open(name, false)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	s, ok := readHeader(file)
	from := int64(headerSize)
	switch {
	case !ok, s.log == l.forgotten.Log && s.number < l.forgotten.Segment:
		return 0, file.Close() // nothing was ever written to it, or nothing is read again
	case s.log == l.forgotten.Log && s.number == l.forgotten.Segment:
		from = l.forgotten.Offset
	}
	l.segments = append(l.segments, &s)
	return s.findEnd(from)
}

// begun puts what was found in order, and begins the first segment if nothing was.
func (l *Log) begun() error {
	slices.SortFunc(l.segments, func(a, b *segment) int { return int(a.number - b.number) })
	if len(l.segments) > 0 {
		l.id = l.segments[0].log
		if last := l.segments[len(l.segments)-1]; last.log != l.id {
			return fmt.Errorf("%s and %s belong to different stores: move the one away that does not belong here", l.segments[0].file.Name(), last.file.Name())
		}
		if l.forgotten.Log != l.id { // it says nothing of this log
			l.forgotten = Position{Log: l.id}
		}
		return nil
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	if l.id = l.forgotten.Log; l.id == 0 {
		l.id = int64(binary.LittleEndian.Uint64(id[:]) >> 1)
	}
	first, err := l.begin(l.forgotten.Segment + 1)
	if err == nil {
		l.segments = append(l.segments, first)
	}
	return err
}

// begin makes a file the segment of this number. Its header is on disk when its first
// frame is.
func (l *Log) begin(number int64) (*segment, error) {
	file, err := l.disk.Open(Files(l.path)[number%2], true)
	if err != nil {
		return nil, err
	}
	s := &segment{log: l.id, number: number, file: file, end: headerSize}
	if _, err = file.WriteAt(s.header(), 0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// retire closes a file that nobody reads any more. It stays, and is written over later:
// a sync costs less when the file does not grow.
func (s *segment) retire(size int64) error {
	var err error
	if s.end > 2*size { // there was a burst
		err = s.file.Truncate(size)
	}
	return errors.Join(err, s.file.Close())
}

// release closes all files, and removes them if nothing in them is needed.
func (l *Log) release(remove bool) (err error) {
	for _, s := range l.segments {
		err = errors.Join(err, s.file.Close())
	}
	l.segments = nil
	if !remove {
		return err
	}
	for _, name := range Files(l.path) {
		if gone := l.disk.Remove(name); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// machine is the disk of this machine.
type machine struct{}

// Open opens a file.
func (machine) Open(name string, create bool) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if !create || !errors.Is(err, os.ErrNotExist) {
		return onDisk{f}, err
	}
	if f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600); err != nil { // it has names in it
		return nil, err
	}
	if err := SyncFolder(filepath.Dir(name)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return onDisk{f}, nil
}

// Remove removes a file.
func (machine) Remove(name string) error { return os.Remove(name) }

// onDisk is a file of this machine.
type onDisk struct{ *os.File }

// Sync leaves out what reading does not need, such as the time of the last change.
func (f onDisk) Sync() error { return syncData(f.File) }

// Size is how many bytes the file has.
func (f onDisk) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SyncFolder has the name of a new file in a folder on disk. Windows has no such thing.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
