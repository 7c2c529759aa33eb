package wall

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/email"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// modes lists the fault modes that each platform knows.
func (w *Wall) modes() map[string][]string {
	all := map[string][]string{Email: email.Modes()}
	for _, p := range w.platforms {
		modes := slices.Concat(all[p.Name], platform.HTTPModes(), slices.Collect(maps.Keys(p.Errors)))
		slices.Sort(modes)
		all[p.Name] = slices.Compact(modes)
	}
	return all
}

// Modes lists the fault modes of a platform.
func (w *Wall) Modes(platform string) []string { return slices.Clone(w.faults.modes[platform]) }

// Own tells whether a platform answers a mode in words of its own. Otherwise the answer is
// that of a proxy before it.
func (w *Wall) Own(name, mode string) bool {
	return slices.ContainsFunc(w.platforms, func(p *platform.Platform) bool {
		_, own := p.Errors[mode]
		return own && p.Name == name
	})
}

// Inject makes a platform fail from the next request on. ModeNone takes back
// what was injected before.
func (w *Wall) Inject(f Fault) error { return w.faults.add(f) }

// Faults lists the faults that are still to happen, with what is left of their
// Count.
func (w *Wall) Faults() []Fault { return w.faults.pending() }

// faultQueue holds the faults that are still to happen.
type faultQueue struct {
	modes map[string][]string // by platform; never written
	mu    sync.Mutex          // guards queue
	queue map[string][]Fault  // by platform
}

func newFaultQueue(modes map[string][]string) *faultQueue {
	return &faultQueue{modes: modes, queue: map[string][]Fault{}}
}

func (q *faultQueue) add(f Fault) error {
	modes, ok := q.modes[f.Platform]
	if !ok {
		return fmt.Errorf("no platform named %q; there are %s", f.Platform, strings.Join(everyPlatform(), ", "))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if f.Mode == ModeNone {
		delete(q.queue, f.Platform)
		return nil
	}
	if !slices.Contains(modes, f.Mode) {
		return fmt.Errorf("%s has no fault mode %q; it has %s, %s", f.Platform, f.Mode, ModeNone, strings.Join(modes, ", "))
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if f.RetryAfter <= 0 {
		f.RetryAfter = time.Second
	}
	q.queue[f.Platform] = append(q.queue[f.Platform], f)
	return nil
}

// next takes the fault that hits the current request, if there is one. Faults
// that fit says no to wait for a request that they fit; a nil fits says yes.
func (q *faultQueue) next(platform string, fits func(Fault) bool) (Fault, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	queue := q.queue[platform]
	if len(queue) == 0 || fits != nil && !fits(queue[0]) {
		return Fault{}, false
	}
	f := queue[0]
	switch {
	case f.Count < 0:
	case f.Count == 1:
		q.queue[platform] = queue[1:]
	default:
		queue[0].Count--
	}
	return f, true
}

func (q *faultQueue) pending() []Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []Fault
	for _, p := range everyPlatform() {
		all = append(all, q.queue[p]...)
	}
	return all
}
