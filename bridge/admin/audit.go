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

// Noted keeps in the audit trail that whoever sent the request of a context did something.
func (svc *Service) Noted(ctx context.Context, action, target string, changed int) {
	Record(ctx, svc.Store, svc.Log, "", action, target, changed)
}

// Record keeps in the audit trail who did something; "" is whoever sent the request
// that the context is of. What was done is done, so that a failure is logged alone.
func Record(ctx context.Context, s *store.Store, log *slog.Logger, who, action, target string, changed int) {
	who = cmp.Or(who, access.From(ctx).Name, "this machine")
	err := s.Note(context.WithoutCancel(ctx), store.Audit{At: time.Now(), Who: who, Action: action, Target: target, Changed: changed})
	if err != nil && log != nil {
		log.Error("who changed what could not be kept", "action", action, "err", err)
	}
}

// EndSessions ends the sessions of all people, with all replicas, and tells how many
// these were.
func (svc *Service) EndSessions(ctx context.Context) (int, error) {
	n, err := svc.Store.EndAll(ctx)
	if err == nil {
		svc.Noted(ctx, "sessions/end", "all", n)
	}
	return n, err
}

// audits lists who changed what.
func (svc *Service) audits(r *http.Request) (any, error) {
	limit := 0
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxRows {
			return nil, &Error{http.StatusBadRequest, "limit: want a number from 1 to " + strconv.Itoa(maxRows)}
		}
		limit = n
	}
	return svc.Store.Audits(r.Context(), r.URL.Query().Get("before"), limit)
}
