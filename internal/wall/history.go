package wall

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// history holds the newest messages of each platform, counts all of them and
// notifies watchers.
type history struct {
	keep   int // per platform; negative keeps none
	seq    atomic.Uint64
	counts map[string]*counters // by platform; never written after newHistory

	mu         sync.Mutex // guards rings, generation and watchers
	rings      map[string]*ring
	generation int                        // counts the clears
	watchers   map[chan struct{}]struct{} // each holds at most one unread notice
}

// counters counts without a lock, so that counting is cheap and exact.
type counters struct{ accepted, repeated, refused, edited, unposted atomic.Int64 }

func (t *counters) counts() Counts {
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

func newHistory(keep int) *history {
	h := &history{keep: keep, counts: map[string]*counters{}, rings: map[string]*ring{}, watchers: map[chan struct{}]struct{}{}}
	for _, p := range everyPlatform() {
		h.counts[p], h.rings[p] = &counters{}, &ring{}
	}
	return h
}

// counters is the platform's counters; an unknown platform has some of its own,
// which stay at zero.
func (h *history) counters(platform string) *counters {
	if t, ok := h.counts[platform]; ok {
		return t
	}
	return &counters{}
}

// put counts a message and keeps it. The platform's answer must be written
// after it, so that whoever has the answer finds the message.
func (h *history) put(m Message) {
	t := h.counters(m.Platform)
	if m.Verdict.Accepted {
		t.accepted.Add(1)
	} else {
		t.refused.Add(1)
	}
	if m.Verdict.Unposted {
		t.unposted.Add(1)
	}
	if h.keep < 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m.Seq = h.seq.Add(1)
	h.rings[m.Platform].put(m, h.keep)
	h.notify()
}

// edit replaces a message's payload and makes the message the newest.
func (h *history) edit(platform, id string, payload []byte) {
	h.counters(platform).edited.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, m := range h.rings[platform].messages {
		if m.ID == id {
			m.Seq, m.Payload, m.Edits = h.seq.Add(1), payload, m.Edits+1
			h.rings[platform].messages[i] = m
		}
	}
	h.notify()
}

// notify wakes the watchers. h.mu is held.
func (h *history) notify() {
	for c := range h.watchers {
		select {
		case c <- struct{}{}:
		default: // it has a notice that it did not read yet
		}
	}
}

// messages lists what is kept of a platform, or of all when it is "", above a
// sequence number, oldest first.
func (h *history) messages(platform string, above uint64) []Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Message
	for name, r := range h.rings {
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

func (h *history) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name := range h.rings {
		h.rings[name] = &ring{}
		t := h.counts[name]
		t.accepted.Store(0)
		t.repeated.Store(0)
		t.refused.Store(0)
		t.edited.Store(0)
		t.unposted.Store(0)
	}
	h.generation++
	h.notify()
}

func (h *history) cleared() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.generation
}

// watch gives a channel that receives a notice of each change until stop is called.
func (h *history) watch() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers[c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, c)
	}
}
