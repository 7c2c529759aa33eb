package dispatch

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// refusals returns the ways in which a platform, or a proxy before it, fails: several statuses
// for each kind of failure.
func refusals() map[string]error {
	all := map[string]error{
		"timeout":  &bridge.SendError{Detail: "context deadline exceeded"},
		"no error": fmt.Errorf("a sink's fault"),
		"a firewall's page": kit.Failure(kit.Answer{
			Status: http.StatusForbidden, Body: []byte("<html><head><title>Attention Required!</title></head></html>"),
		}),
		"limited for long": kit.Failure(kit.Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"60"}}}),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 413, 422, 429, 500, 503} {
		all[fmt.Sprint(status)] = kit.Failure(kit.Answer{Status: status})
	}
	return all
}

func (f *fixture) list(filter store.Filter) []store.DeliveryRow {
	f.t.Helper()
	filter.Limit = 1000
	all, err := f.store.Deliveries(context.Background(), filter)
	if err != nil {
		f.t.Fatal(err)
	}
	return all
}

// refusing returns a sink that refuses messages with these titles.
func refusing(refusal error, titles ...string) *fakeSink {
	return &fakeSink{script: func(_ int, title string) error {
		if slices.Contains(titles, title) {
			return refusal
		}
		return nil
	}}
}

// A refused message stops no other one: the others are sent soon and in order, and the refused
// one becomes a dead letter with the platform's words. If all messages fail, the sink is at
// fault and no delivery is dead.
func TestOneBadMessageStopsNoOther(t *testing.T) {
	const messages, later = 12, 4
	for name, refusal := range refusals() {
		if testing.Short() && name != "403" && name != "429" { // the other kinds run the same code
			continue
		}
		t.Run(name, func(t *testing.T) {
			inSyntheticTime(t, func(t *testing.T, r *fixture) {
				bad := map[string]string{"first": "event 0", "amid": "event 5", "last": "event 11"}
				down, fixed := refusal, &fakeSink{}
				fixed.script = func(int, string) error { return down }
				sinks := map[string]*fakeSink{"all": fixed}
				of := map[string]bridge.Sink{"all": fixed}
				for sink, title := range bad {
					sinks[sink] = refusing(refusal, title)
					of[sink] = sinks[sink]
				}
				r.add(0, messages, "first", "amid", "last", "all")
				r.giveUp = 20 * time.Minute
				stop := r.run(of, bridge.Limit{Rate: 1, Burst: 2})
				time.Sleep(8 * time.Minute) // longer than three pauses
				for sink, title := range bad {
					isBad := func(one string) bool { return one == title }
					if good := slices.DeleteFunc(sinks[sink].got(), isBad); !slices.Equal(good, slices.DeleteFunc(numbered(messages), isBad)) {
						t.Errorf("%s: others were sent as %v", sink, good)
					}
				}
				if c := r.counts("all"); c[bridge.Pending] != messages {
					t.Errorf("all are refused: %v", c)
				}
				if h := r.health("all"); h.State == bridge.Healthy || h.State == bridge.Failing {
					t.Errorf("all are refused, and the sink is %s", h.State)
				}
				fixed.mu.Lock()
				down = nil
				fixed.mu.Unlock()
				for i := messages; i < messages+later; i++ { // other messages succeed from time to time
					r.add(i, i+1, "first", "amid", "last", "all")
					time.Sleep(3 * time.Minute)
					for sink := range bad {
						if c := r.counts(sink); c[bridge.Sent] != i {
							t.Errorf("%s, some minutes after event %d: %v", sink, i, c)
						}
					}
				}
				time.Sleep(20 * time.Minute) // until the last is given up
				stop()
				if c := r.counts("all"); c[bridge.Sent] != messages+later {
					t.Errorf("all, after the sink was fixed: %v", c)
				}
				dead := r.list(store.Filter{State: string(bridge.Dead)})
				if len(dead) != len(bad) {
					t.Errorf("%d are dead", len(dead))
				}
				for _, d := range dead {
					if words := bridge.AsSendError(refusal).Detail; !strings.Contains(d.Error, words) {
						t.Errorf("%q does not have the words %q", d.Error, words)
					}
				}
			})
		})
	}
}

func (f *fixture) health(sink string) bridge.SinkStatus {
	f.t.Helper()
	status, err := ReadSinkStatus(context.Background(), f.store, sink, "", NewLimiter(LimiterConfig{Name: sink}))
	if err != nil {
		f.t.Fatal(err)
	}
	return status
}

// If the platform refuses one event in a message of several, the bridge finds it and sends the
// others.
func TestOneBadEventStopsNoOther(t *testing.T) {
	const events = 9
	for name, refusal := range map[string]error{
		"rejected": fails(bridge.MessageRejected, 0), "broken": fails(bridge.DestinationBroken, 0), "temporary": fails(bridge.Temporary, 0),
		"limited": fails(bridge.Limited, 0), "by the bridge": bridge.Rejectedf("too odd"),
	} {
		if testing.Short() && name != "broken" {
			continue
		}
		sink := &fakeSink{script: func(_ int, title string) error {
			if strings.Contains(title, " 6") {
				return refusal
			}
			return nil
		}}
		d := &Digest{Wait: 10 * time.Second, MaxWait: time.Minute, MaxEvents: 100}
		withPipeline(t, digested(d), sink, bridge.Limit{}, func(l *pipeline) {
			for i := range events {
				l.event("UserCreated", "u", fmt.Sprint(i))
			}
			for i := range 4 {
				time.Sleep(30 * time.Minute)
				l.event("UserCreated", "u", fmt.Sprint("later", i))
			}
			time.Sleep(30 * time.Minute)
			if c := l.counts("a"); c[bridge.Sent] != events+4-1 || c[bridge.Dead] != 1 {
				t.Errorf("%s: %v, sent as %v", name, c, sink.got())
			}
		})
	}
}

// The number of messages that are sent but not recorded is bounded, however slow the store is.
func TestFewAreSentAndNotRecorded(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.add(0, 2*maxUnrecorded, "a")
		sink := &fakeSink{}
		s := r.sender(NewMessageCache(), "a", sink, NewLimiter(LimiterConfig{Name: "a"}))
		free := make(chan struct{})
		s.recordOutcomes = func(ctx context.Context, all ...bridge.Attempt) error {
			<-free
			return r.store.Record(ctx, all...)
		}
		stop := runAll(s)
		time.Sleep(time.Minute)
		if n := len(sink.got()); n != maxUnrecorded {
			t.Errorf("%d messages were sent and are not recorded, want %d", n, maxUnrecorded)
		}
		close(free)
		time.Sleep(time.Minute)
		stop()
		if got := sink.got(); !slices.Equal(got, numbered(2*maxUnrecorded)) {
			t.Errorf("in the end: %v", got)
		}
	})
}
