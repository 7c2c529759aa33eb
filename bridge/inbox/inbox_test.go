package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func opened(t *testing.T, path string, forgotten Position, on Disk) *Log {
	t.Helper()
	l, damaged, err := OpenOn(on, path, forgotten)
	if err != nil {
		t.Fatal(err)
	}
	if damaged != 0 {
		t.Errorf("%d bytes are damaged", damaged)
	}
	return l
}

func add(t *testing.T, l *Log, records ...string) error {
	t.Helper()
	all := make([][]byte, len(records))
	for i, r := range records {
		all[i] = []byte(r)
	}
	g, err := l.Append(all...)
	if err != nil {
		return err
	}
	return g.Wait(t.Context())
}

// rest reads all that comes after a place.
func rest(t *testing.T, l *Log, from Position) (all []string, next Position) {
	t.Helper()
	for next = from; ; {
		records, after, err := l.Read(next, l.End(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if next = after; len(records) == 0 {
			return all, next
		}
		for _, r := range records {
			all = append(all, string(r))
		}
	}
}

func wants(t *testing.T, l *Log, from Position, want ...string) Position {
	t.Helper()
	got, next := rest(t, l, from)
	if !slices.Equal(got, want) {
		t.Errorf("%d records are there, want %d: %.200q, want %.200q", len(got), len(want), got, want)
	}
	return next
}

func TestRecordsComeInTheirOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	l := opened(t, path, Position{}, machine{})
	wants(t, l, Position{})
	if err := errors.Join(add(t, l, "a", "", "b"), add(t, l, "c")); err != nil {
		t.Fatal(err)
	}
	middle := wants(t, l, Position{}, "a", "", "b", "c")
	if err := add(t, l, "d"); err != nil {
		t.Fatal(err)
	}
	wants(t, l, middle, "d")
	wants(t, l, Position{Log: l.id + 1, Segment: 100}, "a", "", "b", "c", "d")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := add(t, l, "e"); !errors.Is(err, ErrClosed) {
		t.Errorf("after it was closed: %v", err)
	}
	l = opened(t, path, Position{}, machine{})
	end := wants(t, l, middle, "d")
	l.Forget(end)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("%v, %v are left of a log of which everything was read", left, err)
	}
}

// Two files are used by turns, and they do not grow while somebody reads.
func TestFilesAreUsedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	l := opened(t, path, Position{}, machine{})
	var at Position
	large := string(bytes.Repeat([]byte{'x'}, usualSize/3))
	for i := range 30 {
		record := fmt.Sprint(i, large)
		if err := add(t, l, record); err != nil {
			t.Fatal(err)
		}
		if i%4 == 0 { // nobody reads for a while, and then all
			continue
		}
		var got []string
		if got, at = rest(t, l, at); len(got) == 0 || got[len(got)-1] != record {
			t.Errorf("record %d is not the last of %d", i, len(got))
		}
		l.Forget(at)
	}
	if size := l.Size(); size != 0 {
		t.Errorf("%d bytes wait to be read", size)
	}
	if end := l.End(); end.Segment < 8 {
		t.Errorf("%d segments were written", end.Segment)
	}
	for _, name := range Files(path) {
		if info, err := os.Stat(name); err != nil || info.Size() > 2*usualSize {
			t.Errorf("%v, %v", info.Size(), err)
		}
	}
	if err := l.Clear(); err != nil {
		t.Fatal(err)
	}
	for _, name := range Files(path) {
		if data, err := os.ReadFile(name); err != nil || bytes.Contains(data, []byte("xxx")) {
			t.Errorf("%s has something left in it, %v", name, err)
		}
	}
	if err := add(t, l, "new"); err != nil {
		t.Fatal(err)
	}
	if err := l.Clear(); !errors.Is(err, ErrUnread) {
		t.Errorf("what was not read is cleared: %v", err)
	}
	wants(t, l, at, "new")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// Whatever byte of a file is damaged, and wherever it ends, the records of the other
// frames are read, and a frame is read whole or not at all.
func TestDamage(t *testing.T) {
	disk := newMemory()
	l := opened(t, "in", Position{}, disk)
	for _, r := range [][]string{{"one"}, {"two", "and two"}, {"three"}} {
		if err := add(t, l, r...); err != nil {
			t.Fatal(err)
		}
	}
	whole := disk.files["in-1"].now
	frames := map[string]string{"one": "one", "two": "two and two", "three": "three"}
	try := func(data []byte, what string) (found []string, damaged int64) {
		d := newMemory()
		d.files["in-1"] = &memoryFile{disk: d, name: "in-1", now: data}
		l, damaged, err := OpenOn(d, "in", Position{})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		all, _ := rest(t, l, Position{})
		text := " " + fmt.Sprint(all) + " "
		for first, frame := range frames {
			if bytes.Contains([]byte(text), []byte(frame)) {
				found = append(found, first)
			}
		}
		if err := add(t, l, "more"); err != nil {
			t.Fatal(err)
		}
		if after, _ := rest(t, l, Position{}); len(after) != len(all)+1 || after[len(all)] != "more" {
			t.Errorf("%s: %v, and after one was added %v", what, all, after)
		}
		return found, damaged
	}
	for i := headerSize; i < len(whole); i++ {
		broken := bytes.Clone(whole)
		broken[i] ^= 1 << (i % 8)
		found, damaged := try(broken, fmt.Sprint("byte ", i))
		last := !slices.Contains(found, "three")
		if len(found) != 2 || last != (damaged == 0) { // the last one may just as well have been under way
			t.Errorf("byte %d: found %v, %d bytes damaged", i, found, damaged)
		}
		if found, damaged := try(bytes.Clone(whole[:i]), fmt.Sprint("cut at ", i)); damaged != 0 || len(found) > 2 {
			t.Errorf("cut at %d: found %v, %d bytes damaged", i, found, damaged)
		}
	}
}

// A disk that is full or fails: those who wait are told, and what comes later is whole.
func TestADiskThatFails(t *testing.T) {
	disk := newMemory()
	l := opened(t, "in", Position{}, disk)
	var want []string
	for i := range 300 {
		disk.mu.Lock()
		disk.failing = i%3 == 1
		disk.mu.Unlock()
		record := fmt.Sprint("record ", i, string(make([]byte, i)))
		if err := add(t, l, record); (err != nil) != (i%3 == 1) {
			t.Fatalf("record %d: %v", i, err)
		} else if err == nil {
			want = append(want, record)
		}
	}
	wants(t, l, Position{}, want...)
	disk.cut(rand.New(rand.NewPCG(1, 2)))
	wants(t, opened(t, "in", Position{}, disk), Position{}, want...)
}

// TestPowerCuts cuts the power again and again while many append and one reads: of what
// was not synced any sector may be lost. What Append said is on disk is read, once and in
// order.
func TestPowerCuts(t *testing.T) {
	cuts := 1000
	if raceEnabled || testing.Short() {
		cuts = 30
	}
	dice := rand.New(rand.NewPCG(uint64(cuts), 7))
	disk := newMemory()
	kept := Position{} // what a reader has synced elsewhere
	arrived, answered := map[string]int{}, map[string]bool{}
	for round := range cuts {
		l := opened(t, "in", kept, disk)
		l.size = 32 << 10
		var mu sync.Mutex // guards answered
		var posters sync.WaitGroup
		size := 1 << dice.IntN(15)
		for poster := range 1 + dice.IntN(6) {
			posters.Go(func() {
				for n := range 4 {
					one := fmt.Sprintf("%d.%d.%d", round, poster, n)
					pair := []string{one + "a" + string(make([]byte, size)), one + "b"}
					if add(t, l, pair...) != nil {
						return // the power is off
					}
					mu.Lock()
					answered[one] = true
					mu.Unlock()
				}
			})
		}
		read := func(most int) {
			records, next, err := l.Read(kept, l.End(), most)
			if err != nil {
				return // the power is off
			}
			for _, r := range records {
				id, _, _ := bytes.Cut(r, []byte{0})
				arrived[string(id)]++
			}
			kept = next
			l.Forget(kept)
		}
		disk.offAfter(dice.IntN(20))
		for range dice.IntN(5) {
			read(1 + dice.IntN(1<<14))
		}
		posters.Wait()
		disk.cut(dice)
	}
	l := opened(t, "in", kept, disk)
	last, _ := rest(t, l, kept)
	for _, r := range last {
		id, _, _ := bytes.Cut([]byte(r), []byte{0})
		arrived[string(id)]++
	}
	for one := range answered {
		if arrived[one+"a"] != 1 || arrived[one+"b"] != 1 {
			t.Fatalf("%s was answered, and read %d and %d times", one, arrived[one+"a"], arrived[one+"b"])
		}
	}
	for id, n := range arrived {
		if n > 1 || arrived[id[:len(id)-1]+"a"] != arrived[id[:len(id)-1]+"b"] {
			t.Fatalf("%s was read %d times, or without the other of its pair", id, n)
		}
	}
	t.Logf("%d cuts, %d records answered, %d read", cuts, 2*len(answered), len(slices.Collect(maps.Keys(arrived))))
	if len(answered) < cuts {
		t.Errorf("only %d were answered: the test tests little", len(answered))
	}
}

// Whoever stops waiting does not keep others from being written.
func TestWaitEndsWithItsContext(t *testing.T) {
	g := &Group{done: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(g.done)
	if err := g.Wait(ctx); err != nil {
		t.Errorf("what is done is done, whatever the context: %v", err)
	}
}

// Files of two stores are not mixed.
func TestFilesOfTwoStores(t *testing.T) {
	disk := newMemory()
	for _, path := range []string{"a", "b"} {
		if err := add(t, opened(t, path, Position{}, disk), path); err != nil {
			t.Fatal(err)
		}
	}
	disk.files["a-0"] = disk.files["b-1"]
	if _, _, err := OpenOn(disk, "a", Position{}); err == nil {
		t.Error("files of two logs are opened as one")
	}
}
