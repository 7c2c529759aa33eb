package access

import (
	"container/list"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

const (
	// guesses is how many wrong tokens a network may send in a row before it is asked
	// to wait; guessesEach is how many more each second after that.
	guesses     = 10
	guessesEach = 1.0 / 6

	// logins is how many requests of a login at the provider a network may make in a
	// row; loginsEach is how many more each second after that.
	logins     = 30
	loginsEach = 1.0 / 2

	// notesOfOne is how many refusals of a network are kept in the audit trail in a
	// row, and notesOfAll how many of all networks; then it is one in a while, which
	// says how many it stands for.
	notesOfOne, notesOfOneEach = 3, 1.0 / 3600
	notesOfAll, notesOfAllEach = 60, 1.0 / 300

	// linesOfAll is how many refusals are logged in a row, and then each second.
	linesOfAll, linesOfAllEach = 10, 1.0

	// maxVisitors bounds how many networks are known; the one that was not refused
	// for the longest time is forgotten first.
	maxVisitors = 4096
)

// visitor is a network that somebody was refused from, or began a login from.
type visitor struct {
	network netip.Prefix
	tries   *rate.Limiter // wrong tokens
	logins  *rate.Limiter
	notes   *rate.Limiter
	unnoted int
}

// visitors slows down who guesses, and bounds what is written about it. A right token
// is never slowed down: whoever shares an address with somebody who guesses gets in.
type visitors struct {
	lines, notes *rate.Limiter

	mu     sync.Mutex // guards what follows
	recent *list.List // of *visitor; the newest is the first
	known  map[netip.Prefix]*list.Element
	unsaid int
}

func newVisitors() *visitors {
	return &visitors{
		lines: rate.NewLimiter(linesOfAllEach, linesOfAll), notes: rate.NewLimiter(notesOfAllEach, notesOfAll),
		recent: list.New(), known: map[netip.Prefix]*list.Element{},
	}
}

// at gives the visitor of an address. The caller holds mu.
func (v *visitors) at(from netip.Addr) *visitor {
	network := peer.Group(from)
	if e := v.known[network]; e != nil {
		v.recent.MoveToFront(e)
		return e.Value.(*visitor)
	}
	if v.recent.Len() >= maxVisitors {
		oldest := v.recent.Remove(v.recent.Back()).(*visitor)
		delete(v.known, oldest.network)
	}
	one := &visitor{
		network: network, tries: rate.NewLimiter(guessesEach, guesses),
		logins: rate.NewLimiter(loginsEach, logins), notes: rate.NewLimiter(notesOfOneEach, notesOfOne),
	}
	v.known[network] = v.recent.PushFront(one)
	return one
}

// guessed notes that an address sent a wrong token, and tells whether these were too
// many.
func (v *visitors) guessed(from netip.Addr) (tooMany bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.at(from).tries.Allow()
}

// mayLogin tells whether an address may go on with a login at the provider.
func (v *visitors) mayLogin(from netip.Addr) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at(from).logins.Allow()
}

// mayLog tells whether a refusal is logged, and how many were not since the last.
func (v *visitors) mayLog() (unsaid int, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.lines.Allow() {
		v.unsaid++
		return 0, false
	}
	unsaid, v.unsaid = v.unsaid, 0
	return unsaid, true
}

// mayNote tells whether a refusal of an address is kept, and how many it stands for.
func (v *visitors) mayNote(from netip.Addr) (times int, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	one := v.at(from)
	one.unnoted++
	if !one.notes.Allow() || !v.notes.Allow() {
		return 0, false
	}
	times, one.unnoted = one.unnoted, 0
	return times, true
}
