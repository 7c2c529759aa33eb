package admin

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Noted records in the audit trail what the sender of the context's request did.
func (svc *Service) Noted(ctx context.Context, action, target string, changed int) {
	Record(ctx, svc.Store, svc.Log, "", action, target, changed)
}

// Record writes an entry of the audit trail. An empty who stands for the sender of the
// context's request. The action is already done, so Record only logs a failure.
func Record(ctx context.Context, s *store.Store, log *slog.Logger, who, action, target string, changed int) {
	who = cmp.Or(who, access.From(ctx).Name, "this machine")
	err := s.Note(context.WithoutCancel(ctx), store.Audit{At: time.Now(), Who: who, Action: action, Target: target, Changed: changed})
	if err != nil && log != nil {
		log.Error("cannot write the audit trail; the change itself is done", "action", action, "err", err)
	}
}

// EndSessions ends all people's sessions on all replicas, and returns how many it
// ended.
func (svc *Service) EndSessions(ctx context.Context) (int, error) {
	n, err := svc.Store.EndAll(ctx)
	if err == nil {
		svc.Noted(ctx, "sessions/end", "all", n)
	}
	return n, err
}

// audits lists the audit trail.
func (svc *Service) audits(r *http.Request) (any, error) {
	limit := 0
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxRows {
			return nil, &Error{http.StatusBadRequest, "limit: write a number from 1 to " + strconv.Itoa(maxRows)}
		}
		limit = n
	}
	return svc.Store.Audits(r.Context(), r.URL.Query().Get("before"), limit)
}
