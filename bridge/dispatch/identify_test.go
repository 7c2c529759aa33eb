package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// anonymousPortal is a portal whose webhooks name no course and no time, with a router that
// uses its API.
type anonymousPortal struct {
	*fixture
	portal *portal.Portal
	router *Router
	broken atomic.Bool
	stop   func()
}

func startAnonymousPortal(r *fixture, o portal.Options) *anonymousPortal {
	p := &anonymousPortal{fixture: r, portal: portal.New(o)}
	p.router, p.stop = r.router(Plan{Routes: everything("a"), Sources: map[string]Source{"one": {Enricher: r.enricher(p.portal, &p.broken)}}})
	return p
}

const completed = "EnrollmentCompletedByLearner"

func learner(n int) string  { return fmt.Sprintf("10000000-0000-4000-a000-%012x", n) }
func courseID(n int) string { return fmt.Sprintf("20000000-0000-4000-a000-%012x", n) }

// complete lets a learner complete a course, without its webhook.
func (p *anonymousPortal) complete(user, course int) {
	p.portal.Trigger(portal.Event{Type: completed, User: learner(user), Entities: map[string]string{
		"courseId": courseID(course), "enrollmentId": fmt.Sprintf("80000000-0000-4000-b000-%06x%06x", user, course),
	}}, portal.DefaultProfile())
}

// post accepts a webhook that names only the learner.
func (p *anonymousPortal) post(user int) store.Accepted {
	p.t.Helper()
	body := map[string]any{"eventName": completed, "userId": learner(user), "clientId": "c1", "correlationId": fmt.Sprint("k", user)}
	raw, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	e := bridge.Event{Source: "one", Type: completed, UserID: learner(user), ClientID: "c1", CorrelationID: fmt.Sprint("k", user), Body: body, Raw: raw, ReceivedAt: time.Now()}
	stored, err := p.store.Accept(context.Background(), []bridge.Event{e})
	if err != nil {
		p.t.Fatal(err)
	}
	p.router.Accepted(1)
	return stored[0]
}

// courses returns the ids of the courses in the messages, and "" for a message without a
// course.
func (p *anonymousPortal) courses() (all []string) {
	for _, d := range p.due("a") {
		event, _ := d.Facts["event"].(map[string]any)
		id, _ := event["courseId"].(string)
		all = append(all, id)
	}
	return all
}

// title returns the title of the only message.
func (p *anonymousPortal) title() string {
	p.t.Helper()
	due := p.due("a")
	if len(due) != 1 {
		p.t.Fatalf("%d messages, want 1", len(due))
	}
	m, err := p.set.Template(due[0].EventType).Message(p.t.Context(), due[0].Facts)
	if err != nil {
		p.t.Fatal(err)
	}
	return m.Title
}

func TestInferredFromAList(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{Lag: 15 * time.Second})
		p.complete(1, 2)
		p.post(1)
		time.Sleep(time.Minute)
		p.stop()
		due := p.due("a")
		if len(due) != 1 {
			t.Fatalf("%d messages", len(due))
		}
		inferred, _ := due[0].Facts["inferred"].(map[string]any)
		enrollment, _ := due[0].Facts["enrollment"].(map[string]any)
		course, _ := due[0].Facts["course"].(map[string]any)
		if inferred["courseId"] != courseID(2) || enrollment["courseId"] != courseID(2) || course["name"] == nil || p.courses()[0] != courseID(2) {
			t.Errorf("facts: %v", due[0].Facts)
		}
	})
}

// TestOneOfSeveral: the learner completed two courses, and one webhook arrived.
func TestOneOfSeveral(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{})
		p.complete(1, 1)
		p.complete(1, 2)
		p.post(1)
		time.Sleep(2 * time.Minute)
		p.stop()
		if got := p.title(); !strings.Contains(got, "completed one of: ") || p.courses()[0] != "" {
			t.Errorf("%q, course %q", got, p.courses()[0])
		}
	})
}

// TestTooManyToName: the message names no course rather than a long list.
func TestTooManyToName(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{})
		for course := range 5 {
			p.complete(1, 1+course)
		}
		p.post(1)
		time.Sleep(2 * time.Minute)
		p.stop()
		if got := p.title(); !strings.HasSuffix(got, "completed a course") {
			t.Errorf("%q", got)
		}
	})
}

// TestSeveralWithTheSameBytes: each event gets a different course, and the remaining event is
// a repetition.
func TestSeveralWithTheSameBytes(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{Lag: 5 * time.Second})
		for course := range 3 {
			p.complete(1, 1+course)
		}
		var last store.Accepted
		for range 4 {
			last = p.post(1)
			if last.Duplicate {
				t.Error("a webhook that names nothing is taken for a duplicate")
			}
		}
		time.Sleep(10 * time.Minute)
		p.stop()
		got := map[string]bool{}
		for _, id := range p.courses() {
			got[id] = true
		}
		if len(p.courses()) != 3 || !got[courseID(1)] || !got[courseID(2)] || !got[courseID(3)] {
			t.Errorf("messages about %v", p.courses())
		}
		if n := p.unrouted(); n != 0 {
			t.Errorf("%d events wait", n)
		}
	})
}

// TestTakenByAWebhookThatNamesIt: a course that another webhook names is not inferred.
func TestTakenByAWebhookThatNamesIt(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{})
		p.complete(1, 1)
		p.complete(1, 2)
		named := bridge.Event{Source: "one", Type: completed, UserID: learner(1), Entities: map[string]string{"courseId": courseID(1)}, ReceivedAt: time.Now(), Raw: []byte(`{"courseId":1}`)}
		if _, err := p.store.Accept(context.Background(), []bridge.Event{named}); err != nil {
			t.Fatal(err)
		}
		p.post(1)
		time.Sleep(2 * time.Minute)
		p.stop()
		if got := p.courses(); len(got) != 2 || got[0] != courseID(1) || got[1] != courseID(2) {
			t.Errorf("messages about %v", got)
		}
	})
}

// TestRepeatedWithoutAPI: without the API nobody can say whether the second webhook is a
// repetition. It is sent, unless the first one was not answered in time.
func TestRepeatedWithoutAPI(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{})
		p.broken.Store(true)
		p.post(1)
		p.post(1)
		time.Sleep(5 * time.Minute)
		p.stop()
		if n := len(p.due("a")); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
	})
}

// TestEnrollmentIDAlone: a webhook with the id of the enrollment needs no course.
func TestEnrollmentIDAlone(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{})
		p.complete(9, 1)
		p.complete(9, 2)
		e := bridge.Event{Source: "one", Type: completed, UserID: learner(9), ReceivedAt: time.Now(), Raw: []byte(`{"enrollmentId":1}`),
			Entities: map[string]string{"enrollmentId": fmt.Sprintf("80000000-0000-4000-b000-%06x%06x", 9, 2)}}
		if _, err := p.store.Accept(context.Background(), []bridge.Event{e}); err != nil {
			t.Fatal(err)
		}
		p.router.Accepted(1)
		time.Sleep(time.Minute)
		p.stop()
		if got := p.courses(); len(got) != 1 || got[0] != courseID(2) {
			t.Errorf("messages about %v", got)
		}
	})
}

// TestNothingIsLostOrMadeUp: in any order of webhooks, every completion has a message, and no
// message reports a completion that did not happen.
func TestNothingIsLostOrMadeUp(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inSyntheticTime(t, func(t *testing.T, r *fixture) {
				random := rand.New(rand.NewPCG(seed, 7))
				p := startAnonymousPortal(r, portal.Options{Lag: time.Duration(random.IntN(20)) * time.Second})
				happened := map[string]bool{} // "learner course"
				posts := map[int]int{}        // of webhooks, by learner
				perhaps := func(percent int) bool { return random.IntN(100) < percent }
				for course := 1; course <= 5; course++ {
					for user := 1; user <= 3; user++ {
						p.broken.Store(perhaps(15))
						if perhaps(70) {
							p.complete(user, course)
							happened[learner(user)+" "+courseID(course)] = true
							posts[user]++
							p.post(user)
						}
						if posts[user] > 0 && perhaps(20) { // sent again, although it was answered
							p.post(user)
						}
						time.Sleep(time.Duration(random.IntN(90)) * time.Second)
					}
				}
				p.broken.Store(false)
				time.Sleep(30 * time.Minute)
				p.stop()
				p.judge(t, happened, posts)
			})
		})
	}
}

// TestManyLeanWebhooks: many webhooks that name only learners cost one list request for each
// learner, within the rate of the API.
func TestManyLeanWebhooks(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{Limit: true})
		const n = 150
		for i := range n {
			p.portal.Trigger(portal.Event{Type: "UserCreated", User: learner(100 + i)}, portal.DefaultProfile())
			p.complete(100+i, 1)
			p.post(100 + i)
		}
		time.Sleep(2 * time.Minute)
		p.stop()
		lists := 0
		for i := range n {
			lists += p.portal.Requests("/users/" + learner(100+i) + "/enrollments")
		}
		for _, id := range p.courses() {
			if id != courseID(1) {
				t.Errorf("a message about %q", id)
			}
		}
		if got := len(p.courses()); got != n || lists != n {
			t.Errorf("%d messages and %d lists for %d webhooks", got, lists, n)
		}
	})
}

// TestLeanWebhooksAndCatchUp: some webhooks never arrive. Catch-up creates those completions
// and no others, because inferred ones count as received.
func TestLeanWebhooksAndCatchUp(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		p := startAnonymousPortal(r, portal.Options{Lag: 3 * time.Second})
		began := time.Now()
		want := map[string]int{}
		for course := 1; course <= 5; course++ {
			for user := 1; user <= 4; user++ {
				p.complete(20+user, course)
				want[learner(20+user)+" "+courseID(course)] = 1
				if (course+user)%3 != 0 {
					p.post(20 + user)
				}
			}
			time.Sleep(15 * time.Minute) // a webhook that names only the learner counts for every event within ten minutes
		}
		catcher := catchup.New(catchup.Options{
			Source: "one", Client: r.client(p.portal, &p.broken), Store: r.store, Window: 24 * time.Hour, Events: []string{completed},
		}, p.router.Accepted)
		report, err := catcher.Between(t.Context(), began.Add(-time.Minute), time.Now().Add(-10*time.Minute), false)
		if err != nil || report.Created == 0 {
			t.Errorf("%+v, %v", report, err)
		}
		time.Sleep(5 * time.Minute)
		p.stop()
		told := map[string]int{}
		for _, d := range p.due("a") {
			event, _ := d.Facts["event"].(map[string]any)
			told[fmt.Sprint(event["userId"], " ", event["courseId"])]++
		}
		if !maps.Equal(told, want) {
			t.Errorf("messages %v", told)
		}
	})
}

func (p *anonymousPortal) judge(t *testing.T, happened map[string]bool, posts map[int]int) {
	t.Helper()
	if n := p.unrouted(); n != 0 {
		t.Errorf("%d events wait for ever", n)
	}
	told, messages := map[string]int{}, map[string]int{}
	for _, d := range p.due("a") {
		event, _ := d.Facts["event"].(map[string]any)
		user := fmt.Sprint(event["userId"])
		messages[user]++
		if course, ok := event["courseId"].(string); ok {
			told[user+" "+course]++
		}
		candidates, _ := d.Facts["candidates"].([]any)
		for _, c := range candidates {
			if course := c.(map[string]any)["courseId"]; !happened[fmt.Sprint(user, " ", course)] {
				t.Errorf("a message says that %s may have completed %v", user, course)
			}
		}
	}
	for what, n := range told {
		if !happened[what] || n > 1 {
			t.Errorf("%d messages about %s, which happened: %v", n, what, happened[what])
		}
	}
	for user, n := range posts {
		if messages[learner(user)] < n {
			t.Errorf("%d messages about %d completions of %s", messages[learner(user)], n, learner(user))
		}
	}
}

// An event is anonymous if its ids do not say which of several things it is about.
func TestAnonymousEvents(t *testing.T) {
	for _, c := range []struct {
		event bridge.Event
		want  bool
	}{
		{bridge.Event{Type: completed, UserID: "u"}, true},
		{bridge.Event{Type: "CourseCreditsAwarded", UserID: "u", Entities: map[string]string{"credits": "3"}}, true},
		{bridge.Event{Type: "DepartmentCreated", AdminID: "a"}, true},
		{bridge.Event{Type: completed, UserID: "u", Entities: map[string]string{"portalId": "p", "departmentId": "d"}}, true},
		{bridge.Event{Type: "DepartmentCreated", AdminID: "a", Entities: map[string]string{"departmentId": "d"}}, false},
		{bridge.Event{Type: "GroupDeleted", AdminID: "a", Entities: map[string]string{"groupId": "g"}}, false},
		{bridge.Event{Type: "CourseBundleDeleted", Entities: map[string]string{"courseBundleId": "b", "departmentId": "d"}}, false},
		{bridge.Event{Type: "SomethingNew", UserID: "u", Entities: map[string]string{"tenantId": "t"}}, true},
		{bridge.Event{Type: "UserCreated", UserID: "u"}, false},
		{bridge.Event{Type: completed, UserID: "u", OccurredAt: time.Now()}, false},
		{bridge.Event{Type: completed, UserID: "u", Entities: map[string]string{"enrollmentId": "e"}}, false},
		{bridge.Event{Type: "SomethingNew", Entities: map[string]string{"thingId": "e"}}, false},
	} {
		if got := absorb.Anonymous(c.event); got != c.want {
			t.Errorf("%+v: %v", c.event, got)
		}
	}
}
