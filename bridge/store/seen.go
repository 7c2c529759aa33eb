package store

import (
	"context"
	"encoding/binary"
	"sync"
)

// seen tells of most new events that they are new, without a look into the tables: it is
// a Bloom filter of the keys of events and of what is known. A key that is not in it is
// new; one that is may be.
type seen struct {
	mu       sync.Mutex // guards what follows
	bits     []uint64
	added    int  // keys
	complete bool // all keys are in it
	round    int  // counts the times that it was emptied, or is to be

	learning sync.Mutex // held while the filter is filled
}

const (
	bitsForKey = 10 // with hashes of them, one key in a hundred is taken for another
	hashes     = 7
	leastKeys  = 1 << 16
	readKeys   = 10_000 // at once
)

// has tells whether a key may have been added. Until everything was learned any key may.
func (f *seen) has(key []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.complete {
		return true
	}
	for i := range hashes {
		if word, bit := f.place(key, i); f.bits[word]&bit == 0 {
			return false
		}
	}
	return true
}

func (f *seen) add(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.bits) == 0 {
		return
	}
	f.added++
	for i := range hashes {
		word, bit := f.place(key, i)
		f.bits[word] |= bit
	}
}

// place is where the i-th hash of a key is. A key is a hash already, of 16 bytes or more.
func (f *seen) place(key []byte, i int) (word, bit uint64) {
	a, b := binary.LittleEndian.Uint64(key), binary.LittleEndian.Uint64(key[8:])
	at := (a + uint64(i)*(b|1)) % (64 * uint64(len(f.bits)))
	return at / 64, 1 << (at % 64)
}

// full tells whether more keys were added than the filter is for. It says so once: whoever
// asks has the keys learned again.
func (f *seen) full() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	full := f.complete && f.added*bitsForKey > 64*len(f.bits)
	f.complete = f.complete && !full
	return full
}

// invalidate has every key be one that may have been added, until all were learned again.
func (f *seen) invalidate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.complete = false
	f.round++
}

// begin empties the filter, for twice as many keys as there are. What is added from now on
// is in it.
func (f *seen) begin(keys int) (round int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bits = make([]uint64, max(2*keys, leastKeys)*bitsForKey/64)
	f.added, f.complete = 0, false
	f.round++
	return f.round
}

// end says that all keys were added since begin, unless the round is over.
func (f *seen) end(round int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.complete = f.round == round
}

// learn fills the filter from the tables. One that is learning already goes on, and the
// next one begins after it.
func (f *seen) learn(ctx context.Context, s *Store) {
	f.learning.Lock()
	defer f.learning.Unlock()
	var events, known int
	err := s.rowNow(ctx, `SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM known)`).Scan(&events, &known)
	if err != nil {
		return // the tables are asked instead
	}
	round := f.begin(events + known)
	for _, key := range s.arrivals.reserved.keys() { // which may come into the tables behind us
		f.add(key[:])
	}
	for _, from := range []struct{ table, key string }{{"events", "dedupe_key"}, {"known", "key"}} {
		for after, more := []byte{}, true; more; {
			keys, err := listNow(ctx, s, func(row scanner) (key []byte, err error) { return key, row.Scan(&key) },
				`SELECT `+from.key+` FROM `+from.table+` WHERE `+from.key+` > ? ORDER BY `+from.key+` LIMIT ?`, after, readKeys)
			if err != nil {
				return
			}
			for _, key := range keys {
				f.add(key)
			}
			if more = len(keys) == readKeys; more {
				after = keys[len(keys)-1]
			}
		}
	}
	f.end(round)
}
