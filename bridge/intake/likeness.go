package intake

import (
	"crypto/sha256"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Dedupe says by which values events are recognised that a portal sends twice with
// other ids.
type Dedupe struct {
	By     []string // type, user, admin, client, correlation, or keys of entities, such as courseId
	Within time.Duration
}

// likeness is what an event has in common with its repetitions. An event that lacks
// one of the values is compared with none: two lean webhooks may be about two courses.
func (d *Dedupe) likeness(e bridge.Event) (l bridge.Likeness) {
	if d == nil {
		return l
	}
	h := sha256.New()
	h.Write([]byte(e.Source))
	for _, name := range d.By {
		value := valueOf(e, name)
		if value == "" {
			return l
		}
		h.Write([]byte{0})
		h.Write([]byte(value))
	}
	return bridge.Likeness{Key: h.Sum(nil)[:16], Within: d.Within}
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
