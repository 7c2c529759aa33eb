package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/schedule"
)

func digested(d *Digest) []Route {
	return []Route{{Name: "r", Events: []string{"*"}, To: []string{"a"}, Digest: d}}
}

// A digest is sent after a quiet time, after its longest wait, and when it is full. A single
// event becomes a normal message.
func TestDigestWindows(t *testing.T) {
	for _, c := range []struct {
		name string
		gaps []time.Duration // the pause before each event
		want string          // messages, with the second of their arrival
	}{
		{"one event", []time.Duration{0}, "[event 0@10]"},
		{"three together", []time.Duration{0, 4, 4}, "[3 users@18]"},
		{"longer than the longest wait", []time.Duration{0, 9, 9, 9, 9}, "[4 users@30 event 4@46]"},
		{"two windows", []time.Duration{0, 1, 20, 1}, "[2 users@11 2 users@32]"},
		{"full", []time.Duration{0, 1, 1, 1, 1, 1}, "[5 users@4 event 5@15]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := &fakeSink{}
			d := &Digest{Wait: 10 * time.Second, MaxWait: 30 * time.Second, MaxEvents: 5}
			withPipeline(t, digested(d), sink, bridge.Limit{}, func(l *pipeline) {
				began := time.Now()
				for i, gap := range c.gaps {
					time.Sleep(gap * time.Second)
					l.event("UserCreated", "u", fmt.Sprint(i))
				}
				time.Sleep(time.Minute)
				var got []string
				for i, title := range sink.got() {
					got = append(got, fmt.Sprintf("%s@%d", short(title), int(sink.at[i].Sub(began).Round(time.Second).Seconds())))
				}
				if fmt.Sprint(got) != c.want {
					t.Errorf("%v, want %s", got, c.want)
				}
			})
		})
	}
}

// short shortens a digest's title to the number and the noun.
func short(title string) string {
	words := strings.Fields(title)
	return strings.Join(words[:min(2, len(words))], " ")
}

func TestDigestsByGroup(t *testing.T) {
	sink := &fakeSink{}
	d := &Digest{Wait: 10 * time.Second, MaxWait: time.Minute, MaxEvents: 100, By: byUser(t)}
	withPipeline(t, digested(d), sink, bridge.Limit{}, func(l *pipeline) {
		for i := range 9 {
			l.event("UserCreated", fmt.Sprint("user", i%2), fmt.Sprint(i))
		}
		time.Sleep(time.Minute)
		got := sink.got()
		if slices.Sort(got); len(got) != 2 || short(got[0]) != "4 users" || short(got[1]) != "5 users" {
			t.Errorf("%v", got)
		}
	})
}

// Each event is in exactly one message, however often the process restarts.
func TestNoWindowIsLostOrDoubled(t *testing.T) {
	for phase := range 12 {
		if testing.Short() && phase%5 != 0 {
			continue
		}
		sink := &fakeSink{}
		fail := true
		sink.script = func(int, string) error {
			if fail && phase%3 == 2 {
				return fails(bridge.Temporary, 0)
			}
			return nil
		}
		d := &Digest{Wait: 10 * time.Second, MaxWait: 30 * time.Second, MaxEvents: 100}
		withPipeline(t, digested(d), sink, bridge.Limit{}, func(l *pipeline) {
			for i := range 4 {
				l.event("UserCreated", "u", fmt.Sprint(i))
				time.Sleep(time.Duration(phase) * 300 * time.Millisecond)
				if i == phase%4 {
					l.restart()
				}
			}
			time.Sleep(time.Duration(phase) * 1500 * time.Millisecond)
			l.restart()
			time.Sleep(time.Minute)
			sink.mu.Lock()
			fail, sink.titles = false, nil
			sink.mu.Unlock()
			l.restart()
			time.Sleep(time.Hour)
			sum := l.counts("a")
			if sum[bridge.Sent] != 4 || len(sum) != 1 {
				t.Errorf("phase %d: %v", phase, sum)
			}
			if got := sink.got(); phase%3 == 2 && fmt.Sprint(len(got)) != "1" {
				t.Errorf("phase %d: after the failures %v", phase, got)
			}
		})
	}
}

// Digests at fixed times, and after quiet hours.
func TestSchedules(t *testing.T) {
	at, err := schedule.NewAt("08:00", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	quiet, err := schedule.NewQuiet("20:00-07:00", "", "UTC", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		route Route
		hour  int // when the messages come
	}{
		"at":    {Route{Digest: &Digest{At: at, MaxEvents: 100}}, 8},
		"quiet": {Route{Quiet: quiet}, 7},
	} {
		if testing.Short() && name != "at" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c.route.Name, c.route.Events, c.route.To = "r", []string{"*"}, []string{"a"}
			sink := &fakeSink{}
			withPipeline(t, []Route{c.route}, sink, bridge.Limit{}, func(l *pipeline) {
				l.stop()
				time.Sleep(time.Until(time.Date(2000, 1, 3, 22, 0, 0, 0, time.UTC)))
				l.start()
				for i := range 3 {
					l.event("UserCreated", "u", fmt.Sprint(i))
					time.Sleep(time.Hour)
				}
				l.restart()
				time.Sleep(8 * time.Hour)
				got := sink.got()
				if len(got) != 1 || short(got[0]) != "3 users" || sink.at[0].Hour() != c.hour || sink.at[0].Minute() != 0 {
					t.Errorf("%v at %v", got, sink.at)
				}
			})
		})
	}
}

// A burst of bulk events becomes a few messages that count every event. It does not delay
// other events, and a route may switch it off.
func TestBurstsBecomeDigests(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long; the others of this file take the same ways")
	}
	const users = 400
	for name, c := range map[string]struct {
		digest *Digest
		most   int
	}{"by default": {nil, 90}, "all": {&Digest{All: true}, 90}, "off": {&Digest{Off: true}, users + 1}} {
		t.Run(name, func(t *testing.T) {
			sink := &fakeSink{}
			withPipeline(t, digested(c.digest), sink, bridge.Limit{Rate: 1, Burst: 1}, func(l *pipeline) {
				for i := range users {
					l.event("UserCreated", "u", fmt.Sprint(i))
					time.Sleep(20 * time.Millisecond)
				}
				l.restart()
				time.Sleep(time.Hour)
				got := sink.got()
				told := 0
				for _, title := range got {
					n := 1
					_, _ = fmt.Sscanf(title, "%d users", &n)
					told += n
				}
				if told != users || len(got) > c.most || c.most > users && len(got) != users {
					t.Errorf("%d messages count %d events", len(got), told)
				}
			})
		})
	}
}

// Each recipient of a digest gets their own events only.
func TestADigestIsSplitByRecipients(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		sink := &threadedSink{to: []string{"{{ .event.userId }}@example.com"}}
		d := &Digest{Wait: 10 * time.Second, MaxWait: time.Minute, MaxEvents: 100}
		l := &pipeline{fixture: r, routes: digested(d), sinks: map[string]bridge.Sink{"a": sink}}
		l.start()
		for i := range 10 {
			l.event("UserCreated", []string{"ann", "bob", "bob", "eve", "bob"}[i%5], fmt.Sprint(i))
		}
		time.Sleep(time.Minute)
		l.stop()
		got := map[string]string{}
		for _, m := range sink.sent {
			got[strings.Join(m.To, ",")] = short(m.Title)
		}
		want := map[string]string{"ann@example.com": "2 users", "bob@example.com": "6 users", "eve@example.com": "2 users"}
		if !maps.Equal(got, want) || len(sink.sent) != 3 {
			t.Errorf("%v", got)
		}
	})
}
