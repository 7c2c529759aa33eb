package enrich

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The cache is bounded by the memory that its answers take, and one that is put again
// counts once.
func TestCacheIsBoundedByBytes(t *testing.T) {
	const most = 1 << 20
	c := newCache(1000, most)
	put := func(path string, bytes int) { c.put(path, reply{value: strings.Repeat("x", bytes)}, time.Hour) }
	for i := range 100 {
		put(fmt.Sprint("/courses/", i), 100<<10)
		if c.taken > most {
			t.Fatalf("%d bytes are taken", c.taken)
		}
	}
	if len(c.answers) < 6 {
		t.Errorf("%d answers are kept", len(c.answers))
	}
	put("/huge", most/2)
	if _, kept := c.get("/huge"); kept {
		t.Error("one answer took the place of many")
	}
	clear(c.answers)
	c.taken = 0
	for range 10 {
		put("/courses/1", 100)
	}
	if c.taken > 200 {
		t.Errorf("%d bytes are taken by an answer of 100", c.taken)
	}
}
