package enrich_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
)

// api is an Integration API that answers as its script says: by path, and query where
// there is one.
type api struct {
	mu     sync.Mutex // guards asked
	script map[string]string
	asked  []string
}

// RoundTrip answers a text that begins with a number with that status.
func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.RequestURI())
	status, body := http.StatusNotFound, `{"message":"Not found."}`
	if text, ok := a.script[r.URL.RequestURI()]; ok {
		status, body = http.StatusOK, text
	}
	for code, words := range map[int]string{401: "401", 403: "403", 422: "422", 500: "500"} {
		if body == words {
			status, body = code, `{"message":"No."}`
		}
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func scripted(t *testing.T, script map[string]string) (*enrich.Enricher, *api) {
	t.Helper()
	a := &api{script: script}
	c, err := absorb.NewClient(absorb.ClientOptions{BaseURL: "http://portal.invalid", Key: "k", HTTP: &http.Client{Transport: a}, Budget: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return enrich.New(enrich.Options{Source: "production", Client: c}), a
}

func path(p string, asks ...string) bridge.Way {
	return bridge.Way{Path: func(bridge.Facts) (string, error) { return p, nil }, Asks: asks}
}

func chosen(p string, c bridge.Choice) bridge.Way {
	w := path(p)
	w.Choose = &c
	return w
}

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// TestWaysInTheirOrder: the first request that has an answer counts.
func TestWaysInTheirOrder(t *testing.T) {
	const list = `{"totalItems":2,"certificates":[{"id":"C1","name":"other"},{"id":"c2","name":"mine"}]}`
	byID := bridge.Choice{Match: map[string]string{"id": "certificateId"}}
	for name, c := range map[string]struct {
		script map[string]string
		id     string
		want   any
		asked  int
	}{
		"the list":                     {map[string]string{"/list": list, "/one": `{"name":"single"}`}, "C2", "mine", 1},
		"not on the list":              {map[string]string{"/list": list, "/one": `{"name":"single"}`}, "c3", "single", 2},
		"the list is refused":          {map[string]string{"/list": "403", "/one": `{"name":"single"}`}, "c2", "single", 2},
		"neither":                      {map[string]string{"/list": list}, "c3", nil, 2},
		"no id: the list is not asked": {map[string]string{"/list": list, "/one": `{"name":"single"}`}, "", "single", 1},
		"a bare list":                  {map[string]string{"/list": `[{"id":"c2","name":"mine"}]`}, "c2", "mine", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := scripted(t, c.script)
			l := bridge.Lookup{Part: "certificate", Ways: []bridge.Way{chosen("/list", byID), path("/one")}}
			ev := bridge.Event{Entities: map[string]string{"certificateId": c.id}}
			facts, outcome := e.Facts(t.Context(), ev, []bridge.Lookup{l})
			if part(facts, "certificate", "name") != c.want || len(a.asked) != c.asked || len(outcome.Failed) > 0 {
				t.Errorf("%v after %v, failed %v", facts["certificate"], a.asked, outcome.Failed)
			}
		})
	}
}

// TestAnswersAndNoAnswers: what Absorb refuses or does not know is an answer, and only
// no answer is a failure.
func TestAnswersAndNoAnswers(t *testing.T) {
	for words, failed := range map[string]bool{"403": false, "422": false, "500": true, "": false, "<html>": true} {
		e, _ := scripted(t, map[string]string{"/x": words})
		if words == "" {
			e, _ = scripted(t, nil) // 404
		}
		l := bridge.Lookup{Part: "x", Ways: []bridge.Way{path("/x")}, Settled: func(bridge.Facts) bool { return false }}
		facts, outcome := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{l})
		if facts["x"] != nil || (outcome.Failed["x"] != nil) != failed {
			t.Errorf("%q: %v, %+v", words, facts["x"], outcome)
		}
		if waits := len(outcome.Unsettled) > 0; waits != (words == "") {
			t.Errorf("%q is asked again: %v", words, waits)
		}
	}
}

// TestAListThatIsRefused: there is nothing to wait for.
func TestAListThatIsRefused(t *testing.T) {
	e, _ := scripted(t, map[string]string{"/list": "403"})
	l := bridge.Lookup{Part: "x", Ways: []bridge.Way{chosen("/list", bridge.Choice{Recent: "done", Within: time.Minute})}, Settled: func(bridge.Facts) bool { return false }}
	if _, outcome := e.Facts(t.Context(), bridge.Event{ReceivedAt: noon}, []bridge.Lookup{l}); len(outcome.Unsettled) > 0 {
		t.Errorf("%+v", outcome)
	}
}

func TestRecentEntries(t *testing.T) {
	entry := func(id, date string) string {
		return `{"id":"` + id + `","courseId":"c-` + id + `","name":"` + id + `","done":"` + date + `"}`
	}
	near, far, ahead := entry("near", "2026-11-28T11:59:00"), entry("far", "2026-11-28T11:40:00.1234567"), entry("ahead", "2026-11-28T12:01:30Z")
	for name, c := range map[string]struct {
		list       []string
		webhook    map[string]string
		want       string // course that is inferred
		candidates int
		unsettled  bool
	}{
		"one":                       {[]string{near, far}, nil, "c-near", 0, false},
		"by a clock that is ahead":  {[]string{ahead, far}, nil, "c-ahead", 0, false},
		"none":                      {[]string{far}, nil, "", 0, true},
		"two":                       {[]string{ahead, near, far}, nil, "", 2, true},
		"no date":                   {[]string{entry("odd", "")}, nil, "", 0, true},
		"a webhook that names it":   {[]string{near}, map[string]string{"courseId": "mine"}, "mine", 0, false},
		"a webhook that names more": {[]string{near}, map[string]string{"sessionId": "s"}, "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := scripted(t, map[string]string{"/list": "[" + strings.Join(c.list, ",") + "]", "/courses/c-near": `{"name":"Near"}`, "/courses/c-ahead": `{"name":"Ahead"}`})
			course := bridge.Lookup{Part: "course", Ways: []bridge.Way{{Asks: []string{"courseId"}, Path: func(f bridge.Facts) (string, error) {
				id, _ := part(f, "event", "courseId").(string)
				return strings.TrimSuffix("/courses/"+id, "/courses/"), nil
			}}}}
			enrollment := bridge.Lookup{Part: "enrollment", Ways: []bridge.Way{chosen("/list", bridge.Choice{
				Recent: "done", Within: 10 * time.Minute, Unless: []string{"sessionId"}, IDs: map[string]string{"courseId": "courseId", "enrollmentId": "id"},
			})}}
			facts, outcome := e.Facts(t.Context(), bridge.Event{UserID: "u", ReceivedAt: noon, Entities: c.webhook}, []bridge.Lookup{course, enrollment})
			got, _ := part(facts, "event", "courseId").(string)
			candidates, _ := facts["candidates"].([]any)
			if got != c.want || len(candidates) != c.candidates || slices.Contains(outcome.Unsettled, "enrollment") != c.unsettled {
				t.Errorf("course %q, candidates %v, unsettled %v", got, candidates, outcome.Unsettled)
			}
			if inferred := c.want != "" && c.webhook == nil; inferred != (part(facts, "inferred", "courseId") == c.want && c.want != "") || inferred != (part(facts, "course", "name") != nil) {
				t.Errorf("inferred %v, course %v", facts["inferred"], facts["course"])
			}
		})
	}
}

// TestEventsShareAList: those that come together cause one request.
func TestEventsShareAList(t *testing.T) {
	e, a := scripted(t, map[string]string{"/list?_limit=20": `[]`})
	l := bridge.Lookup{Part: "x", Ways: []bridge.Way{chosen("/list?_limit=20", bridge.Choice{Recent: "done", Within: time.Minute})}}
	for range 5 {
		e.Facts(context.Background(), bridge.Event{ReceivedAt: noon}, []bridge.Lookup{l})
	}
	if len(a.asked) != 1 {
		t.Errorf("asked %v", a.asked)
	}
}

// TestAListThatIsCut does not say that nothing is left: what it does not show may be
// what the event is about.
func TestAListThatIsCut(t *testing.T) {
	taken := claims(func(int) (int, []int) { return -1, nil })
	for rows, repetition := range map[int]bool{2: false, 1: true} {
		all := slices.Repeat([]string{`{"id":"a","done":"2026-11-28T11:59:00"}`}, rows)
		e, _ := scripted(t, map[string]string{"/list?_limit=2": "[" + strings.Join(all, ",") + "]"})
		e.Claims = taken
		l := bridge.Lookup{Part: "x", Ways: []bridge.Way{chosen("/list?_limit=2", bridge.Choice{Recent: "done", Within: time.Minute, IDs: map[string]string{"xId": "id"}})}}
		if _, outcome := e.Facts(t.Context(), bridge.Event{ReceivedAt: noon}, []bridge.Lookup{l}); outcome.Repetition != repetition {
			t.Errorf("%d entries: repetition %v", rows, outcome.Repetition)
		}
	}
}

type claims func(candidates int) (claimed int, free []int)

func (c claims) Claim(_ context.Context, _ bridge.Event, candidates []bridge.Event) (int, []int, error) {
	claimed, free := c(len(candidates))
	return claimed, free, nil
}
