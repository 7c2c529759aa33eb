package wall

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Forever is the Count of a fault that stays until it is taken back.
const Forever = -1

// Fault makes a platform fail. Faults of one platform happen one after the
// other, in the order in which they were injected.
type Fault struct {
	Platform   string
	Mode       string        // one of Modes(Platform)
	Count      int           // how many requests it hits; 0 means one; see Forever
	RetryAfter time.Duration // what the modes that name a time ask for, and how long slow takes; 0 means 1 s
}

// Modes that every HTTP platform has. Each platform also knows the words of its
// own errors: "no_service", "50035", "RESOURCE_EXHAUSTED", "WorkflowNotFound".
// The message is lost in all of them but ModeSlow and ModeResetAfter.
const (
	ModeLimited       = "429"             // with Retry-After in seconds
	ModeLimitedDate   = "429-date"        // with Retry-After as an HTTP date
	ModeLimitedBare   = "429-bare"        // without Retry-After
	ModeLimitedHTML   = "429-html"        // from a proxy before the platform: an HTML page
	ModeSignIn        = "200-html"        // from somebody before the platform: a network's sign-in page
	ModeEmpty         = "200-empty"       // from somebody before the platform: nothing
	ModeFirewall      = "403-html"        // from somebody before the platform: a firewall's page
	ModeUnavailable   = "503"             // without Retry-After
	ModeUnavailableAt = "503-retry-after" // with Retry-After in seconds
	ModeHang          = "hang"            // never answers
	ModeReset         = "reset"           // drops the connection
	ModeResetAfter    = "reset-after"     // takes the message, then drops the connection: sent again, it is there twice
	ModeSlow          = "slow"            // takes the message; the answer trickles
	ModeNone          = "none"            // takes back all faults of the platform
)

// httpModes are the modes of every HTTP platform.
func httpModes() []string {
	return []string{
		ModeLimited, ModeLimitedDate, ModeLimitedBare, ModeLimitedHTML, ModeSignIn, ModeEmpty, ModeFirewall,
		"500", "502", ModeUnavailable, ModeUnavailableAt, "504",
		ModeHang, ModeReset, ModeResetAfter, ModeSlow,
		"400", "401", "403", "404", "410", "413",
	}
}

// modes lists the fault modes that each platform knows.
func (w *Wall) modes() map[string][]string {
	all := map[string][]string{Email: slices.Sorted(maps.Keys(smtpFaults()))}
	for _, p := range w.platforms {
		modes := slices.Concat(all[p.name], httpModes(), slices.Collect(maps.Keys(p.words)))
		slices.Sort(modes)
		all[p.name] = slices.Compact(modes)
	}
	return all
}

// Modes lists the fault modes of a platform.
func (w *Wall) Modes(platform string) []string { return slices.Clone(w.faults.modes[platform]) }

// Own tells whether a platform answers a mode in words of its own. Otherwise the answer is
// that of a proxy before it.
func (w *Wall) Own(name, mode string) bool {
	return slices.ContainsFunc(w.platforms, func(p *platform) bool {
		_, own := p.words[mode]
		return own && p.name == name
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
