package access

import (
	"sync"

	"golang.org/x/time/rate"
)

const (
	// guesses is how many wrong tokens an address may send in a row; guessesEach is
	// how many more each second after that.
	guesses     = 10
	guessesEach = 1.0 / 6

	// maxAddresses bounds how many addresses are told apart.
	maxAddresses = 4096
)

// throttle slows down who guesses.
type throttle struct {
	mu   sync.Mutex // guards from
	from map[string]*rate.Limiter
}

func newThrottle() *throttle { return &throttle{from: map[string]*rate.Limiter{}} }

// may tells whether an address may try a token.
func (t *throttle) may(address string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.from[address]
	return l == nil || l.Tokens() >= 1
}

// failed notes that an address tried a wrong one.
func (t *throttle) failed(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.from[address]
	if l == nil {
		if len(t.from) >= maxAddresses {
			t.forget()
		}
		l = rate.NewLimiter(guessesEach, guesses)
		t.from[address] = l
	}
	l.Allow()
}

// forget makes room: those go that have rested, and if none has, all.
func (t *throttle) forget() {
	for address, l := range t.from {
		if l.Tokens() >= guesses {
			delete(t.from, address)
		}
	}
	if len(t.from) >= maxAddresses {
		clear(t.from)
	}
}
