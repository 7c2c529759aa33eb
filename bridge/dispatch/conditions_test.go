package dispatch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/condition"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// builtIn selects the built-in templates.
func (f *fixture) builtIn() {
	f.t.Helper()
	var err error
	if f.set, err = render.Load(render.Options{}); err != nil {
		f.t.Fatal(err)
	}
}

// when compiles a condition over the facts that the fixture's templates look up.
func (f *fixture) when(expression string) *condition.Condition {
	f.t.Helper()
	c, faults := condition.NewSchema(f.set.Template("UserCreated").Lookups()).Open().Condition(expression)
	if len(faults) > 0 {
		f.t.Fatal(faults)
	}
	return c
}

// TestRouterAsksConditions: lookups decide conditions, and an event that no condition accepts
// keeps its facts for explanations.
func TestRouterAsksConditions(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.builtIn()
		plan := Plan{
			Sources: map[string]Source{"s": {Enricher: r.enricher(portal.New(portal.Options{}), &atomic.Bool{})}},
			Routes: []Route{
				{Name: "mira", Events: []string{"User*"}, To: []string{"a"}, When: r.when(`user.firstName == "Mira"`)},
				{Name: "others", Events: []string{"*"}, To: []string{"b"}, When: r.when(`user.firstName != "Mira"`)},
				{Name: "courses", Events: []string{"Course*"}, To: []string{"c"}, When: r.when(`course.name == "x"`)},
			},
		}
		e := r.accept("UserCreated", "s", "1")
		alone := r.accept("GroupCreated", "s", "2") // looks nobody up, so others take it
		_, stop := r.router(plan)
		time.Sleep(time.Minute)
		stop()
		if a, b, c := r.due("a"), r.due("b"), r.due("c"); len(a) != 1 || len(b) != 1 || b[0].EventID != alone.ID || len(c) != 0 {
			t.Errorf("a %d, b %d, c %d", len(a), len(b), len(c))
		}
		plan.Routes = plan.Routes[1:]
		e = r.accept("UserCreated", "s", "3")
		_, stop = r.router(plan)
		time.Sleep(time.Minute)
		stop()
		detail, err := r.store.Event(context.Background(), e.ID)
		if err != nil || len(detail.To) != 0 {
			t.Errorf("%v, to %+v", err, detail.To)
		}
		if got := verdicts(plan.Routes, e, detail.Facts); got != "others: event true, source true, holds false, takes false\ncourses: event false, source true, holds false, takes false\n" {
			t.Error(got)
		}
		if v := Explain(plan.Routes, e, nil)[0]; v.Takes || v.Problem == "" {
			t.Errorf("without facts: %+v", v)
		}
	})
}

func verdicts(routes []Route, e bridge.Event, facts bridge.Facts) string {
	var b strings.Builder
	for _, v := range Explain(routes, e, facts) {
		fmt.Fprintf(&b, "%s: event %v, source %v, holds %v, takes %v\n", v.Route, v.Event, v.Source, v.Holds, v.Takes)
	}
	return b.String()
}

// TestFailedConditionsAreDelivered: if a condition cannot be evaluated, because of the data or
// because Absorb does not answer, the event is delivered. The log says so, but not for every
// event.
func TestFailedConditionsAreDelivered(t *testing.T) {
	inSyntheticTime(t, func(t *testing.T, r *fixture) {
		r.builtIn()
		var broken atomic.Bool
		broken.Store(true)
		var text bytes.Buffer
		router := NewRouter(r.store, Plan{
			Templates: r.set,
			Sources:   map[string]Source{"s": {Enricher: r.enricher(portal.New(portal.Options{}), &broken)}},
			Routes: []Route{
				{Name: "odd", Events: []string{"*"}, To: []string{"a"}, When: r.when(`event.body < 3`)},
				{Name: "dark", Events: []string{"*"}, To: []string{"b"}, When: r.when(`user.firstName == "Nobody"`)},
				{Name: "light", Events: []string{"*"}, To: []string{"c"}, When: r.when(`event.userId == "nobody"`)},
			},
		}, func(string) {}, slog.New(slog.NewTextHandler(&text, nil)))
		for i := range 5 {
			e := bridge.Event{Source: "s", Type: "UserCreated", UserID: "10000000-0000-4000-a000-000000000001", CorrelationID: fmt.Sprint(i),
				ReceivedAt: time.Now(), Body: map[string]any{"n": i}, Raw: fmt.Appendf(nil, `{"n": %d}`, i)}
			if _, err := r.store.Accept(context.Background(), []bridge.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- router.Run(ctx, nil) }()
		time.Sleep(10 * time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if a, b, c := r.due("a"), r.due("b"), r.due("c"); len(a) != 5 || len(b) != 5 || len(c) != 0 {
			t.Errorf("a %d, b %d, c %d", len(a), len(b), len(c))
		}
		if got := fmt.Sprint(router.ConditionErrors()); got != "map[dark:5 odd:5]" {
			t.Error(got)
		}
		for _, want := range []string{"a mapping and a number cannot be compared", "user could not be looked up"} {
			if n := strings.Count(text.String(), want); n != 1 {
				t.Errorf("%d times %q in the log:\n%s", n, want, text.String())
			}
		}
	})
}
