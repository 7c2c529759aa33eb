package enrich

import (
	"sync"
	"time"
)

const (
	// maxCached bounds how many answers are kept, at some 2 kB each, and maxLists how
	// many lists, at some 20 kB each.
	maxCached = 10_000
	maxLists  = 500

	// missingFor is how long it is believed that a thing does not exist: what
	// was made a moment ago may not be there yet.
	missingFor = 5 * time.Second
)

// cache keeps answers for a while. The facts made of them are read by many and
// changed by none.
type cache struct {
	most    int
	mu      *sync.Mutex // guards the maps
	answers map[string]kept
	names   map[string]string // last name remembered, by kind and id
}

type kept struct {
	reply
	until time.Time
}

func newCache(most int) cache {
	return cache{most: most, mu: &sync.Mutex{}, answers: map[string]kept{}, names: map[string]string{}}
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
	if len(c.answers) >= c.most {
		c.evict(now)
	}
	c.answers[path] = kept{r, now.Add(d)}
}

// evict makes room: what has expired goes, and if nothing has, any quarter.
func (c *cache) evict(now time.Time) {
	for path, k := range c.answers {
		if now.After(k.until) {
			delete(c.answers, path)
		}
	}
	for path := range c.answers {
		if len(c.answers) <= c.most*3/4 {
			return
		}
		delete(c.answers, path)
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
