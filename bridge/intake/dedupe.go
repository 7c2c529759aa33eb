package intake

import (
	"crypto/sha256"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Dedupe names the values by which the bridge recognises an event that the portal sends
// again with other ids.
type Dedupe struct {
	By     []string // type, user, admin, client, correlation, or keys of entities, such as courseId
	Within time.Duration
}

// key is the same for an event and its repetitions. It is empty if the event lacks one of
// the values: two webhooks without a course may be about two courses.
func (d *Dedupe) key(e bridge.Event) (k bridge.DedupeKey) {
	if d == nil {
		return k
	}
	h := sha256.New()
	h.Write([]byte(e.Source))
	for _, name := range d.By {
		value := valueOf(e, name)
		if value == "" {
			return k
		}
		h.Write([]byte{0})
		h.Write([]byte(value))
	}
	return bridge.DedupeKey{Key: h.Sum(nil)[:16], Within: d.Within}
}

func valueOf(e bridge.Event, name string) string {
	switch name {
	case "type":
		return e.Type
	case "user", "admin", "client", "correlation":
		return e.IDOf(name + "Id")
	}
	return e.IDOf(name)
}
