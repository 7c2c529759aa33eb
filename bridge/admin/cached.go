package admin

import (
	"context"
	"sync"
	"time"
)

// cached keeps what was found for a while: many look at the same.
type cached[T any] struct {
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
func (m *cached[T]) get(ctx context.Context, age time.Duration, find func(context.Context) (T, error)) (T, error) {
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

func (m *cached[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = time.Time{}
}
