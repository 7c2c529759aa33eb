package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// told is what a sink got of an event.
type told struct {
	what   string // its type, person and course
	caught bool
	footer string
}

// listener is a sink that notes what it got, in order.
type listener struct {
	mu  sync.Mutex
	all []told
}

func (l *listener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var body struct {
		Data struct {
			Event   map[string]any
			Message struct{ Footer string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	e := body.Data.Event
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, told{fmt.Sprint(e["type"], " ", e["userId"], " ", e["courseId"]), e["caughtUp"] == true, body.Data.Message.Footer})
}

func (l *listener) heard() []told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// lateStage is a stage with two listeners, whose source catches up.
func lateStage(t *testing.T) (*stage, map[string]*listener) {
	t.Helper()
	s := newStage(t)
	listeners, sinks := map[string]*listener{}, map[string]any{}
	for _, name := range []string{"a", "b"} {
		listeners[name] = &listener{}
		server := httptest.NewServer(listeners[name])
		t.Cleanup(server.Close)
		sinks[name] = map[string]any{"type": "webhook", "url": server.URL, "allow_private": true, "limit": "none"}
	}
	s.settings["sinks"] = sinks
	s.settings["routes"] = []any{map[string]any{"name": "all", "events": []string{"*"}, "to": []string{"a", "b"}}}
	s.source()["catch_up"] = map[string]any{"every": "1s"}
	return s, listeners
}

func (s *stage) source() map[string]any {
	return s.settings["sources"].(map[string]any)["production"].(map[string]any)
}

// lives lets people of these numbers join, be enrolled in two courses, and complete one
// of them: four events each, from so long ago on. It gives their webhooks, and what
// should be told of them.
func (s *stage) lives(from, to int, ago time.Duration) (webhooks []portal.Webhook, want []string) {
	courses := s.portal.Courses()
	begin := time.Now().UTC().Truncate(time.Millisecond).Add(-ago)
	for i := from; i < to; i++ {
		for _, step := range []struct {
			event  string
			course int
		}{{"UserCreated", -1}, {"UserEnrolledInCourseByAdmin", 0}, {"UserEnrolledInCourseByAdmin", 1}, {"EnrollmentCompletedByLearner", 0}} {
			h := portal.Event{
				Type: step.event, User: fmt.Sprintf("10000000-0000-4000-a000-%012x", 0x50000+i), At: begin.Add(time.Duration(len(webhooks)) * 500 * time.Millisecond), Entities: map[string]string{},
			}
			course := "<nil>"
			if step.course >= 0 {
				course = courses[(i+step.course)%len(courses)]
				h.Entities["courseId"] = course
				h.Entities["enrollmentId"] = fmt.Sprintf("80000000-0000-4000-a000-%012x", 0x50000+2*i+step.course)
			}
			webhooks = append(webhooks, s.portal.Trigger(h, portal.DefaultProfile()))
			want = append(want, step.event+" "+h.User+" "+course)
		}
	}
	return webhooks, want
}

// hear waits until a listener has heard n events, and gives them.
func hear(t *testing.T, l *listener, n int) []told {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); len(l.heard()) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("heard %d of %d events", len(l.heard()), n)
		}
	}
	return l.heard()
}

// exactlyOnce checks that what was missed came in order, marked, and nothing twice.
func exactlyOnce(t *testing.T, got []told, want, missed []string) {
	t.Helper()
	counts := map[string]int{}
	var caught []string
	for _, e := range got {
		counts[e.what]++
		if e.caught {
			caught = append(caught, e.what)
		}
		if e.caught != strings.Contains(e.footer, "caught up, as no webhook reported it") {
			t.Errorf("%s: caught up %v, footer %q", e.what, e.caught, e.footer)
		}
	}
	for _, what := range want {
		if counts[what] != 1 {
			t.Errorf("%s came %d times", what, counts[what])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d events came, want %d", len(got), len(want))
	}
	if !slices.Equal(caught, missed) {
		i := 0
		for i < min(len(caught), len(missed)) && caught[i] == missed[i] {
			i++
		}
		t.Errorf("%d were caught up, of %d missed; they differ from the %dth on", len(caught), len(missed), i)
	}
}

// TestCatchUpAfterDowntime: the bridge is down while 500 of 1,000 events happen. It is
// stopped once more while it catches up, the API fails now and then, and some webhooks
// come after all.
func TestCatchUpAfterDowntime(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long; TestCatchUpByReplicas takes the same ways with fewer events")
	}
	s, listeners := lateStage(t)
	before, want := s.lives(0, 62, 6*time.Hour)
	s.source()["catch_up"] = map[string]any{"enabled": false} // or it would look ahead
	g, stop := s.run(t)
	for _, w := range before {
		post(t, g, w)
	}
	hear(t, listeners["a"], len(before))
	hear(t, listeners["b"], len(before))
	stop()
	missed, unheard := s.lives(62, 187, 4*time.Hour)

	s.source()["catch_up"] = map[string]any{"every": "1s"}
	s.portal.Break(portal.Fault{Mode: portal.TooMany, Prefix: "/courses/", Count: 5})
	s.portal.Break(portal.Fault{Mode: portal.ServerError, Prefix: "/users", Count: 2})
	_, stop = s.run(t)
	hear(t, listeners["a"], 300)
	stop()
	g, _ = s.run(t)
	after, last := s.lives(187, 250, 5*time.Minute) // so young that its webhooks may still come
	for _, w := range after {
		post(t, g, w)
	}
	want = slices.Concat(want, unheard, last)
	for name, l := range listeners {
		t.Log(name)
		exactlyOnce(t, hear(t, l, 1000), want, unheard)
	}
	for _, w := range missed[:20] {
		if status := post(t, g, w); status != "duplicate" {
			t.Errorf("a webhook that came late was %s", status)
		}
	}
	report, err := connect(t, s, g).CatchUp(t.Context(), admin.CatchUp{Source: "production", Since: time.Now().Add(-12 * time.Hour), DryRun: true})
	if err != nil || report.Listed != 1000 || len(report.Missing) != 0 {
		t.Errorf("%d listed, %d missing, %v", report.Listed, len(report.Missing), err)
	}
	events, err := connect(t, s, g).Events(t.Context(), store.Filter{Limit: 1000})
	caught := 0
	for _, e := range events {
		if e.CaughtUp {
			caught++
		}
	}
	if err != nil || caught != 500 {
		t.Errorf("%d events are marked, %v", caught, err)
	}
}

// TestCatchUpByReplicas: two replicas on one database, one of which ends meanwhile, and
// webhooks that were held up come to the other while it catches up.
func TestCatchUpByReplicas(t *testing.T) {
	s, listeners := lateStage(t)
	s.settings["store"] = pgtest.Shared(t).Database(t)
	before, want := s.lives(0, 15, 6*time.Hour)
	s.source()["catch_up"] = map[string]any{"enabled": false}
	g, stop := s.run(t)
	for _, w := range before {
		post(t, g, w)
	}
	hear(t, listeners["a"], 60)
	hear(t, listeners["b"], 60)
	stop()
	missed, unheard := s.lives(15, 60, 4*time.Hour)
	want = append(want, unheard...)

	s.source()["catch_up"] = map[string]any{"every": "1s"}
	_, stop = s.run(t)
	second, _ := s.run(t)
	for _, w := range missed { // some of them may be caught up by now
		post(t, second, w)
	}
	stop()
	for name, l := range listeners {
		got := hear(t, l, 240)
		t.Logf("%s: %d events", name, len(got))
		// Those whose webhook was faster are not marked; the others are in order.
		order := slices.DeleteFunc(slices.Clone(want), func(what string) bool {
			return !slices.ContainsFunc(got, func(e told) bool { return e.caught && e.what == what })
		})
		exactlyOnce(t, got, want, order)
	}
}

// TestCatchUpCommandOfAStoppedBridge stores what is missing for the next start.
func TestCatchUpCommandOfAStoppedBridge(t *testing.T) {
	s, listeners := lateStage(t)
	s.source()["catch_up"] = map[string]any{"enabled": false, "events": []string{"UserCreated", "EnrollmentCompletedByLearner", "UserEnrolledInCourseByAdmin"}}
	_, want := s.lives(0, 5, 6*time.Hour)
	client, closer, err := gateway.Connect(t.Context(), s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	ask := admin.CatchUp{Source: "production", Since: time.Now().Add(-7 * time.Hour), DryRun: true}
	for _, c := range []struct{ missing, created int }{{20, 0}, {20, 20}, {0, 0}} {
		report, err := client.CatchUp(t.Context(), ask)
		if err != nil || len(report.Missing) != c.missing || report.Created != c.created {
			t.Errorf("%d missing, %d created, %v; want %+v", len(report.Missing), report.Created, err, c)
		}
		ask.DryRun = false
	}
	ask.Source = "none"
	if _, err := client.CatchUp(t.Context(), ask); err == nil || !strings.Contains(err.Error(), `there is no source "none"`) {
		t.Error(err)
	}
	s.portal.Break(portal.Fault{Mode: portal.Unauthorized})
	ask.Source = "production"
	if _, err := client.CatchUp(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("the API's refusal is not told: %v", err)
	}
	s.portal.Mend()
	if err := closer(); err != nil {
		t.Fatal(err)
	}
	s.run(t)
	exactlyOnce(t, hear(t, listeners["a"], 20), want, want)
}
