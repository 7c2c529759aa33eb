package enrich

import (
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// maxCached limits how many answers the cache keeps, and maxLists how many lists;
	// cachedBytes and listedBytes are rough limits of their memory.
	maxCached   = 10_000
	cachedBytes = 8 << 20
	maxLists    = 500
	listedBytes = 2 << 20

	// longestName is how many characters of a name are stored.
	longestName = 256

	// missingFor is how long an answer that a thing does not exist is believed, because
	// a new thing may not be visible yet.
	missingFor = 5 * time.Second
)

// cache keeps answers for a while. Many goroutines read the facts in it, so nobody may
// change them.
type cache struct {
	most    int
	bytes   int
	mu      sync.Mutex // guards the fields below
	answers map[string]kept
	taken   int               // bytes of answers
	names   map[string]string // last stored name, by kind and id
}

type kept struct {
	reply
	until time.Time
	bytes int
}

func newCache(most, bytes int) *cache {
	return &cache{most: most, bytes: bytes, answers: map[string]kept{}, names: map[string]string{}}
}

func (c *cache) get(path string) (reply, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.answers[path]
	if !ok || time.Now().After(k.until) {
		return reply{}, false
	}
	return k.reply, true
}

func (c *cache) put(path string, r reply, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	k := kept{r, now.Add(d), len(path) + bridge.Weight(r.value)}
	if k.bytes > c.bytes/4 {
		return
	}
	c.remove(path)
	if len(c.answers) >= c.most || c.taken+k.bytes > c.bytes {
		c.evict(now)
	}
	c.answers[path] = k
	c.taken += k.bytes
}

func (c *cache) remove(path string) {
	c.taken -= c.answers[path].bytes
	delete(c.answers, path)
}

// evict makes room: it removes what has expired, and if that is not enough, any
// quarter.
func (c *cache) evict(now time.Time) {
	for path, k := range c.answers {
		if now.After(k.until) {
			c.remove(path)
		}
	}
	for path := range c.answers {
		if len(c.answers) <= c.most*3/4 && c.taken <= c.bytes*3/4 {
			return
		}
		c.remove(path)
	}
}

// nameChanged remembers a name, and reports whether it is new.
func (c *cache) nameChanged(thing, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names[thing] == name {
		return false
	}
	if len(c.names) >= c.most {
		clear(c.names)
	}
	c.names[thing] = name
	return true
}
