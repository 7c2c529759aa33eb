package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

func TestRouteMatches(t *testing.T) {
	e := bridge.Event{Type: "CourseBundleDeleted", Source: "production"}
	for want, routes := range map[bool][]Route{
		true:  {{Events: []string{"*"}}, {Events: []string{"CourseBundleDeleted"}}, {Events: []string{"x", "Course*"}}, {Events: []string{"*Deleted"}, Sources: []string{"sandbox", "production"}}, {Events: []string{"Course??????Deleted"}}},
		false: {{}, {Events: []string{"CourseBundle"}}, {Events: []string{"*"}, Sources: []string{"sandbox"}}, {Events: []string{"[]"}}},
	} {
		for _, r := range routes {
			if r.Matches(e) != want {
				t.Errorf("%+v matches: %v", r, !want)
			}
		}
	}
	got := goesTo(t, []Route{
		{Name: "one", Events: []string{"*"}, To: []string{"a", "b", "a"}}, {Name: "two", Events: []string{"*"}, To: []string{"a"}}, {Name: "three", Events: []string{"No"}, To: []string{"c"}},
	}, e)
	if got != "[{one a} {one b} {two a}]" {
		t.Errorf("targets %s", got)
	}
}

// accept stores an event about the sample learner and course.
func (f *fixture) accept(eventType, source, correlation string) bridge.Event {
	f.t.Helper()
	e := bridge.Event{
		Source: source, Type: eventType, UserID: "10000000-0000-4000-a000-000000000001", CorrelationID: correlation, ReceivedAt: time.Now(),
		Entities: map[string]string{"courseId": "20000000-0000-4000-a000-000000000001"}, Raw: fmt.Appendf(nil, `{"k":%q}`, correlation),
	}
	stored, err := f.store.Accept(context.Background(), []bridge.Event{e})
	if err != nil {
		f.t.Fatal(err)
	}
	e.ID = stored[0].ID
	return e
}

// router runs a router. The returned function stops it and waits.
func (f *fixture) router(plan Plan) (router *Router, stop func()) {
	plan.Templates = f.set
	router = NewRouter(f.store, plan, func(string) {}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = router.Run(ctx, nil) })
	return router, func() { cancel(); wg.Wait() }
}

func (f *fixture) due(sink string) []bridge.Delivery {
	f.t.Helper()
	due, err := f.store.Due(context.Background(), sink, time.Now(), 10_000)
	if err != nil {
		f.t.Fatal(err)
	}
	return due
}

func (f *fixture) unrouted() int {
	f.t.Helper()
	all, err := f.store.Unrouted(context.Background(), time.Now().Add(time.Hour), 10_000)
	if err != nil {
		f.t.Fatal(err)
	}
	return len(all)
}

// enricher returns an enricher whose requests to the portal fail while broken is set.
func (f *fixture) enricher(p *portal.Portal, broken *atomic.Bool) *enrich.Enricher {
	f.t.Helper()
	return enrich.New(enrich.Options{Source: "one", Client: f.client(p, broken), Claims: f.store})
}

// client returns a client whose requests to the portal fail while broken is set.
func (f *fixture) client(p *portal.Portal, broken *atomic.Bool) *absorb.Client {
	f.t.Helper()
	c, err := absorb.NewClient(absorb.ClientOptions{
		BaseURL: "http://portal.invalid", Key: bridge.Secret(p.Key), Username: p.Username, Password: bridge.Secret(p.Password),
		HTTP: &http.Client{Transport: breakable{p.RoundTripper(), broken}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

type breakable struct {
	http.RoundTripper
	broken *atomic.Bool
}

func (b breakable) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.broken.Load() {
		return nil, errors.New("connection refused")
	}
	return b.RoundTripper.RoundTrip(r)
}

func everything(to ...string) []Route {
	return []Route{{Name: "everything", Events: []string{"*"}, To: to}}
}

func TestRouterFansOutOnce(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		router, stop := r.router(Plan{Routes: append(everything("a"), Route{Name: "courses", Events: []string{"Course*"}, Sources: []string{"one"}, To: []string{"b"}})})
		for i := range 700 {
			r.accept("CourseBundleDeleted", []string{"one", "two"}[i%2], fmt.Sprint(i))
			if i%100 == 0 {
				router.Accepted(100)
			}
		}
		time.Sleep(time.Minute)
		stop()
		a, b := r.due("a"), r.due("b")
		if len(a) != 700 || len(b) != 350 || r.unrouted() != 0 {
			t.Fatalf("a %d, b %d, unrouted %d", len(a), len(b), r.unrouted())
		}
		if !slices.IsSortedFunc(a, func(x, y bridge.Delivery) int { return strings.Compare(x.EventID, y.EventID) }) {
			t.Error("the order of arrival is lost")
		}
		// Another run finds nothing to do.
		_, stop = r.router(Plan{Routes: everything("a", "c")})
		time.Sleep(time.Minute)
		stop()
		if len(r.due("a")) != 700 || len(r.due("c")) != 0 {
			t.Error("events were fanned out again")
		}
	})
}

func TestEventWithoutRouteIsKept(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		_, stop := r.router(Plan{})
		r.accept("UserCreated", "one", "k")
		time.Sleep(time.Minute)
		stop()
		if r.unrouted() != 0 {
			t.Error("it is still waiting")
		}
	})
}

func TestRouterGoesOnAfterARestart(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		for i := range 20 {
			r.accept("UserCreated", "one", fmt.Sprint(i))
		}
		r.close()
		r.store = openStore(t, r.path)
		_, stop := r.router(Plan{Routes: everything("a")})
		time.Sleep(time.Minute)
		stop()
		if n := len(r.due("a")); n != 20 {
			t.Errorf("%d deliveries", n)
		}
	})
}

func TestPortalThatIsDown(t *testing.T) {
	for name, hold := range map[string]bool{"send": false, "hold": true} {
		t.Run(name, func(t *testing.T) {
			inSyntheticTime(t, func(t *testing.T, r *fixture) {
				var broken atomic.Bool
				broken.Store(true)
				source := Source{Enricher: r.enricher(portal.New(portal.Options{}), &broken), Hold: map[bool]time.Duration{true: 24 * time.Hour}[hold]}
				_, stop := r.router(Plan{Routes: everything("a"), Sources: map[string]Source{"one": source}})
				r.accept("EnrollmentCompletedByLearner", "one", "k")
				time.Sleep(5 * time.Minute)
				due := r.due("a")
				if hold && (len(due) != 0 || r.unrouted() != 1) || !hold && (len(due) != 1 || due[0].Facts[incomplete] != true) {
					t.Errorf("while it is down: %d deliveries, %d unrouted", len(due), r.unrouted())
				}
				broken.Store(false)
				time.Sleep(time.Hour)
				stop()
				if due = r.due("a"); len(due) != 1 || hold && (due[0].Facts[incomplete] != nil || due[0].Facts["user"] == nil) {
					t.Errorf("afterwards: %+v", due)
				}
			})
		})
	}
}

// TestHoldEnds: an event does not wait forever for lookups.
func TestHoldEnds(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		var broken atomic.Bool
		broken.Store(true)
		source := Source{Enricher: r.enricher(portal.New(portal.Options{}), &broken), Hold: 2 * time.Hour}
		_, stop := r.router(Plan{Routes: everything("a"), Sources: map[string]Source{"one": source}})
		r.accept("EnrollmentCompletedByLearner", "one", "k")
		time.Sleep(time.Hour)
		if n := len(r.due("a")); n != 0 {
			t.Errorf("after an hour: %d deliveries", n)
		}
		time.Sleep(2 * time.Hour)
		stop()
		if due := r.due("a"); len(due) != 1 || due[0].Facts[incomplete] != true {
			t.Errorf("after three hours: %+v", due)
		}
	})
}

// TestUnsettledAnswers uses an API that lags behind the webhooks.
func TestUnsettledAnswers(t *testing.T) {
	for lag, complete := range map[time.Duration]bool{15 * time.Second: true, time.Hour: false} {
		t.Run(lag.String(), func(t *testing.T) {
			inSyntheticTime(t, func(t *testing.T, r *fixture) {
				p := portal.New(portal.Options{Lag: lag})
				var broken atomic.Bool
				router, stop := r.router(Plan{Routes: everything("a"), Sources: map[string]Source{"one": {Enricher: r.enricher(p, &broken)}}})
				// The learner has an enrollment in this course, not completed.
				e := bridge.Event{Source: "one", Type: "EnrollmentCompletedByLearner", UserID: "10000000-0000-4000-a000-000000000001", ReceivedAt: time.Now(),
					Entities: map[string]string{"courseId": "20000000-0000-4000-a000-000000000003"}, Raw: []byte(`{}`)}
				p.Trigger(portal.Event{Type: e.Type, User: e.UserID, Entities: e.Entities}, portal.DefaultProfile())
				if _, err := r.store.Accept(context.Background(), []bridge.Event{e}); err != nil {
					t.Fatal(err)
				}
				other := time.Now()
				r.accept("UserCreated", "two", "other")
				router.Accepted(2)
				time.Sleep(5 * time.Second)
				if due := r.due("a"); len(due) != 1 || due[0].EventType != "UserCreated" {
					t.Errorf("after %v: %d deliveries; the other event was held back", time.Since(other), len(due))
				}
				time.Sleep(time.Minute)
				stop()
				due := r.due("a")
				if len(due) != 2 {
					t.Fatalf("%d deliveries", len(due))
				}
				facts := due[slices.IndexFunc(due, func(d bridge.Delivery) bool { return d.EventType == e.Type })].Facts
				enrollment, _ := facts["enrollment"].(map[string]any)
				if done := fmt.Sprint(enrollment["status"]) == "3"; done != complete {
					t.Errorf("enrollment %v", enrollment)
				}
				if n := p.Requests("/users/" + e.UserID + "/enrollments/20000000-0000-4000-a000-000000000003"); n > 4 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}

// Webhooks that together exceed the memory limit are routed one after the other.
func TestLargeWebhooksAreRoutedInTurn(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		for i := range 9 {
			r.accept("UserCreated", "one", strings.Repeat("x", maxWebhookBytes/2-1000)+fmt.Sprint(i))
		}
		_, stop := r.router(Plan{Routes: everything("a")})
		time.Sleep(time.Minute)
		stop()
		if n := r.unrouted(); n != 0 {
			t.Errorf("%d are still waiting", n)
		}
	})
}
