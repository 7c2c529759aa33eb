package intake

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// refusals counts the requests that were refused and logs some of them: enough
// to help an admin, too few for an attacker to fill a disk.
type refusals struct {
	log     *slog.Logger
	limit   *rate.Limiter
	unsaid  atomic.Int64 // refused and not logged since the last that was
	counted atomic.Int64
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, limit: rate.NewLimiter(1, 10)}
}

func (n *refusals) note(r *http.Request, why *refusal) {
	n.counted.Add(1)
	reason := why.reason
	if reason == "" {
		reason = why.text
	}
	n.say(slog.LevelWarn, "request refused", "status", why.status, "path", r.URL.Path, "from", r.RemoteAddr, "reason", reason)
}

// say logs a line, unless there were many.
func (n *refusals) say(level slog.Level, message string, args ...any) {
	if !n.limit.Allow() {
		n.unsaid.Add(1)
		return
	}
	n.log.Log(context.Background(), level, message, append(args, "unsaid_since_last_line", n.unsaid.Swap(0))...)
}

// Refused is how many requests were refused since the start.
func (h *Handler) Refused() int64 { return h.refusals.counted.Load() }
