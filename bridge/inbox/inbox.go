// Package inbox is a log of records on disk that are on their way to somewhere else: they
// are appended, read in order, and forgotten once they have arrived there.
//
// Appending costs one write and one sync of a file for all who wait. It does not know what
// the records are, and it has no goroutine while nobody waits.
package inbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	// usualSize is how large a file becomes before the other one is used, if that one has
	// nothing any more that somebody must read.
	usualSize = 4 << 20

	// groupSize is about how many bytes are written and synced at once.
	groupSize = 1 << 20
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the inbox is closed")

// ErrUnread is returned by Clear while somebody must still read.
var ErrUnread = errors.New("the inbox has records that nobody has read")

// Position is a place between two records. The zero value is before all of them.
type Position struct {
	Log     int64 // the log that it is a place in, by a random number
	Segment int64 // counted from 1
	Offset  int64 // bytes, in the segment's file
}

// Before tells whether p comes before q. A place in another log comes before everything:
// what was read there says nothing of this one.
func (p Position) Before(q Position) bool {
	if p.Log != q.Log {
		return true
	}
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// Log is an open log. Its methods may be called from many goroutines; one at a time may
// read.
type Log struct {
	// Written is called after each write of some records, with the time that it took; nil
	// if nobody wants to know. It must be set before the first Append.
	Written func(records int, took time.Duration, err error)

	id   int64
	path string
	disk Disk
	size int64 // see usualSize

	mu        sync.Mutex
	queue     []*Group // which wait to be written; records join the last one
	idle      *sync.Cond
	leading   bool // somebody writes groups; idle tells when nobody does
	closed    bool
	segments  []*segment // on disk, oldest first; the last one is written to
	forgotten Position
}

// Append adds records that belong together to the end: all of them or none. It returns
// the group that they are in, which is written as soon as the one before it was.
func (l *Log) Append(records ...[]byte) (*Group, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	g := l.lastGroup()
	for _, r := range records {
		g.frame = append(binary.AppendUvarint(g.frame, uint64(len(r))), r...)
	}
	g.records += len(records)
	if !l.leading {
		l.leading = true
		go l.lead()
	}
	return g, nil
}

// lead writes groups until none waits.
func (l *Log) lead() {
	for more := true; more; {
		more = l.writeNext()
	}
}

// lastGroup is the group that records join. The caller holds mu.
func (l *Log) lastGroup() *Group {
	if n := len(l.queue); n > 0 && len(l.queue[n-1].frame) < groupSize {
		return l.queue[n-1]
	}
	g := &Group{frame: make([]byte, frameHeader, 1024), done: make(chan struct{})}
	l.queue = append(l.queue, g)
	return g
}

// writeNext writes the group that waits longest, and tells whether others wait.
func (l *Log) writeNext() (more bool) {
	runtime.Gosched() // let those who are about to append join
	l.mu.Lock()
	g := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1)
	active := l.next(len(g.frame))
	l.mu.Unlock()
	began := time.Now()
	end, err := active.write(g.frame)
	if l.Written != nil {
		l.Written(g.records, time.Since(began), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		g.err = fmt.Errorf("write %s: %w", active.file.Name(), err)
	} else {
		active.end = end
	}
	close(g.done)
	if l.leading = len(l.queue) > 0; !l.leading {
		l.idle.Broadcast()
	}
	return l.leading
}

// next is the segment that a frame is written to. The caller holds mu.
func (l *Log) next(frame int) *segment {
	active := l.segments[len(l.segments)-1]
	if active.end > headerSize && active.end+int64(frame) > l.size && len(l.segments) == 1 {
		if other, err := l.begin(active.number + 1); err == nil {
			l.segments = append(l.segments, other)
			return other
		}
		// Without another file this one grows.
	}
	return active
}

// End is the place after the last record on disk.
func (l *Log) End() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.forgotten
	}
	return l.segments[len(l.segments)-1].position()
}

// Size is how many bytes nobody has forgotten yet, about.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unread()
}

// unread is Size for whoever holds mu.
func (l *Log) unread() (n int64) {
	for _, s := range l.segments {
		n += s.end - headerSize
		if s.number == l.forgotten.Segment {
			n -= max(0, l.forgotten.Offset-headerSize)
		}
	}
	return n
}

// Read gives the records between two places, in their order, about so many bytes of them,
// and the place after them. There are none at the end.
func (l *Log) Read(from, to Position, most int) (records [][]byte, next Position, err error) {
	l.mu.Lock()
	closed, segments := l.closed, make([]segment, len(l.segments))
	for i, s := range l.segments {
		segments[i] = *s
	}
	l.mu.Unlock()
	if closed {
		return nil, from, ErrClosed
	}
	if from.Log != l.id {
		from = Position{Log: l.id}
	}
	for _, s := range segments {
		start := Position{l.id, s.number, headerSize}
		if from.Before(start) {
			from = start
		}
		if to.Log == l.id && to.Segment <= s.number {
			s.end = min(s.end, to.Offset)
			if to.Segment < s.number {
				break
			}
		}
		if from.Segment != s.number || from.Offset >= s.end {
			continue
		}
		records, from.Offset, err = s.read(from.Offset, most)
		return records, from, err
	}
	return nil, from, nil
}

// Forget says that nobody will read what is before a place again.
func (l *Log) Forget(before Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.forgotten.Before(before) || before.Log != l.id {
		return
	}
	l.forgotten = before
	if len(l.segments) > 1 && !before.Before(Position{l.id, l.segments[1].number, headerSize}) {
		_ = l.segments[0].retire(l.size) // what is left in it is never read: its number is too low
		l.segments = l.segments[1:]
	}
}

// Forgotten is the place before which everything was forgotten.
func (l *Log) Forgotten() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.forgotten
}

// Clear empties the files, so that nothing is left on the disk of what was forgotten. The
// error is ErrUnread when there are records that were not.
func (l *Log) Clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.leading {
		l.idle.Wait()
	}
	if l.closed {
		return ErrClosed
	}
	last := l.segments[len(l.segments)-1]
	if l.unread() > 0 {
		return ErrUnread
	}
	for _, name := range Files(l.path) {
		file, err := l.disk.Open(name, true)
		if err == nil {
			err = errors.Join(file.Truncate(0), file.Sync(), file.Close())
		}
		if err != nil {
			return err
		}
	}
	fresh, err := l.begin(last.number + 1)
	if err == nil {
		err = last.file.Close()
		l.segments = []*segment{fresh}
	}
	return err
}

// Close waits for the groups under way and closes the files. A log of which everything
// was forgotten leaves none behind.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for l.leading {
		l.idle.Wait()
	}
	return l.release(l.unread() == 0)
}
