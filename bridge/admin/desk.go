package admin

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Desk is what people can see and do, for the pages and the API alike.
type Desk struct {
	Options
	overview memo[Overview]
	history  memo[[]Slice]
}

// NewDesk makes a desk.
func NewDesk(o Options) *Desk { return &Desk{Options: o} }

// memo keeps what was found for a while: many look at the same.
type memo[T any] struct {
	mu    sync.Mutex // guards what follows
	at    time.Time
	took  time.Duration // to find it
	value T
}

const (
	findTimeout = 30 * time.Second

	// restFor is how many times as long as it took to find something it is kept: on a
	// large store that is longer than on a small one.
	restFor = 20
)

// get gives what was found less than age ago, or finds it: once, for all who ask.
func (m *memo[T]) get(ctx context.Context, age time.Duration, find func(context.Context) (T, error)) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	began := time.Now()
	if began.Sub(m.at) < max(age, restFor*m.took) {
		return m.value, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), findTimeout) // it is found for others, too
	defer cancel()
	value, err := find(ctx)
	if err == nil {
		m.at, m.took, m.value = time.Now(), time.Since(began), value
	}
	return value, err
}

func (m *memo[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = time.Time{}
}

// Noted keeps in the audit trail that whoever sent the request of a context did something.
func (d *Desk) Noted(ctx context.Context, action, target string, changed int) {
	Record(ctx, d.Store, d.Log, "", action, target, changed)
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
func (d *Desk) EndSessions(ctx context.Context) (int, error) {
	n, err := d.Store.EndAll(ctx)
	if err == nil {
		d.Noted(ctx, "sessions/end", "all", n)
	}
	return n, err
}

// audits lists who changed what.
func (d *Desk) audits(r *http.Request) (any, error) {
	limit := 0
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxRows {
			return nil, &Error{http.StatusBadRequest, "limit: want a number from 1 to " + strconv.Itoa(maxRows)}
		}
		limit = n
	}
	return d.Store.Audits(r.Context(), r.URL.Query().Get("before"), limit)
}
