package catchup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// rig is a store and an emulated portal.
type rig struct {
	t      *testing.T
	store  *store.Store
	portal *portal.Portal
	stored func(n int)
	Options
}

func newRig(t *testing.T, o portal.Options) *rig {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := portal.New(o)
	client, err := absorb.NewClient(absorb.ClientOptions{
		BaseURL: "http://portal.invalid", Key: bridge.Secret(p.Key), Username: p.Username, Password: bridge.Secret(p.Password),
		HTTP: &http.Client{Transport: p.RoundTripper()}, Budget: 3 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t: t, store: s, portal: p, stored: func(int) {}, Options: Options{
		Source: "production", Client: client, Store: s, Window: 24 * time.Hour, After: 10 * time.Minute, Events: absorb.Listed(),
	}}
}

func (r *rig) catcher() *Catcher { return New(r.Options, func(n int) { r.stored(n) }) }

// happen lets something happen, and gives its webhook.
func (r *rig) happen(event string, ago time.Duration, user int, entities map[string]string, pr portal.Profile) bridge.Event {
	r.t.Helper()
	h := portal.Event{Type: event, At: time.Now().UTC().Add(-ago).Truncate(time.Millisecond), Entities: entities}
	if user > 0 {
		h.User = fmt.Sprintf("10000000-0000-4000-a000-%012x", user)
	}
	w := r.portal.Trigger(h, pr)
	parser, err := absorb.NewParser(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	events, err := parser.Parse(w.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	events[0].Source, events[0].ReceivedAt = r.Source, time.Now()
	return events[0]
}

func (r *rig) accept(e bridge.Event) bool {
	r.t.Helper()
	got, err := r.store.Accept(r.t.Context(), []bridge.Event{e})
	if err != nil {
		r.t.Fatal(err)
	}
	return !got[0].Duplicate
}

func course() map[string]string {
	return map[string]string{"courseId": "20000000-0000-4000-a000-000000000006", "enrollmentId": "80000000-0000-4000-a000-000000000906"}
}

// pending gives the types of what waits to be routed, in order.
func (r *rig) pending() (all []string) {
	r.t.Helper()
	events, err := r.store.Unrouted(r.t.Context(), time.Now().Add(time.Hour), 10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range events {
		if e.CaughtUp {
			all = append(all, e.Type)
		}
	}
	return all
}

// TestEveryKind: one of each that the API can list, and one of each that is too old,
// too young, or came.
func TestEveryKind(t *testing.T) {
	for _, o := range []portal.Options{{}, {Bare: true, Plain: true}} {
		r := newRig(t, o)
		pr := portal.DefaultProfile()
		r.happen("DepartmentCreated", 8*time.Hour, 0, map[string]string{"departmentId": "30000000-0000-4000-a000-00000000dddd"}, pr)
		r.happen("GroupCreated", 7*time.Hour, 0, map[string]string{"groupId": "40000000-0000-4000-a000-00000000dddd"}, pr)
		r.happen("UserCreated", 6*time.Hour, 0x777, nil, pr)
		r.happen("UserEnrolledInCourseByAdmin", 5*time.Hour, 0x777, course(), pr)
		r.happen("EnrollmentCompletedByLearner", 4*time.Hour, 0x777, course(), pr)
		certificate := course()
		certificate["certificateId"] = "50000000-0000-4000-a000-00000000dddd"
		r.happen("CertificateAwarded", 4*time.Hour, 0x777, certificate, pr)
		r.happen("UserCreated", 30*time.Hour, 0x778, nil, pr)
		r.happen("UserCreated", time.Minute, 0x779, nil, pr)
		if !r.accept(r.happen("UserCreated", 3*time.Hour, 0x780, nil, pr)) {
			t.Fatal("not accepted")
		}
		report, err := r.catcher().Between(t.Context(), time.Now().Add(-9*time.Hour), time.Now().Add(-10*time.Minute), false)
		want := []string{
			"DepartmentCreated", "GroupCreated", "UserCreated", "UserEnrolledInCourseByAdmin", "EnrollmentCompletedByAdmin", "CertificateAwarded", "CourseCreditsAwarded",
		}
		if err != nil || report.Created != 7 || report.Listed != 8 || !slices.Equal(r.pending(), want) {
			t.Errorf("%+v: %+v, %v: %v", o, report, err, r.pending())
		}
		// The late webhook of each is a duplicate.
		late := r.happen("EnrollmentCompletedByLearner", 4*time.Hour, 0x777, course(), pr)
		lean := pr
		lean.Lean = true
		leanToo := r.happen("UserEnrolledInCourseByLearner", 5*time.Hour, 0x777, course(), lean)
		if r.accept(late) || r.accept(leanToo) || r.accept(r.happen("UserCreated", 6*time.Hour, 0x777, nil, pr)) {
			t.Error("a late webhook is delivered once more")
		}
	}
}

// TestInterrupted: a pass ends after each of its transactions, and the next one goes
// on; the API is out of order, too.
func TestInterrupted(t *testing.T) {
	r := newRig(t, portal.Options{})
	pr := portal.DefaultProfile()
	r.accept(r.happen("UserCreated", 10*time.Hour, 0x1000, nil, pr))
	const n = 450
	for i := 1; i <= n; i++ {
		r.happen("UserCreated", 9*time.Hour-time.Duration(i)*time.Second, 0x1000+i, nil, pr)
	}
	r.portal.Break(portal.Fault{Mode: portal.ServerError, Prefix: "/users"})
	if report, err := r.catcher().Pass(t.Context()); err == nil || report.Created != 0 || !strings.Contains(err.Error(), "list users") {
		t.Errorf("without the API: %+v, %v", report, err)
	}
	r.portal.Mend()
	passes := 0
	for total := 0; total < n && passes < 10; passes++ {
		ctx, cancel := context.WithCancel(t.Context())
		r.stored = func(int) { cancel() }
		report, err := r.catcher().Pass(ctx)
		if total += report.Created; report.Created == 0 || report.Created > together || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("pass %d: %d created, %v", passes, report.Created, err)
		}
		cancel()
	}
	r.stored = func(int) {}
	if _, err := r.catcher().Pass(t.Context()); err != nil || passes < 5 {
		t.Errorf("%d passes, %v", passes, err)
	}
	if got := r.pending(); len(got) != n {
		t.Errorf("%d were caught up", len(got))
	}
	events, err := r.store.Unrouted(t.Context(), time.Now().Add(time.Hour), 1000)
	if err != nil || !slices.IsSortedFunc(events[1:], func(a, b store.Unrouted) int { return a.OccurredAt.Compare(b.OccurredAt) }) {
		t.Errorf("they are not in order, %v", err)
	}
	asked := r.portal.Requests("/users")
	if report, err := r.catcher().Pass(t.Context()); err != nil || report.Created != 0 || time.Since(report.Since) > time.Hour || r.portal.Requests("/users") != asked+1 {
		t.Errorf("the pass after looks back %v: %+v, %v", time.Since(report.Since), report, err)
	}
}

// TestRefusedList: what the role of the integration may not see does not keep the rest
// from being caught up.
func TestRefusedList(t *testing.T) {
	r := newRig(t, portal.Options{})
	r.accept(r.happen("UserCreated", 10*time.Hour, 0x1000, nil, portal.DefaultProfile()))
	r.happen("UserCreated", 9*time.Hour, 0x1001, nil, portal.DefaultProfile())
	r.happen("EnrollmentCompletedByLearner", 9*time.Hour, 0x1001, course(), portal.DefaultProfile())
	r.portal.Break(portal.Fault{Mode: portal.Forbidden, Prefix: "/departments"})
	r.portal.Break(portal.Fault{Mode: portal.Forbidden, Prefix: "/courses/20000000-0000-4000-a000-000000000001/"})
	report, err := r.catcher().Pass(t.Context())
	if err != nil || report.Created != 4 || len(report.Refused) != 1 || !strings.Contains(report.Refused[departments], "403") {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestWanted: without a choice only what webhooks have brought is caught up, and of
// twins the one that comes more often.
func TestWanted(t *testing.T) {
	for _, c := range []struct {
		chosen []string
		counts map[string]int
		want   []string
	}{
		{nil, nil, nil},
		{nil, map[string]int{"UserCreated": 1, "OnlineCourseActivated": 9}, []string{"UserCreated"}},
		{nil, map[string]int{"EnrollmentCompletedByAdmin": 2, "EnrollmentCompletedByLearner": 3}, []string{"EnrollmentCompletedByLearner"}},
		{[]string{"EnrollmentCompletedByAdmin", "EnrollmentCompletedByLearner"}, map[string]int{"UserCreated": 1, "EnrollmentCompletedByLearner": 3}, []string{"EnrollmentCompletedByAdmin"}},
	} {
		got := wanted(c.chosen, store.Kinds{Counts: c.counts})
		if len(got) != len(c.want) || len(c.want) > 0 && !got[c.want[0]] {
			t.Errorf("%v, %v: %v", c.chosen, c.counts, got)
		}
	}
}

// TestFirstPass: where no webhook ever came nothing is caught up.
func TestFirstPass(t *testing.T) {
	r := newRig(t, portal.Options{})
	r.happen("UserCreated", 9*time.Hour, 0x1001, nil, portal.DefaultProfile())
	if report, err := r.catcher().Pass(t.Context()); err != nil || report.Created != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	r.Events = nil
	if _, err := r.catcher().Between(t.Context(), time.Now().Add(-time.Hour), time.Time{}, true); err == nil || !strings.Contains(err.Error(), "catch_up.events") {
		t.Error(err)
	}
}

// TestCut: more than a pass may hold is left to the next, except what happened at once.
func TestCut(t *testing.T) {
	g := &gathering{until: time.Now()}
	at := func(seconds ...int) {
		g.found = nil
		for _, s := range seconds {
			g.found = append(g.found, bridge.Event{OccurredAt: time.Unix(int64(s), 0)})
		}
	}
	at(5, 1, 3, 2, 3, 4)
	if g.cut(3); len(g.found) != 2 || !g.until.Equal(time.Unix(3, 0)) {
		t.Errorf("%d are left until %v", len(g.found), g.until)
	}
	at(1, 1, 1, 1)
	if g.cut(2); len(g.found) != 4 {
		t.Errorf("%d are left", len(g.found))
	}
}
