package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// Bounds of the cache. It may be small: the sinks of an event write its message at about
// the same time.
const (
	maxCachedMessages = 1024
	maxCachedBytes    = 4 << 20 // approximate memory of all messages
)

// MessageCache writes each event's message once for all sinks with the same templates.
type MessageCache struct {
	mu      sync.Mutex // guards all fields below
	entries map[cacheKey]*cachedMessage
	order   []cacheKey // the keys of entries, oldest first
	bytes   int        // of all entries
}

// cacheKey identifies an event as it was routed. When it is routed again, it may have other
// facts.
type cacheKey struct {
	event     string
	at        time.Time
	templates *render.Set
}

// cachedMessage is a message and the memory it takes; 0 until that is known.
type cachedMessage struct {
	message func() (bridge.Message, error)
	bytes   int
}

// NewMessageCache returns an empty cache.
func NewMessageCache() *MessageCache { return &MessageCache{entries: map[cacheKey]*cachedMessage{}} }

// get returns the message of a delivery's event. Several sinks share it: the caller may only
// set fields, and must not change what they point to.
func (c *MessageCache) get(ctx context.Context, templates *render.Set, d bridge.Delivery) (bridge.Message, error) {
	key := cacheKey{d.EventID, d.Routed, templates}
	c.mu.Lock()
	one := c.entries[key]
	if one == nil {
		ctx = context.WithoutCancel(ctx) // other sinks may wait for it; templates have their own time limit
		one = &cachedMessage{message: sync.OnceValues(func() (bridge.Message, error) { return writeMessage(ctx, templates, d) })}
		c.entries[key] = one
		c.order = append(c.order, key)
	}
	c.mu.Unlock()
	m, err := one.message()
	c.evict(key, one, m)
	return m, err
}

// evict records how much memory a message takes, and drops the oldest messages while the cache
// is too large.
func (c *MessageCache) evict(key cacheKey, one *cachedMessage, m bridge.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.bytes == 0 && c.entries[key] == one {
		one.bytes = memorySize(m)
		c.bytes += one.bytes
	}
	for len(c.order) > maxCachedMessages || c.bytes > maxCachedBytes && len(c.order) > 0 {
		c.bytes -= c.entries[c.order[0]].bytes
		delete(c.entries, c.order[0])
		c.order = c.order[1:]
	}
}

// memorySize estimates how many bytes of memory a message takes.
func memorySize(m bridge.Message) int {
	const itself, anElement = 512, 64
	n := itself + len(m.Title) + len(m.URL) + len(m.Text) + len(m.ImageURL) + len(m.Footer) + len(m.ThreadKey)
	for _, f := range m.Fields {
		n += anElement + len(f.Name) + len(f.Value)
	}
	for _, a := range m.Actions {
		n += anElement + len(a.Label) + len(a.URL)
	}
	for _, p := range m.Mentions {
		n += anElement + len(p.Name) + len(p.Email)
	}
	for _, part := range m.Native {
		n += bridge.Weight(part)
	}
	return n
}

func writeMessage(ctx context.Context, templates *render.Set, d bridge.Delivery) (bridge.Message, error) {
	m, err := templates.Template(d.EventType).Message(ctx, d.Facts)
	addNotes(&m, templates, []bridge.Facts{d.Facts})
	return m, err
}
