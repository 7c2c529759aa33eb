package absorb_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

var listBegin = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// crowded is a portal in which n people joined, several in each second.
func crowded(o portal.Options, n int) *portal.Portal {
	p := portal.New(o)
	for i := range n {
		p.Trigger(portal.Event{
			Type: "UserCreated", User: fmt.Sprintf("10000000-0000-4000-a000-%012x", 0x1000+i), At: listBegin.Add(time.Duration(i/3) * 700 * time.Millisecond),
		}, portal.DefaultProfile())
	}
	return p
}

func TestList(t *testing.T) {
	for name, o := range map[string]portal.Options{
		"as documented": {}, "bare": {Bare: true}, "dates in plain quotes": {Plain: true}, "both": {Bare: true, Plain: true},
	} {
		for _, page := range []int{0, 1, 2, 7, 20} {
			const n = 60
			p := crowded(o, n)
			seen := map[string]int{}
			err := client(t, options(p)).List(t.Context(), absorb.Listing{Path: "/users", Date: "dateAdded", Since: listBegin, Page: page}, func(entry map[string]any) {
				if at := absorb.Time(entry["dateAdded"]); at.Before(listBegin) {
					t.Errorf("%s: one of %v was not asked for", name, at)
				}
				seen[absorb.ID(entry["id"])]++
			})
			if err != nil || len(seen) != n {
				t.Errorf("%s, pages of %d: %d of %d, %v", name, page, len(seen), n, err)
			}
		}
	}
}

// TestListThatChanges: who is edited while the list is read moves to its end, and
// nobody is passed over for that.
func TestListThatChanges(t *testing.T) {
	const course = "20000000-0000-4000-a000-000000000006"
	p := portal.New(portal.Options{})
	users := p.People()
	enroll := func(event string, i int, at time.Time) {
		p.Trigger(portal.Event{Type: event, User: users[i], At: at, Entities: map[string]string{"courseId": course, "enrollmentId": fmt.Sprint("e", i)}}, portal.DefaultProfile())
	}
	for i := range users {
		enroll("UserEnrolledInCourseByAdmin", i, listBegin.Add(time.Duration(i)*time.Second))
	}
	seen, edited := map[string]bool{}, 0
	l := absorb.Listing{Path: "/courses/" + course + "/enrollments", Date: "dateEdited", Since: listBegin, Page: 5}
	err := client(t, options(p)).List(t.Context(), l, func(entry map[string]any) {
		seen[absorb.ID(entry["userId"])] = true
		if edited < 20 {
			enroll("EnrollmentCompletedByLearner", edited, listBegin.Add(time.Hour+time.Duration(edited)*time.Second))
			edited++
		}
	})
	if err != nil || len(seen) != len(users) {
		t.Errorf("%d of %d, %v", len(seen), len(users), err)
	}
}

// Portals that do not sort, do not filter, have smaller pages than asked for, or
// answer with something else.
func TestOddLists(t *testing.T) {
	page := func(ids ...int) func(*http.Request) (*http.Response, error) {
		var entries []string
		for _, id := range ids {
			entries = append(entries, fmt.Sprintf(`{"id":"%d","dateAdded":"2026-11-23T%02d:00:00"}`, id, id))
		}
		return says(200, `{"totalItems":6,"returnedItems":2,"limit":2,"offset":0,"users":[`+strings.Join(entries, ",")+`]}`)
	}
	for name, c := range map[string]struct {
		list []func(*http.Request) (*http.Response, error)
		want int
		err  string
	}{
		"not sorted":   {[]func(*http.Request) (*http.Response, error){page(9, 8), page(12, 10), page(11)}, 5, ""},
		"not filtered": {[]func(*http.Request) (*http.Response, error){page(1, 2), page(9, 10), page(11)}, 5, ""},
		"one page":     {[]func(*http.Request) (*http.Response, error){page(9)}, 1, ""},
		"none":         {[]func(*http.Request) (*http.Response, error){page()}, 0, ""},
		"refused":      {[]func(*http.Request) (*http.Response, error){says(403, `{"message":"no"}`)}, 0, "403"},
		"invalid":      {[]func(*http.Request) (*http.Response, error){says(422, `{"message":"Invalid filter"}`)}, 0, "Invalid filter"},
	} {
		a := &answers{list: c.list}
		o := options(portal.New(portal.Options{}))
		o.HTTP = &http.Client{Transport: a}
		seen := map[string]bool{}
		err := client(t, o).List(t.Context(), absorb.Listing{Path: "/users", Date: "dateAdded", Since: listBegin, Page: 50}, func(entry map[string]any) {
			seen[absorb.ID(entry["id"])] = true
		})
		if len(seen) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d, %v", name, len(seen), err)
		}
	}
}
