package enrich

import (
	"sync"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	// maxCached bounds how many answers are kept, and maxLists how many lists;
	// cachedBytes and listedBytes bound the memory that they take, about.
	maxCached   = 10_000
	cachedBytes = 8 << 20
	maxLists    = 500
	listedBytes = 2 << 20

	// longestName is how many characters of a name are remembered.
	longestName = 256

	// missingFor is how long it is believed that a thing does not exist: what
	// was made a moment ago may not be there yet.
	missingFor = 5 * time.Second
)

// cache keeps answers for a while. The facts made of them are read by many and
// changed by none.
type cache struct {
	most    int
	bytes   int
	mu      sync.Mutex // guards what follows
	answers map[string]kept
	taken   int               // bytes of answers
	names   map[string]string // last name remembered, by kind and id
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

// evict makes room: what has expired goes, and if that is too little, any quarter.
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

// nameChanged notes a name and tells whether it is news.
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
