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
	Off       bool           // no event is gathered, not even in a burst
	All       bool           // in a burst events of all types are gathered, not only those that come in bulk
	Wait      time.Duration  // how long a digest waits for more after the last event; 0: there is none but in bursts
	MaxWait   time.Duration  // how long it waits at most
	MaxEvents int            // how many events one digest has at most
	At        *schedule.At   // digests go out at these times, in place of Wait
	By        *condition.Key // events of one key become one digest, or nil
}

func (d *Digest) by() *condition.Key {
	if d == nil {
		return nil
	}
	return d.By
}

// Keys of parcels.
const (
	burstKey        = "burst"   // what came faster than it can be sent one by one
	quietKey        = "quiet"   // what came while the route is quiet
	digestKeyPrefix = "digest " // and the group
	storyKeyPrefix  = "story "  // and the transaction and the learner
)

const (
	// storyWait is how long a story waits for more, and storyMost how long at most:
	// an event of it may be looked up several times before it is routed.
	storyWait      = 5 * time.Second
	maxStoryWait   = time.Minute
	maxStoryEvents = 50

	// parcelRoom is how many events one message has at most: they are in memory
	// while it is written.
	maxParcelEvents = 2000

	// burstMost is how long a burst is gathered before there is a message.
	maxBurstWait = time.Minute
)

// bursts tells what the route gathers in a burst: what comes in bulk, or all.
func (r Route) collectsBursts() (bulk, all bool) {
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
func (r Route) parcelFor(e bridge.Event, facts bridge.Facts, t *render.Template, now time.Time) (join string, g store.Gather, err error) {
	if bulk, all := r.collectsBursts(); all || bulk && t.Bulk() {
		join = burstKey
	}
	d := r.Digest
	switch {
	case d != nil && (d.Wait > 0 || d.At != nil):
		group := ""
		if d.By != nil {
			group, err = d.By.Of(facts)
		}
		g = store.Gather{Key: digestKeyPrefix + group, Closes: now.Add(d.Wait), Latest: now.Add(d.MaxWait), Room: d.MaxEvents}
		if d.At != nil {
			g.Closes = d.At.Next(now)
			g.Latest = g.Closes
		}
	case r.Story && t.InStory() && e.CorrelationID != "" && e.UserID != "":
		g = store.Gather{Key: storyKey(e), Closes: now.Add(storyWait), Latest: now.Add(maxStoryWait), Room: maxStoryEvents}
	}
	return join, g, err
}

// storyKey is the key of the events of one learner in one transaction.
func storyKey(e bridge.Event) string {
	text, err := json.Marshal([]string{e.CorrelationID, e.UserID})
	if err != nil {
		return "" // two texts can be written as JSON
	}
	return storyKeyPrefix + string(text)
}

// storyOf reads a key of storyKey.
func parseStoryKey(key string) (correlation, user string, ok bool) {
	text, ok := strings.CutPrefix(key, storyKeyPrefix)
	var ids []string
	if !ok || json.Unmarshal([]byte(text), &ids) != nil || len(ids) != 2 {
		return "", "", false
	}
	return ids[0], ids[1], true
}
