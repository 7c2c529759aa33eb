package portal_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const (
	mira      = "10000000-0000-4000-a000-000000000001"
	atHeight  = "20000000-0000-4000-a000-000000000001"
	forklifts = "20000000-0000-4000-a000-000000000005"
	nobody    = "10000000-0000-4000-a000-0000000fffff"
	everybody = "40000000-0000-4000-a000-000000000002" // the group of 50,000
)

// asker asks a portal by plain HTTP, as any client would.
type asker struct {
	t      *testing.T
	portal *portal.Portal
	http   *http.Client
	base   string
	token  string
	scheme string
}

func ask(t *testing.T, p *portal.Portal) *asker {
	t.Helper()
	a := &asker{t: t, portal: p, http: &http.Client{Transport: p.RoundTripper()}, base: "http://portal.invalid", scheme: "Bearer "}
	a.login()
	return a
}

func (a *asker) do(r *http.Request) (int, []byte) {
	a.t.Helper()
	res, err := a.http.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, body
}

func (a *asker) request(method, path string, body io.Reader) *http.Request {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, body)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("x-api-key", a.portal.Key)
	r.Header.Set("x-api-version", "2")
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (a *asker) login() {
	a.t.Helper()
	login, _ := json.Marshal(map[string]string{"username": a.portal.Username, "password": a.portal.Password, "privateKey": a.portal.Key})
	status, body := a.do(a.request("POST", "/authenticate", bytes.NewReader(login)))
	if err := json.Unmarshal(body, &a.token); status != 200 || err != nil || a.token == "" {
		a.t.Fatalf("authenticate: %d %s", status, body)
	}
}

// get returns the status and the answer of a path.
func (a *asker) get(path string) (status int, answer map[string]any) {
	a.t.Helper()
	status = a.into(path, &answer)
	return status, answer
}

func (a *asker) into(path string, answer any) int {
	a.t.Helper()
	r := a.request("GET", path, nil)
	r.Header.Set("Authorization", a.scheme+a.token)
	status, body := a.do(r)
	if err := json.Unmarshal(body, answer); err != nil {
		a.t.Fatalf("GET %s: %d %.200s: %v", path, status, body, err)
	}
	return status
}

// list returns the answer of a path that is a bare list.
func (a *asker) list(path string) (all []map[string]any) {
	a.t.Helper()
	if status := a.into(path, &all); status != 200 {
		a.t.Errorf("GET %s: %d", path, status)
	}
	return all
}

func (a *asker) status(path string) int {
	a.t.Helper()
	status, _ := a.get(path)
	return status
}

// clock is a clock that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func TestATokenIsABareStringForFourHours(t *testing.T) {
	c := newClock()
	a := ask(t, portal.New(portal.Options{Now: c.Now}))
	c.now = c.now.Add(4*time.Hour - time.Second)
	if status := a.status("/users/" + mira); status != 200 {
		t.Errorf("just before four hours: %d", status)
	}
	c.now = c.now.Add(time.Second)
	if status := a.status("/users/" + mira); status != 401 {
		t.Errorf("after four hours: %d", status)
	}
}

func TestANewTokenRevokesThePreviousOne(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	before := a.token
	a.login()
	if status := a.status("/users/" + mira); status != 200 {
		t.Errorf("the new token: %d", status)
	}
	a.token = before
	if status := a.status("/users/" + mira); status != 401 {
		t.Errorf("the token before: %d", status)
	}
}

func TestAuthorization(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	a.scheme = "" // the bare token of older material
	if status := a.status("/my-details"); status != 200 {
		t.Errorf("a bare token: %d", status)
	}
	for name, change := range map[string]func(http.Header){
		"no key":        func(h http.Header) { h.Del("x-api-key") },
		"wrong key":     func(h http.Header) { h.Set("x-api-key", "x") },
		"wrong version": func(h http.Header) { h.Set("x-api-version", "1") },
		"wrong token":   func(h http.Header) { h.Set("Authorization", "Bearer x") },
		"no token":      func(h http.Header) { h.Del("Authorization") },
	} {
		r := a.request("GET", "/my-details", nil)
		r.Header.Set("Authorization", "Bearer "+a.token)
		change(r.Header)
		if status, _ := a.do(r); status != 401 {
			t.Errorf("%s: %d, want 401", name, status)
		}
	}
	for body, want := range map[string]int{
		`{}`: 400,
		`{"username":"x","password":"y","privateKey":"z"}`: 401,
	} {
		if status, _ := a.do(a.request("POST", "/authenticate", strings.NewReader(body))); status != want {
			t.Errorf("authenticate with %s: %d, want %d", body, status, want)
		}
	}
}

func TestOAuthRotatesItsRefreshToken(t *testing.T) {
	p := portal.New(portal.Options{})
	a := ask(t, p)
	trade := func(refresh string) (int, map[string]any) {
		r := a.request("POST", "/oauth/token", strings.NewReader(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, body := a.do(r)
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		return status, answer
	}
	status, first := trade("emulated-refresh-token-0")
	if status != 200 || first["expires_in"] != 14400.0 {
		t.Fatalf("the first refresh: %d %v", status, first)
	}
	a.token = first["access_token"].(string)
	if status := a.status("/my-details"); status != 200 {
		t.Errorf("the access token: %d", status)
	}
	if status, answer := trade("emulated-refresh-token-0"); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("a used refresh token: %d %v", status, answer)
	}
	if status, _ := trade(first["refresh_token"].(string)); status != 200 {
		t.Errorf("the next refresh token: %d", status)
	}
}

func TestListsAreCountedInPages(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	ids := func(query string) []any {
		status, page := a.get("/users" + query)
		if status != 200 {
			t.Fatalf("%s: %d", query, status)
		}
		if page["returnedItems"] != float64(len(page["users"].([]any))) {
			t.Errorf("%s: returnedItems %v of %d", query, page["returnedItems"], len(page["users"].([]any)))
		}
		return page["users"].([]any)
	}
	if n := len(ids("")); n != 20 {
		t.Errorf("the default page has %d", n)
	}
	all := ids("?_limit=1000")
	if len(all) < 30 {
		t.Fatalf("%d people", len(all))
	}
	second := ids("?_limit=5&_offset=1")
	if second[0].(map[string]any)["id"] != all[5].(map[string]any)["id"] {
		t.Error("_offset does not count pages")
	}
	if n := len(ids("?_offset=65535")); n != 0 {
		t.Errorf("a page past the end has %d", n)
	}
	for _, query := range []string{"?_limit=1001", "?_offset=65536", "?_limit=x", "?_filter=nonsense"} {
		if status := a.status("/users" + query); status != 422 {
			t.Errorf("%s: %d, want 422", query, status)
		}
	}
}

func TestFilterAndSort(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	for filter, want := range map[string]float64{
		"id eq guid'" + mira + "'":                                     1,
		"id eq '" + strings.ToUpper(mira) + "'":                        1,
		"dateAdded lt datetime'2000-01-01T00:00:00Z'":                  0,
		"firstName eq 'Mira' and lastName eq 'Halvorsen'":              1,
		"firstName eq 'Mira' and lastName ne 'Halvorsen'":              0,
		"dateEdited gt '2023-01-01T00:00:00' and id eq '" + mira + "'": 1,
	} {
		if _, page := a.get("/users?_filter=" + url.QueryEscape(filter)); page["totalItems"] != want {
			t.Errorf("%s: %v, want %v", filter, page["totalItems"], want)
		}
	}
	names := func(sort string) string {
		_, page := a.get("/courses?_limit=1&_sort=" + sort)
		return page["courses"].([]any)[0].(map[string]any)["name"].(string)
	}
	if first, last := names("name"), names("-name"); first >= last {
		t.Errorf("sorted: %q, and the other way %q", first, last)
	}
}

func TestCategoriesAreABareList(t *testing.T) {
	if all := ask(t, portal.New(portal.Options{})).list("/categories"); len(all) == 0 {
		t.Error("there are none")
	}
}

func TestMissingResources(t *testing.T) {
	p := portal.New(portal.Options{})
	a := ask(t, p)
	status, answer := a.get("/users/" + nobody)
	if _, list := answer["validations"].([]any); status != 404 || !list {
		t.Errorf("an unknown id: %d %v", status, answer)
	}
	status, answer = a.get("/users/17")
	if _, object := answer["validations"].(map[string]any); status != 422 || !object {
		t.Errorf("a malformed id: %d %v", status, answer)
	}
	p.Delete("courses", atHeight)
	if status := a.status("/courses/" + atHeight); status != 404 {
		t.Errorf("a deleted course: %d", status)
	}
}

func TestNullsAndDates(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	_, user := a.get("/users/" + mira)
	for _, key := range []string{"middleName", "address", "notes"} {
		if value, ok := user[key]; !ok || value != nil {
			t.Errorf("%s is %v, want null", key, value)
		}
	}
	_, e := a.get("/users/" + mira + "/enrollments/" + atHeight)
	digits := map[int]bool{}
	for _, o := range []map[string]any{user, e} {
		for _, value := range o {
			if s, ok := value.(string); ok {
				if _, err := time.Parse("2006-01-02T15:04:05.9999999", s); err == nil {
					_, fraction, _ := strings.Cut(s, ".")
					digits[len(fraction)] = true
				}
			}
		}
	}
	if !digits[0] || len(digits) < 2 {
		t.Errorf("dates have %v fraction digits", digits)
	}
}

func TestALargeGroup(t *testing.T) {
	a := ask(t, portal.New(portal.Options{}))
	_, group := a.get("/groups/" + everybody)
	ids := group["userIds"].([]any)
	if len(ids) != 50_000 || ids[len(ids)-1] != "00000000-0000-0000-0000-000000000000" {
		t.Errorf("%d ids, the last %v", len(ids), ids[len(ids)-1])
	}
}

func TestRateLimit(t *testing.T) {
	c := newClock()
	a := ask(t, portal.New(portal.Options{Now: c.Now, Limit: true})) // the login was one
	allowed := 1
	for a.status("/my-details") == 200 {
		if allowed++; allowed > 400 {
			t.Fatal("no limit")
		}
	}
	if allowed != 300 {
		t.Errorf("%d in one second, want 200 and 100 more", allowed)
	}
	c.now = c.now.Add(time.Second)
	if status := a.status("/my-details"); status != 200 {
		t.Errorf("a second later: %d", status)
	}
}

func TestTheAPILagsBehind(t *testing.T) {
	c := newClock()
	p := portal.New(portal.Options{Now: c.Now, Lag: 5 * time.Second})
	a := ask(t, p)
	path := "/users/" + mira + "/enrollments/" + forklifts
	p.Trigger(portal.Event{Type: "EnrollmentCompletedByLearner", User: mira, Entities: map[string]string{"courseId": forklifts}}, portal.DefaultProfile())
	if _, e := a.get(path); e["status"] != 0.0 {
		t.Errorf("at once: %v", e["status"])
	}
	c.now = c.now.Add(5 * time.Second)
	if _, e := a.get(path); e["status"] != 3.0 {
		t.Errorf("after the lag: %v", e["status"])
	}
}

func TestFaults(t *testing.T) {
	p := portal.New(portal.Options{})
	server := httptest.NewServer(p.Handler())
	defer server.Close()
	a := ask(t, p)
	a.base, a.http = server.URL, &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for mode, want := range map[portal.Mode]struct {
		status int
		shows  string
	}{
		portal.TooMany:      {429, "Too Many"},
		portal.TooManyRetry: {429, "Too Many"},
		portal.ServerError:  {500, ""},
		portal.Unavailable:  {503, "<h1>"},
		portal.Forbidden:    {403, "permission"},
		portal.Missing:      {404, "not found"},
		portal.Unauthorized: {401, "Unauthorized"},
		portal.Empty:        {200, ""},
		portal.HTML:         {200, "<!doctype"},
		portal.WrongType:    {200, `"surprise"`},
		portal.Huge:         {200, "    "},
		portal.Slow:         {404, ""},
		portal.Redirect:     {302, "elsewhere.invalid"},
	} {
		p.Break(portal.Fault{Mode: mode, Prefix: "/users/", Count: 1})
		r := a.request("GET", "/users/"+mira, nil)
		r.Header.Set("Authorization", "Bearer "+a.token)
		status, body := a.do(r)
		if status != want.status || !strings.Contains(string(body), want.shows) {
			t.Errorf("%s: %d %.100s", mode, status, body)
		}
		if status := a.status("/users/" + mira); status != 200 {
			t.Errorf("after one %s: %d", mode, status)
		}
	}
	for _, mode := range []portal.Mode{portal.Reset, portal.Hang} {
		p.Break(portal.Fault{Mode: mode})
		a.http.Timeout = 200 * time.Millisecond
		if res, err := a.http.Do(a.request("GET", "/my-details", nil)); err == nil {
			res.Body.Close()
			t.Errorf("%s: answered %d", mode, res.StatusCode)
		}
		p.Mend()
	}
}
