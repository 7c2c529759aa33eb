package intake

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// refusals counts refused requests and logs some of them: enough to help an admin, too
// few for an attacker to fill a disk.
type refusals struct {
	log     *slog.Logger
	limit   *rate.Limiter
	unsaid  atomic.Int64 // refused and not logged since the last line
	counted atomic.Int64

	mu     sync.Mutex // guards byKind
	byKind map[[2]string]Refusals
}

// Refusals counts the requests to one path that were refused for one kind of reason
// since the process started.
type Refusals struct {
	Path   string    `json:"path"` // "" for all paths without a source
	Kind   string    `json:"kind"`
	N      int       `json:"count"`
	Last   time.Time `json:"last"`
	Reason string    `json:"reason"` // of the last request, for an admin
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, limit: rate.NewLimiter(1, 10), byKind: map[[2]string]Refusals{}}
}

func (n *refusals) note(r *http.Request, why *refusal, from netip.Addr) {
	n.counted.Add(1)
	reason := why.reason
	if reason == "" {
		reason = why.text
	}
	n.count(r.URL.Path, why, bridge.CleanLine(reason))
	n.say(slog.LevelWarn, "request refused", "status", why.status, "path", r.URL.Path, "from", from, "reason", reason)
}

// count counts a refusal. All paths without a source count as one, because a sender may
// try any number of them.
func (n *refusals) count(path string, why *refusal, reason string) {
	if why.status == http.StatusNotFound {
		path = ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := [2]string{path, why.kind()}
	n.byKind[key] = Refusals{Path: path, Kind: key[1], N: n.byKind[key].N + 1, Last: time.Now().UTC(), Reason: reason}
}

// Refusals returns what was refused, by path and kind.
func (h *Handler) Refusals() []Refusals {
	h.refusals.mu.Lock()
	defer h.refusals.mu.Unlock()
	return slices.SortedFunc(maps.Values(h.refusals.byKind), func(a, b Refusals) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind))
	})
}

// say logs a line, unless there were many.
func (n *refusals) say(level slog.Level, message string, args ...any) {
	if !n.limit.Allow() {
		n.unsaid.Add(1)
		return
	}
	n.log.Log(context.Background(), level, message, append(args, "unsaid_since_last_line", n.unsaid.Swap(0))...)
}

// Refused returns how many requests were refused since the start.
func (h *Handler) Refused() int64 { return h.refusals.counted.Load() }
