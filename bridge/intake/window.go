package intake

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/peer"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

const (
	// firstContact is how long after the start a source without a verified event is on
	// test.
	firstContact = 30 * time.Minute

	// MaxCaptured limits how much of a request's body is stored, in bytes.
	MaxCaptured = 64 << 10
)

// Store stores the state of the test windows.
type Store interface {
	Sources(context.Context) (map[string]store.SourceState, error)
	Verified(ctx context.Context, source string, at time.Time) error
	OpenWindow(ctx context.Context, source string, until time.Time) error
	Capture(context.Context, store.Capture) error
}

// Windows knows which sources are on test. The portal's Test Webhook button signs with
// a random value, so its signature never matches. While a source is on test, the bridge
// answers such a request with a sentence, stores it for an admin, and does not deliver
// it. A source without a secret is always on test.
type Windows struct {
	store Store
	start time.Time

	mu     sync.Mutex // guards the fields below
	states map[string]store.SourceState
	pace   map[string]*pace // limits what is stored, by source
}

// NewWindows loads the state of the sources.
func NewWindows(ctx context.Context, store Store) (*Windows, error) {
	states, err := store.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the test windows: %w", err)
	}
	return &Windows{store: store, start: time.Now(), states: states, pace: map[string]*pace{}}, nil
}

// Refresh loads the state of the sources again, because another process may have
// changed it.
func (w *Windows) Refresh(ctx context.Context) error {
	states, err := w.store.Sources(ctx)
	if err != nil {
		return fmt.Errorf("load the test windows: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states = states
	return nil
}

// Open opens the window of a source until a time; a time in the past closes it.
func (w *Windows) Open(ctx context.Context, source string, until time.Time) error {
	if err := w.store.OpenWindow(ctx, source, until); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.states[source]
	s.WindowUntil = until
	w.states[source] = s
	return nil
}

// FirstContact returns until when a source is on test without a command; zero after an
// event of it was verified.
func (w *Windows) FirstContact(source string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byItself(w.states[source])
}

func (w *Windows) byItself(state store.SourceState) time.Time {
	if !state.Verified.IsZero() {
		return time.Time{}
	}
	return w.start.Add(firstContact)
}

// onTest returns the first of the sources that is on test. If an event of another
// source of the path was verified, a source is on test only while somebody has opened
// its window.
func (w *Windows) onTest(sources []Source, now time.Time) (Source, bool) {
	if w == nil {
		return Source{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	live := slices.ContainsFunc(sources, func(s Source) bool { return len(s.Keys) > 0 && !w.states[s.Name].Verified.IsZero() })
	for _, s := range sources {
		state := w.states[s.Name]
		byItself := len(s.Keys) == 0 || now.Before(w.byItself(state))
		if byItself && !live || now.Before(state.WindowUntil) {
			return s, true
		}
	}
	return Source{}, false
}

// verified notes that an event of a source was verified.
func (w *Windows) verified(ctx context.Context, source string, now time.Time) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	s := w.states[source]
	first := s.Verified.IsZero()
	if first {
		s.Verified = now
		w.states[source] = s
	}
	w.mu.Unlock()
	if !first {
		return nil
	}
	return w.store.Verified(ctx, source, now)
}

// pace limits how many requests of a source are stored: of one network, so that others
// get their turn, and of all networks.
type pace struct {
	all  *rate.Limiter
	each map[netip.Prefix]*rate.Limiter
}

const (
	// How many captures are stored in a row, and then per second.
	capturesOfOne, capturesOfOneEach = 20, 2
	capturesOfAll, capturesOfAllEach = 100, 20

	// maxSenders limits how many networks a pace knows.
	maxSenders = 1024
)

// mayCapture reports whether to store a request of a network to a source.
func (w *Windows) mayCapture(source string, from netip.Prefix) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.pace[source]
	if p == nil {
		p = &pace{rate.NewLimiter(capturesOfAllEach, capturesOfAll), map[netip.Prefix]*rate.Limiter{}}
		w.pace[source] = p
	}
	one := p.each[from]
	if one == nil {
		if len(p.each) >= maxSenders {
			clear(p.each)
		}
		one = rate.NewLimiter(capturesOfOneEach, capturesOfOne)
		p.each[from] = one
	}
	return one.Allow() && p.all.Allow()
}

// capture stores a request, unless there are too many.
func (w *Windows) capture(ctx context.Context, source string, r *http.Request, body []byte, from netip.Addr, now time.Time) error {
	if !w.mayCapture(source, peer.Group(from)) {
		return nil
	}
	headers := http.Header{}
	for name, values := range r.Header {
		for _, value := range values {
			if value = bridge.CleanLine(value); !harmless(name) {
				value = fmt.Sprintf("%s %d characters", bridge.Redacted, len(value))
			}
			headers.Add(name, value)
		}
	}
	return w.store.Capture(ctx, store.Capture{Source: source, Received: now, From: peer.Label(from), Headers: headers, Body: body[:min(len(body), MaxCaptured)]})
}

// harmless reports whether a header's value is never a secret. Of every other header
// only the name is stored, because proxies add headers with credentials and addresses.
func harmless(header string) bool {
	switch header {
	case "Absorb-Signature", "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection",
		"Content-Encoding", "Content-Length", "Content-Type", "Date", "Expect", "User-Agent":
		return true
	}
	return false
}

// testAnswer is what the admin reads in the portal.
func testAnswer(s Source) *reply {
	words := "reached absorb-bridge; test requests carry a random signature, so nothing was delivered"
	if len(s.Keys) == 0 {
		words = "reached absorb-bridge; source " + s.Name + " has no secret yet, so nothing was delivered: copy the webhook's Secret Key from the portal into its secrets"
	}
	return &reply{Status: "test", Message: words}
}
