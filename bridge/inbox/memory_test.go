package inbox

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
)

// memory is a disk that loses power: of what was written and not synced, it keeps some
// sectors.
type memory struct {
	mu      sync.Mutex // guards what follows, and the files' contents
	files   map[string]*memoryFile
	failing bool // whatever is written
	off     bool
	left    int // operations until the power is off; negative: it stays on
}

func newMemory() *memory { return &memory{files: map[string]*memoryFile{}, left: -1} }

var errOff = errors.New("the disk is off")

// offAfter has the power go off after n more operations.
func (d *memory) offAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = n
}

// cut is what the disk has after the power was off: of each file what was synced, and of
// the rest whatever sectors chance has chosen.
func (d *memory) cut(dice *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	const sector = 512
	for name, f := range d.files {
		after := bytes.Clone(f.synced)
		if dice.IntN(2) == 0 && len(f.now) > len(after) { // the new size was written
			after = append(after, make([]byte, len(f.now)-len(after))...)
		}
		for at := 0; at < min(len(after), len(f.now)); at += sector {
			if dice.IntN(2) == 0 {
				copy(after[at:min(at+sector, len(after))], f.now[at:min(at+sector, len(f.now))])
			}
		}
		d.files[name] = &memoryFile{disk: d, name: name, now: after, synced: bytes.Clone(after)}
	}
	d.off, d.left, d.failing = false, -1, false
}

// works counts an operation. The caller holds mu.
func (d *memory) works() error {
	if d.left == 0 {
		d.off = true
	}
	d.left--
	if d.off {
		return errOff
	}
	return nil
}

func (d *memory) Open(name string, create bool) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[name]
	if f == nil {
		if !create {
			return nil, os.ErrNotExist
		}
		f = &memoryFile{disk: d, name: name}
		d.files[name] = f
	}
	return f, nil
}

func (d *memory) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	return nil
}

type memoryFile struct {
	disk        *memory
	name        string
	now, synced []byte
}

func (f *memoryFile) ReadAt(p []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.off {
		return 0, errOff
	}
	if at >= int64(len(f.now)) {
		return 0, io.EOF
	}
	n := copy(p, f.now[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes half of what it is given when it fails.
func (f *memoryFile) WriteAt(p []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.works()
	if err == nil && f.disk.failing {
		err = errors.New("no space left on device")
	}
	if err != nil {
		p = p[:len(p)/2]
	}
	if grown := int(at) + len(p) - len(f.now); grown > 0 {
		f.now = append(f.now, make([]byte, grown)...)
	}
	return copy(f.now[at:], p), err
}

func (f *memoryFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.works(); err != nil {
		return err
	}
	f.now = bytes.Clone(f.now[:min(int(size), len(f.now))])
	return nil
}

func (f *memoryFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.works(); err != nil {
		return err
	}
	f.synced = bytes.Clone(f.now)
	return nil
}

func (f *memoryFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.now)), nil
}

func (f *memoryFile) Name() string { return f.name }
func (f *memoryFile) Close() error { return nil }
