package dispatch

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// backlogSize is a number of events that needs several batches.
const backlogSize = 2*maxBatch + maxBatch/2

// TestFailureWithinABacklog: batches follow each other, and each message is sent once. If one
// fails, the others keep their order.
func TestFailureWithinABacklog(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, backlogSize, "a")
		const at = maxBatch + 7
		sink := &fakeSink{script: func(n int, _ string) error {
			if n == at {
				return fails(bridge.Temporary, 0)
			}
			return nil
		}}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(time.Hour)
		stop()
		failed := fmt.Sprint("event ", at)
		got := sink.got()
		passed := slices.DeleteFunc(slices.Clone(got), func(title string) bool { return title == failed })
		want := slices.Delete(numbered(backlogSize), at, at+1)
		if len(got) != backlogSize+1 || r.counts("a")[bridge.Sent] != backlogSize || got[at] != failed || !slices.Equal(passed, want) {
			t.Errorf("%d messages, message %d is %q", len(got), at, got[at])
		}
	})
}

// TestParcelWithinABacklog: a parcel that becomes due does not wait for the backlog's end.
func TestParcelWithinABacklog(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 1, "a")
		now := time.Now()
		choice := store.Choice{Sink: "a", Route: "r"}
		if err := r.store.Collect(t.Context(), choice, store.Gather{Key: "k", Closes: now.Add(time.Second), Latest: now.Add(time.Second), Room: 9}); err != nil {
			t.Fatal(err)
		}
		r.add(1, 1+backlogSize, "a")
		sink := &fakeSink{script: func(int, string) error { time.Sleep(50 * time.Millisecond); return nil }}
		stop := r.run(map[string]bridge.Sink{"a": sink}, bridge.Limit{})
		time.Sleep(time.Minute)
		stop()
		at := slices.Index(sink.got(), "event 0")
		if at < 0 || at > 2*maxBatch {
			t.Errorf("the parcel came as message %d of %d", at, len(sink.got()))
		}
	})
}
