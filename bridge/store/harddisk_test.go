package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/inbox"
)

// hardDisk is a disk that loses power. It records what SQLite and the inbox write to the
// files of one folder, and what they sync. After a number of operations the power goes
// off: every operation fails from then on.
type hardDisk struct {
	folder string
	stop   func() // SQLite uses it no longer

	mu    sync.Mutex // guards what follows
	files map[string]*image
	left  int // operations until the power goes off; negative: it stays on
	off   bool
}

// image is what is known of one file.
type image struct {
	durable []byte // what was synced
	named   bool   // the file's name is on disk
	removed bool   // it was removed, and that need not be on disk …
	gone    bool   // … or is
	pending []edit
}

// edit is a write or a truncation that was not synced.
type edit struct {
	at   int64
	data []byte // nil for a truncation
}

const sectorSize = 512

var errPower = errors.New("the power is off")

// newHardDisk is a disk that has a folder, with what is in it.
func newHardDisk(t *testing.T, folder string) *hardDisk {
	t.Helper()
	d := &hardDisk{folder: folder, files: map[string]*image{}, left: -1}
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		d.files[f.Name()] = &image{durable: data, named: true}
	}
	d.stop = useHardDisk(t, d)
	return d
}

// has tells whether a file is on the disk.
func (d *hardDisk) has(path string) bool {
	return filepath.Dir(path) == d.folder && !strings.HasSuffix(path, "-shm") && !strings.HasSuffix(path, ".lock")
}

// offAfter has the power go off after n more operations.
func (d *hardDisk) offAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = n
}

func (d *hardDisk) isOff() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// unsynced counts the writes to a file that were not synced.
func (d *hardDisk) unsynced(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.files[name].pending)
}

// do notes an operation, unless the power is off. What is written at the moment when the
// power goes off may be on disk.
func (d *hardDisk) do(path string, writes bool, note func(*image)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return errPower
	}
	d.off = d.left == 0
	d.left--
	f := d.files[filepath.Base(path)]
	if f == nil {
		f = &image{}
		d.files[filepath.Base(path)] = f
	}
	if writes || !d.off {
		note(f)
	}
	if d.off {
		return errPower
	}
	return nil
}

func (d *hardDisk) write(path string, at int64, data []byte) error {
	return d.do(path, true, func(f *image) {
		if f.removed { // it is another file of the same name
			*f = image{}
		}
		f.pending = append(f.pending, edit{at, bytes.Clone(data)})
	})
}

func (d *hardDisk) truncate(path string, size int64) error {
	return d.do(path, true, func(f *image) { f.pending = append(f.pending, edit{at: size}) })
}

func (d *hardDisk) sync(path string) error {
	return d.do(path, false, func(f *image) {
		for _, c := range f.pending {
			f.durable = c.apply(f.durable)
		}
		f.pending = nil
		if !f.named { // SQLite syncs the folder, too
			f.named = true
			d.syncFolder()
		}
	})
}

// syncFolder has removed files not come back. The caller holds mu.
func (d *hardDisk) syncFolder() {
	for _, f := range d.files {
		f.gone = f.gone || f.removed
	}
}

// remove removes a file. Unless its folder is synced, the file may come back.
func (d *hardDisk) remove(path string, synced bool) error {
	return d.do(path, false, func(f *image) {
		if f.removed = true; synced {
			d.syncFolder()
		}
	})
}

// apply makes a change.
func (c edit) apply(to []byte) []byte {
	if grown := int(c.at) + len(c.data) - len(to); grown > 0 {
		to = append(to, make([]byte, grown)...)
	}
	if c.data == nil {
		return to[:c.at]
	}
	copy(to[c.at:], c.data)
	return to
}

// sectors are the parts of a write that the disk writes at once.
func (c edit) sectors() (all []edit) {
	for from := c.at; from < c.at+int64(len(c.data)); {
		to := min(c.at+int64(len(c.data)), (from/sectorSize+1)*sectorSize)
		all = append(all, edit{from, c.data[from-c.at : to-c.at]})
		from = to
	}
	return all
}

// cut writes what a power cut leaves into a new folder: all that was synced, and of the
// rest what chance chooses.
func (d *hardDisk) cut(t *testing.T, dice *rand.Rand) string {
	t.Helper()
	folder := t.TempDir()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	for name, f := range d.files {
		if f.gone || (!f.named || f.removed) && dice.IntN(2) == 0 {
			continue
		}
		data := bytes.Clone(f.durable)
		for _, c := range chosen(f.pending, dice) {
			data = c.apply(data)
		}
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// chosen are the changes that reached the disk: all, none, the first ones, or any.
func chosen(pending []edit, dice *rand.Rand) (kept []edit) {
	way := dice.IntN(4)
	first := dice.IntN(len(pending) + 1)
	for i, c := range pending {
		switch {
		case way == 0 || way == 1 && i < first || c.data == nil && way == 3 && dice.IntN(2) == 0:
			kept = append(kept, c)
		case c.data != nil && (way == 1 && i == first || way == 3):
			for _, s := range c.sectors() {
				if dice.IntN(2) == 0 {
					kept = append(kept, s)
				}
			}
		}
	}
	return kept
}

// Open opens a file of the inbox.
func (d *hardDisk) Open(name string, create bool) (inbox.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	isNew := create && errors.Is(err, os.ErrNotExist)
	if isNew {
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return nil, err
	}
	return diskFile{f, d}, d.do(name, false, func(i *image) {
		if isNew {
			*i = image{named: true}
			d.syncFolder()
		}
	})
}

func (d *hardDisk) Remove(name string) error {
	if _, err := os.Stat(name); err != nil {
		return err
	}
	return errors.Join(d.remove(name, false), os.Remove(name))
}

// diskFile is a file of the inbox on a disk.
type diskFile struct {
	*os.File
	disk *hardDisk
}

func (f diskFile) WriteAt(data []byte, at int64) (int, error) {
	if err := f.disk.write(f.Name(), at, data); err != nil {
		return 0, err
	}
	return f.File.WriteAt(data, at)
}

func (f diskFile) Truncate(size int64) error {
	return errors.Join(f.disk.truncate(f.Name(), size), f.File.Truncate(size))
}

func (f diskFile) Sync() error { return f.disk.sync(f.Name()) }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
