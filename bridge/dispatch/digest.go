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

// Digest says how a route collects events into one message.
type Digest struct {
	Off       bool           // no digests, not even for bursts
	All       bool           // bursts collect events of all types, not only of bulk types
	Wait      time.Duration  // how long a digest waits for more after the last event; 0: digests only for bursts
	MaxWait   time.Duration  // the longest wait after the first event
	MaxEvents int            // the most events in one digest
	At        *schedule.At   // digests are sent at these times; Wait is ignored
	By        *condition.Key // one digest for each key; may be nil
}

func (d *Digest) by() *condition.Key {
	if d == nil {
		return nil
	}
	return d.By
}

// Keys of parcels.
const (
	burstKey        = "burst"   // deliveries that arrive faster than the sink may send
	quietKey        = "quiet"   // deliveries during quiet hours
	digestKeyPrefix = "digest " // followed by the group
	storyKeyPrefix  = "story "  // followed by the transaction and the learner
)

const (
	// storyWait is how long a story waits for more events, and maxStoryWait the longest wait
	// in total: an event may be looked up several times before it is routed.
	storyWait      = 5 * time.Second
	maxStoryWait   = time.Minute
	maxStoryEvents = 50

	// maxParcelEvents is the most events in one message. All of them are in memory while it is
	// written.
	maxParcelEvents = 2000

	// maxBurstWait is how long a burst collects deliveries before a message is sent.
	maxBurstWait = time.Minute
)

// collectsBursts reports whether the route collects events in a burst: those of bulk types, or
// all.
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

// parcelFor chooses the parcel for an event's deliveries: join is the parcel to use if it is
// open, g the one to open otherwise. An error means that the route's key could not be
// evaluated; the event then joins those without a key.
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

// storyKey returns the parcel key for the events of one learner in one transaction.
func storyKey(e bridge.Event) string {
	text, err := json.Marshal([]string{e.CorrelationID, e.UserID})
	if err != nil {
		return "" // two strings always encode
	}
	return storyKeyPrefix + string(text)
}

// parseStoryKey returns the parts of a key that storyKey made.
func parseStoryKey(key string) (correlation, user string, ok bool) {
	text, ok := strings.CutPrefix(key, storyKeyPrefix)
	var ids []string
	if !ok || json.Unmarshal([]byte(text), &ids) != nil || len(ids) != 2 {
		return "", "", false
	}
	return ids[0], ids[1], true
}
