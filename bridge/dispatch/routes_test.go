package dispatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestRoutes(t *testing.T) {
	routes := []Route{
		{Name: "all", Events: []string{"*"}, To: []string{"log", "log"}},
		{Name: "courses", Events: []string{"CourseBundle*", "OnlineCourseActivated"}, To: []string{"academy", "log"}},
		{Name: "sandbox", Events: []string{"*"}, Sources: []string{"sandbox"}, To: []string{"test"}},
	}
	for _, c := range []struct {
		event, source, want string
	}{
		{"UserCreated", "production", "[{all log}]"},
		{"CourseBundleDeleted", "production", "[{all log} {courses academy} {courses log}]"},
		{"OnlineCourseActivated", "sandbox", "[{all log} {courses academy} {courses log} {sandbox test}]"},
		{"OnlineCourseDeactivated", "production", "[{all log}]"},
	} {
		got := goesTo(t, routes, bridge.Event{Type: c.event, Source: c.source})
		if got != c.want {
			t.Errorf("%s of %s goes to %s, want %s", c.event, c.source, got, c.want)
		}
	}
}

// goesTo returns the sinks that the routes send an event to.
func goesTo(t *testing.T, routes []Route, e bridge.Event) string {
	t.Helper()
	plan := Plan{Routes: routes, Templates: templates(t)}
	all, _ := plan.targets(routes, e, nil, time.Now())
	type target struct{ route, sink string }
	short := []target{}
	for _, one := range all {
		short = append(short, target{one.Route, one.Sink})
	}
	return fmt.Sprint(short)
}
