package dispatch

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Digest says how a route gathers events into one message.
type Digest struct {
	Off  bool           // no event is gathered, not even in a burst
	All  bool           // in a burst events of all types are gathered, not only those that come in bulk
	Wait time.Duration  // how long a digest waits for more after the last event; 0: there is none but in bursts
	Most time.Duration  // how long it waits at most
	Room int            // how many events one digest has at most
	At   *schedule.At   // digests go out at these times, in place of Wait
	By   *condition.Key // events of one key become one digest, or nil
}

func (d *Digest) by() *condition.Key {
	if d == nil {
		return nil
	}
	return d.By
}

// Keys of parcels.
const (
	inBurst  = "burst"   // what came faster than it can be sent one by one
	inQuiet  = "quiet"   // what came while the route is quiet
	inDigest = "digest " // and the group
	inStory  = "story "  // and the transaction and the learner
)

const (
	// storyWait is how long a story waits for more, and storyMost how long at most:
	// an event of it may be looked up several times before it is routed.
	storyWait = 5 * time.Second
	storyMost = time.Minute
	storyRoom = 50

	// parcelRoom is how many events one message has at most: they are in memory
	// while it is written.
	parcelRoom = 2000

	// burstMost is how long a burst is gathered before there is a message.
	burstMost = time.Minute
)

// bursts tells what the route gathers in a burst: what comes in bulk, or all.
func (r Route) bursts() (bulk, all bool) {
	d := r.Digest
	if d == nil {
		return true, false
	}
	if d.Off || d.Wait > 0 || d.At != nil {
		return false, false
	}
	return true, d.All
}

// gather says into which parcel the deliveries of an event go: one to join if it is
// open, and else one to open. An error means that the route's key could not be
// decided; then the event is gathered with those that have none.
func (r Route) gather(e bridge.Event, facts bridge.Facts, t *render.Template, now time.Time) (join string, g store.Gather, err error) {
	if bulk, all := r.bursts(); all || bulk && t.Bulk() {
		join = inBurst
	}
	d := r.Digest
	switch {
	case d != nil && (d.Wait > 0 || d.At != nil):
		group := ""
		if d.By != nil {
			group, err = d.By.Of(facts)
		}
		g = store.Gather{Key: inDigest + group, Closes: now.Add(d.Wait), Latest: now.Add(d.Most), Room: d.Room}
		if d.At != nil {
			g.Closes = d.At.Next(now)
			g.Latest = g.Closes
		}
	case r.Story && t.InStory() && e.CorrelationID != "" && e.UserID != "":
		g = store.Gather{Key: storyKey(e), Closes: now.Add(storyWait), Latest: now.Add(storyMost), Room: storyRoom}
	}
	return join, g, err
}

// storyKey is the key of the events of one learner in one transaction.
func storyKey(e bridge.Event) string {
	text, err := json.Marshal([]string{e.CorrelationID, e.UserID})
	if err != nil {
		return "" // two texts can be written as JSON
	}
	return inStory + string(text)
}

// storyOf reads a key of storyKey.
func storyOf(key string) (correlation, user string, ok bool) {
	text, ok := strings.CutPrefix(key, inStory)
	var ids []string
	if !ok || json.Unmarshal([]byte(text), &ids) != nil || len(ids) != 2 {
		return "", "", false
	}
	return ids[0], ids[1], true
}
