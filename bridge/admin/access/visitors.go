package access

import (
	"container/list"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
)

const (
	// guesses is how many wrong tokens a network may send in a row before it must wait;
	// guessesEach is how many more per second after that.
	guesses     = 10
	guessesEach = 1.0 / 6

	// logins is how many logins at the provider a network may start in a row;
	// loginsEach is how many more per second after that.
	logins     = 30
	loginsEach = 1.0 / 2

	// notesOfOne is how many refusals of one network the audit trail keeps in a row,
	// and notesOfAll how many of all networks. After that, an entry now and then says
	// how many it stands for.
	notesOfOne, notesOfOneEach = 3, 1.0 / 3600
	notesOfAll, notesOfAllEach = 60, 1.0 / 300

	// linesOfAll is how many refusals are logged in a row, and then per second.
	linesOfAll, linesOfAllEach = 10, 1.0

	// maxVisitors limits how many networks are remembered. The one without refusals for
	// the longest time is forgotten first.
	maxVisitors = 4096
)

// visitor is a network that sent refused requests or started logins.
type visitor struct {
	network netip.Prefix
	tries   *rate.Limiter // wrong tokens
	logins  *rate.Limiter
	notes   *rate.Limiter
	unnoted int
}

// visitors slows down guessing, and limits what is written about it. It never delays
// the right token, even from an address that also guesses.
type visitors struct {
	lines, notes *rate.Limiter

	mu     sync.Mutex // guards the fields below
	recent *list.List // of *visitor, newest first
	known  map[netip.Prefix]*list.Element
	unsaid int
}

func newVisitors() *visitors {
	return &visitors{
		lines: rate.NewLimiter(linesOfAllEach, linesOfAll), notes: rate.NewLimiter(notesOfAllEach, notesOfAll),
		recent: list.New(), known: map[netip.Prefix]*list.Element{},
	}
}

// at returns the visitor of an address. The caller holds mu.
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

// guessed counts a wrong token from an address, and reports whether there were too
// many.
func (v *visitors) guessed(from netip.Addr) (tooMany bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.at(from).tries.Allow()
}

// mayLogin reports whether an address may continue a login at the provider.
func (v *visitors) mayLogin(from netip.Addr) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at(from).logins.Allow()
}

// mayLog reports whether to log a refusal, and how many were not logged since the last
// line.
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

// mayNote reports whether the audit trail keeps a refusal of an address, and how many
// it stands for.
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
