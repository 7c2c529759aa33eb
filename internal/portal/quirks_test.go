package portal_test

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// withQuirks is a portal with quirks, and a clock that the test sets.
func withQuirks(t *testing.T, names ...string) (*asker, *clock) {
	t.Helper()
	m, err := portal.QuirksNamed(names...)
	if err != nil {
		t.Fatal(err)
	}
	c := newClock()
	return ask(t, portal.New(portal.Options{Now: c.Now, Quirks: m})), c
}

func TestNewTokensAreRefusedAtFirst(t *testing.T) {
	a, c := withQuirks(t, "slow-tokens")
	var got []int
	for range 4 {
		got = append(got, a.status("/users/"+mira))
	}
	c.now = c.now.Add(1500*time.Millisecond - 1)
	got = append(got, a.status("/users/"+mira))
	c.now = c.now.Add(1)
	for range 2 {
		got = append(got, a.status("/users/"+mira))
	}
	if want := []int{401, 200, 401, 200, 401, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	a.login()
	if status := a.status("/users/" + mira); status != 401 {
		t.Errorf("after another login: %d", status)
	}
}

func TestDeniedPaths(t *testing.T) {
	for pattern, denied := range map[string]string{
		"/departments":             "/departments /departments/30000000-0000-4000-a000-000000000002",
		"/departments/*":           "/departments/30000000-0000-4000-a000-000000000002",
		"/users/*/certificates":    "/users/" + mira + "/certificates /users/" + mira + "/certificates/50000000-0000-4000-a000-000000000001",
		"/courses/*/enrollments":   "/courses/" + atHeight + "/enrollments",
		"/users/" + aoife:          "/users/" + aoife + " /users/" + aoife + "/enrollments",
		"/users/*/enrollments/*/x": "",
	} {
		a := ask(t, portal.New(portal.Options{Quirks: portal.Quirks{Denied: []string{pattern}}}))
		for range 2 { // whatever the token
			for _, path := range []string{
				"/departments", "/departments/30000000-0000-4000-a000-000000000002", "/users/" + mira + "/certificates",
				"/users/" + mira + "/certificates/50000000-0000-4000-a000-000000000001", "/courses/" + atHeight, "/courses/" + atHeight + "/enrollments",
				"/users/" + aoife, "/users/" + aoife + "/enrollments", "/users/" + mira,
			} {
				want := 200
				if slices.Contains(strings.Fields(denied), path) {
					want = 401
				}
				if status := a.status(path); status != want {
					t.Errorf("%s denied: %s: %d, want %d", pattern, path, status, want)
				}
			}
			a.login()
		}
	}
}

func TestAuthorizationSchemes(t *testing.T) {
	for _, c := range []struct {
		quirks       []string
		bare, bearer int
	}{{nil, 200, 200}, {[]string{"bare-tokens"}, 200, 401}, {[]string{"bearer-tokens"}, 401, 200}} {
		a, _ := withQuirks(t, c.quirks...)
		for scheme, want := range map[string]int{"": c.bare, "Bearer ": c.bearer} {
			a.scheme = scheme
			if status := a.status("/my-details"); status != want {
				t.Errorf("%v: %q: %d, want %d", c.quirks, scheme, status, want)
			}
		}
		_, configured := a.portal.Settings("")["scheme"]
		if bare := c.bearer != 200; configured != bare {
			t.Errorf("%v: the source's settings have a scheme: %v", c.quirks, configured)
		}
	}
}

func TestShapesOfResources(t *testing.T) {
	enrollment, certificate := "/users/"+mira+"/enrollments/"+atHeight, "/users/"+mira+"/certificates/50000000-0000-4000-a000-000000000001"
	session, schedule := "/instructor-led-course-sessions/"+novembers, "/schedules/70000000-0000-4000-a000-000000000101"
	plain, _ := withQuirks(t)
	odd, _ := withQuirks(t, "listed-certificates", "separate-schedules", "named-enrollments", "long-times")
	for _, c := range []struct{ path, key, plain, odd string }{
		{enrollment, "courseName", "Working at Height", ""},
		{enrollment, "name", "", "Working at Height"},
		{enrollment, "timeSpent", "00:47:30", "1.13:02:39.9878697"},
		{session, "name", "Confined Space Entry, November", "Confined Space Entry, November"},
		{schedule, "venueName", "Training Centre, Dock 4", "Training Centre, Dock 4"},
		{schedule, "sessionId", novembers, novembers},
	} {
		for a, want := range map[*asker]string{plain: c.plain, odd: c.odd} {
			status, answer := a.get(c.path)
			if have, _ := answer[c.key].(string); status != 200 || have != want {
				t.Errorf("%s: %s is %q, want %q", c.path, c.key, have, want)
			}
		}
	}
	if _, answer := plain.get(session); answer["schedules"] == nil {
		t.Error("the session has no schedules")
	}
	if _, answer := odd.get(session); answer["schedules"] != nil {
		t.Error("the session has schedules")
	}
	if status := plain.status(certificate); status != 200 {
		t.Errorf("a certificate by its path: %d", status)
	}
	r := odd.request("GET", certificate, nil)
	r.Header.Set("Authorization", "Bearer "+odd.token)
	if status, _ := odd.do(r); status != 404 {
		t.Errorf("a certificate by its path, where there is none: %d", status)
	}
	for _, a := range []*asker{plain, odd} {
		list := a.entries("/users/"+mira+"/certificates", "certificates")
		if len(list) != 1 || list[0]["userId"] != nil || list[0]["enrollmentId"] != "80000000-0000-4000-a000-000000000001" {
			t.Errorf("the list of certificates: %v", list)
		}
		if all := a.entries("/users/"+mira+"/enrollments", "enrollments"); len(all) != 5 || (all[0]["name"] == nil) == (all[0]["courseName"] == nil) {
			t.Errorf("the list of enrollments: %v", all)
		}
	}
}

func TestRaggedDates(t *testing.T) {
	a, _ := withQuirks(t, "ragged-dates")
	date := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?$`)
	seen := map[int]bool{}
	for _, u := range a.entries("/users?_limit=1000", "users") {
		for _, key := range []string{"dateAdded", "dateHired"} {
			s := u[key].(string)
			if !date.MatchString(s) {
				t.Errorf("%s: %q", key, s)
			}
			_, fraction, _ := strings.Cut(s, ".")
			seen[len(fraction)] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("dates have %v digits of fraction", seen)
	}
}

func TestQuirksAreChosenByName(t *testing.T) {
	for _, m := range portal.AllQuirks() {
		got, err := portal.QuirksNamed(m.Name)
		if err != nil || m.About == "" {
			t.Errorf("%s: %+v %v", m.Name, got, err)
		}
	}
	for _, names := range [][]string{{"x"}, {"long-times", ""}, {"bare-tokens", "bearer-tokens"}} {
		if _, err := portal.QuirksNamed(names...); err == nil {
			t.Errorf("%q: no error", names)
		}
	}
}

// The portal's side for people has the learner's addresses, and none of an admin.
func TestDashboard(t *testing.T) {
	p := portal.New(portal.Options{})
	a := ask(t, p)
	status, body := a.do(a.request("GET", "/", nil))
	if status != http.StatusOK || !bytes.Contains(body, []byte(`"#/online-courses/`+atHeight+`":"Working at Height"`)) ||
		!bytes.Contains(body, []byte(`"#/curricula/20000000-0000-4000-a000-000000000003":`)) {
		t.Errorf("%d %s", status, body)
	}
	if bytes.Contains(body, []byte("admin")) {
		t.Error("it names an admin's address")
	}
	for _, path := range []string{"/admin", "/admin/courses/" + atHeight, "/admin/users/" + mira} {
		if status, _ := a.do(a.request("GET", path, nil)); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}
