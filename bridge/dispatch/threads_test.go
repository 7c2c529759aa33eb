package dispatch

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// The first message of a thread starts it, and later ones reply, also after a restart. A
// message replaces an earlier one about the same thing if that is recent.
func TestThreadsAndUpdates(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		sink := &threadedSink{}
		routes := digested(&Digest{Off: true})
		routes[0].Thread = &Thread{By: byUser(t)}
		routes[0].Update = &Update{By: byUser(t), Within: time.Hour}
		l := &pipeline{fixture: r, routes: routes}
		l.start()
		for i, user := range []string{"ann", "ann", "bob", "ann"} { // one batch
			l.event("UserCreated", user, fmt.Sprint(i))
		}
		time.Sleep(time.Second)
		l.stop()
		l.sinks = map[string]bridge.Sink{"a": sink}
		l.start()
		time.Sleep(time.Second)
		l.restart()
		l.event("UserCreated", "ann", "4")
		time.Sleep(2 * time.Hour)
		l.event("UserCreated", "ann", "5")
		time.Sleep(time.Minute)
		l.stop()
		var got []string
		for _, m := range sink.sent {
			got = append(got, fmt.Sprintf("%s:%s:%s", m.Title, strings.TrimPrefix(m.Thread, "thread of event "), strings.TrimPrefix(m.Replaces, "id of event ")))
		}
		if want := "[event 0:: event 1:0:0 event 2:: event 3:0:1 event 4:0:3 event 5:0:]"; fmt.Sprint(got) != want {
			t.Errorf("title, thread and what it replaces:\n%v\n%s", got, want)
		}
	})
}

// If the store cannot say what a message refers to, the message waits, and this is no attempt.
func TestAStoreErrorIsNoAttempt(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		sink := &threadedSink{}
		routes := digested(&Digest{Off: true})
		routes[0].Thread = &Thread{By: byUser(t)}
		l := &pipeline{fixture: r, routes: routes, sinks: map[string]bridge.Sink{"a": sink}}
		l.start()
		l.event("UserCreated", "ann", "0")
		time.Sleep(time.Second)
		r.execute("ALTER TABLE posts RENAME TO away")
		l.event("UserCreated", "ann", "1")
		time.Sleep(time.Minute + time.Second/2) // between two tries
		due, err := r.store.Due(context.Background(), "a", time.Now(), 10)
		if err != nil || len(due) != 1 || due[0].Attempts != 0 || len(sink.got()) != 1 {
			t.Errorf("without an answer: %+v, %v, sent %v", due, err, sink.got())
		}
		r.execute("ALTER TABLE away RENAME TO posts")
		time.Sleep(2 * time.Second)
		l.stop()
		if len(sink.sent) != 2 || sink.sent[1].Thread != "thread of event 0" {
			t.Errorf("afterwards: %+v", sink.sent)
		}
	})
}
