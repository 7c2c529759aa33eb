package admin

import (
	"context"
	"sync"
	"time"
)

// cached keeps a value for a while, because many people look at the same page.
type cached[T any] struct {
	mu    sync.Mutex // guards the fields below
	at    time.Time
	took  time.Duration // how long it took to compute
	value T
}

const (
	findTimeout = 30 * time.Second

	// restFor times the time that a value took is how long it is kept at least: longer
	// on a large store than on a small one.
	restFor = 20
)

// get returns the value if it is younger than age; otherwise it computes it once for
// all who wait.
func (m *cached[T]) get(ctx context.Context, age time.Duration, find func(context.Context) (T, error)) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	began := time.Now()
	if began.Sub(m.at) < max(age, restFor*m.took) {
		return m.value, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), findTimeout) // others wait for the value, too
	defer cancel()
	value, err := find(ctx)
	if err == nil {
		m.at, m.took, m.value = time.Now(), time.Since(began), value
	}
	return value, err
}

func (m *cached[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = time.Time{}
}
