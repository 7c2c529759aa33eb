package absorb

import (
	"sync"
	"time"
)

const (
	openAfter = 3                // requests in a row that used up their budget …
	openFor   = 15 * time.Second // … make the client fail at once for this long
)

// circuit fails requests at once while the API is down.
type circuit struct {
	mu       sync.Mutex // guards the fields below
	failures int
	until    time.Time
	last     *APIError
}

func (c *circuit) open() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.until) {
		return &APIError{Status: c.last.Status, Message: "not called, because the last requests failed: " + c.last.Message, Temporary: true}
	}
	return nil
}

func (c *circuit) worked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = 0
}

func (c *circuit) failed(e *APIError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures++; c.failures >= openAfter {
		c.until, c.last = time.Now().Add(openFor), e
	}
}
