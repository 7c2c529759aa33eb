package wall

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// board holds the newest messages of each platform, counts all of them and
// tells those who watch.
type board struct {
	keep    int // per platform; negative keeps none
	seq     atomic.Uint64
	tallies map[string]*tally // by platform; never written after newBoard

	mu         sync.Mutex // guards rings, generation and watchers
	rings      map[string]*ring
	generation int                        // counts the clears
	watchers   map[chan struct{}]struct{} // each holds at most one unread notice
}

// tally counts without a lock, so that counting is cheap and exact.
type tally struct{ accepted, repeated, refused, edited, unposted atomic.Int64 }

func (t *tally) counts() Counts {
	return Counts{
		Accepted: int(t.accepted.Load()),
		Repeated: int(t.repeated.Load()),
		Refused:  int(t.refused.Load()),
		Edited:   int(t.edited.Load()),
		Unposted: int(t.unposted.Load()),
	}
}

// ring is the newest messages of one platform, oldest at head.
type ring struct {
	messages []Message
	head     int
}

func (r *ring) put(m Message, keep int) {
	if len(r.messages) < keep {
		r.messages = append(r.messages, m)
		return
	}
	r.messages[r.head] = m
	r.head = (r.head + 1) % keep
}

func newBoard(keep int) *board {
	b := &board{keep: keep, tallies: map[string]*tally{}, rings: map[string]*ring{}, watchers: map[chan struct{}]struct{}{}}
	for _, p := range everyPlatform() {
		b.tallies[p], b.rings[p] = &tally{}, &ring{}
	}
	return b
}

// tally is the platform's counters; an unknown platform has some of its own,
// which stay at zero.
func (b *board) tally(platform string) *tally {
	if t, ok := b.tallies[platform]; ok {
		return t
	}
	return &tally{}
}

// put counts a message and keeps it. The platform's answer must be written
// after it, so that whoever has the answer finds the message.
func (b *board) put(m Message) {
	t := b.tally(m.Platform)
	if m.Verdict.Accepted {
		t.accepted.Add(1)
	} else {
		t.refused.Add(1)
	}
	if m.Verdict.Unposted {
		t.unposted.Add(1)
	}
	if b.keep < 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m.Seq = b.seq.Add(1)
	b.rings[m.Platform].put(m, b.keep)
	b.notify()
}

// edit puts a payload in the place of a message's, and makes that the newest.
func (b *board) edit(platform, id string, payload []byte) {
	b.tally(platform).edited.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, m := range b.rings[platform].messages {
		if m.ID == id {
			m.Seq, m.Payload, m.Edits = b.seq.Add(1), payload, m.Edits+1
			b.rings[platform].messages[i] = m
		}
	}
	b.notify()
}

// notify wakes the watchers. b.mu is held.
func (b *board) notify() {
	for c := range b.watchers {
		select {
		case c <- struct{}{}:
		default: // it has a notice that it did not read yet
		}
	}
}

// messages lists what is kept of a platform, or of all when it is "", above a
// sequence number, oldest first.
func (b *board) messages(platform string, above uint64) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Message
	for name, r := range b.rings {
		if platform != "" && platform != name {
			continue
		}
		for _, m := range r.messages {
			if m.Seq > above {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(x, y Message) int { return cmp.Compare(x.Seq, y.Seq) })
	return all
}

func (b *board) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.rings {
		b.rings[name] = &ring{}
		t := b.tallies[name]
		t.accepted.Store(0)
		t.repeated.Store(0)
		t.refused.Store(0)
		t.edited.Store(0)
		t.unposted.Store(0)
	}
	b.generation++
	b.notify()
}

func (b *board) cleared() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.generation
}

// watch gives a channel that is told of changes until stop is called.
func (b *board) watch() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, c)
	}
}
