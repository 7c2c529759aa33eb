package catchup

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// The lists. Enrollments are listed course by course.
const (
	users       = "users"
	departments = "departments"
	groups      = "groups"
	enrollments = "enrollments"
)

func lists() []string { return []string{users, departments, groups, enrollments} }

// mostHeld is how many events one pass keeps in memory. If there are more, this pass
// creates the oldest, and the next pass continues.
const mostHeld = 100_000

// gathering collects the events in the lists.
type gathering struct {
	client  *absorb.Client
	types   map[string]bool      // event types to create
	since   map[string]time.Time // by list
	until   time.Time
	found   []bridge.Event
	seen    map[string]bool
	listed  int
	refused map[string]string
	source  string
}

func (c *Catcher) gathering(p progress, until time.Time) *gathering {
	return &gathering{
		client: c.Client, types: wanted(c.Events, p.Kinds), since: map[string]time.Time{}, until: until,
		seen: map[string]bool{}, refused: map[string]string{}, source: c.Source,
	}
}

// wanted returns the event types to create: the chosen ones, or those that webhooks
// have brought. If the API cannot tell two types apart, it returns the one that was
// chosen first or came more often.
func wanted(chosen []string, kinds store.Kinds) map[string]bool {
	if len(chosen) == 0 {
		for _, event := range absorb.Listed() {
			if kinds.Counts[event] > 0 {
				chosen = append(chosen, event)
			}
		}
		slices.SortStableFunc(chosen, func(a, b string) int { return kinds.Counts[b] - kinds.Counts[a] })
	}
	all := map[string]bool{}
	for i, event := range chosen {
		twin := func(other string) bool { return absorb.SameKind(event, other) }
		if !slices.ContainsFunc(chosen[:i], twin) {
			all[event] = true
		}
	}
	return all
}

// wants returns the first of the types that is wanted, or "".
func (g *gathering) wants(types ...string) string {
	for _, event := range types {
		if g.types[event] {
			return event
		}
	}
	return ""
}

// gather reads all lists.
func (g *gathering) gather(ctx context.Context) error {
	for _, plain := range []struct{ list, event, id string }{
		{users, "UserCreated", "userId"}, {departments, "DepartmentCreated", "departmentId"}, {groups, "GroupCreated", "groupId"},
	} {
		if !g.types[plain.event] {
			continue
		}
		l := absorb.Listing{Path: "/" + plain.list, Date: "dateAdded", Since: g.since[plain.list]}
		if plain.list == groups {
			l.Page = 1 // each may have 50,000 members
		}
		err := g.client.List(ctx, l, func(entry map[string]any) {
			g.add(plain.list, plain.event, absorb.Time(entry["dateAdded"]), map[string]string{plain.id: absorb.ID(entry["id"])})
		})
		if err := g.unlessRefused(plain.list, err); err != nil {
			return err
		}
	}
	return g.unlessRefused(enrollments, g.gatherEnrollments(ctx))
}

// unlessRefused notes a list that the API refuses, so that the other lists are read
// anyway.
func (g *gathering) unlessRefused(list string, err error) error {
	switch {
	case err == nil:
	case absorb.Answered(err):
		g.refused[list] = err.Error()
	default:
		return fmt.Errorf("list %s: %w", list, err)
	}
	return nil
}

func (g *gathering) gatherEnrollments(ctx context.Context) error {
	if g.wants("UserEnrolledInCourseByAdmin", "UserEnrolledInCourseByLearner", "EnrollmentCompletedByAdmin", "EnrollmentCompletedByLearner", "CertificateAwarded", "CourseCreditsAwarded") == "" {
		return nil
	}
	var courses []string
	err := g.client.List(ctx, absorb.Listing{Path: "/courses", Date: "dateAdded"}, func(entry map[string]any) {
		if id := absorb.ID(entry["id"]); id != "" && !g.seen["course "+id] {
			g.seen["course "+id] = true
			courses = append(courses, id)
		}
	})
	if err != nil {
		return err
	}
	for _, course := range courses {
		l := absorb.Listing{Path: "/courses/" + url.PathEscape(course) + "/enrollments", Date: "dateEdited", Since: g.since[enrollments]}
		err := g.client.List(ctx, l, func(entry map[string]any) { g.enrollment(course, entry) })
		if err != nil && !absorb.NotFound(err) && !absorb.Forbidden(err) { // it was deleted, or the user may not view it
			return err
		}
	}
	return nil
}

// complete is an enrollment's status.
const complete = "3"

// enrollment adds the events of an entry. The API has no date for a certificate or
// credits other than that of the completion.
func (g *gathering) enrollment(course string, entry map[string]any) {
	ids := func(more ...string) map[string]string {
		all := map[string]string{"userId": absorb.ID(entry["userId"]), "courseId": course}
		for _, key := range more {
			if id := absorb.ID(entry[key]); id != "" {
				all[key] = id
			}
		}
		if id := absorb.ID(entry["id"]); id != "" {
			all["enrollmentId"] = id
		}
		return all
	}
	if event := g.wants("UserEnrolledInCourseByAdmin", "UserEnrolledInCourseByLearner"); event != "" {
		g.add(enrollments, event, absorb.Time(entry["dateAdded"]), ids())
	}
	done := absorb.Time(entry["dateCompleted"])
	if status := absorb.ID(entry["status"]); done.IsZero() || status != complete && !strings.HasPrefix(strings.ToLower(status), "complete") {
		return
	}
	if event := g.wants("EnrollmentCompletedByLearner", "EnrollmentCompletedByAdmin"); event != "" {
		g.add(enrollments, event, done, ids())
	}
	if g.types["CertificateAwarded"] && absorb.ID(entry["certificateId"]) != "" {
		g.add(enrollments, "CertificateAwarded", done, ids("certificateId"))
	}
	if credits, ok := entry["credits"].(json.Number); ok && g.types["CourseCreditsAwarded"] {
		if n, err := credits.Float64(); err == nil && n > 0 {
			g.add(enrollments, "CourseCreditsAwarded", done, ids("credits"))
		}
	}
}

// add creates an event if it happened in the period.
func (g *gathering) add(list, event string, at time.Time, ids map[string]string) {
	if at.Before(g.since[list]) || !at.Before(g.until) {
		return
	}
	body := map[string]any{"eventName": event, "timestamp": at.Format(time.RFC3339Nano), "caughtUp": true}
	e := bridge.Event{Source: g.source, Type: event, OccurredAt: at, CaughtUp: true, Entities: map[string]string{}}
	for key, id := range ids {
		body[key] = id
		if key == "userId" {
			e.UserID = id
		} else if id != "" {
			e.Entities[key] = id
		}
	}
	e.Raw, _ = json.Marshal(body) // texts always encode
	if o := absorb.OccurrenceOf(e); len(o.Keys) == 0 || g.seen[string(e.Raw)] {
		return // the entry has no id, or was listed twice
	}
	g.seen[string(e.Raw)] = true
	g.listed++
	g.found = append(g.found, e)
	if len(g.found) >= 2*mostHeld {
		g.cut(mostHeld)
	}
}

// cut leaves all but the oldest events to the next pass.
func (g *gathering) cut(most int) {
	all := g.events()
	if all[0].OccurredAt.Equal(all[most].OccurredAt) {
		return // an import: everything happened at the same time
	}
	g.until = all[most].OccurredAt
	g.found = slices.DeleteFunc(all, func(e bridge.Event) bool { return !e.OccurredAt.Before(g.until) })
}

// events returns all events in the order in which they happened. At the same time, an
// enrollment comes before its completion, and the completion before what is awarded for
// it.
func (g *gathering) events() []bridge.Event {
	order := []string{
		"DepartmentCreated", "GroupCreated", "UserCreated", "UserEnrolledInCourseByAdmin", "UserEnrolledInCourseByLearner",
		"EnrollmentCompletedByAdmin", "EnrollmentCompletedByLearner", "CertificateAwarded", "CourseCreditsAwarded",
	}
	slices.SortStableFunc(g.found, func(a, b bridge.Event) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), slices.Index(order, a.Type)-slices.Index(order, b.Type), strings.Compare(a.UserID, b.UserID))
	})
	return g.found
}

// report returns the report after all lists are read.
func (g *gathering) report(source string) Report {
	r := Report{Source: source, Since: g.until, Until: g.until, Events: []string{}, Missing: []Missing{}, Listed: g.listed, Refused: g.refused}
	for _, at := range g.since {
		if at.Before(r.Since) {
			r.Since = at
		}
	}
	for event := range g.types {
		r.Events = append(r.Events, event)
	}
	slices.Sort(r.Events)
	return r
}
