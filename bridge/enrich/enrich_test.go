package enrich_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/enrich"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const (
	mira   = "/users/10000000-0000-4000-a000-000000000001"
	course = "/courses/20000000-0000-4000-a000-000000000001"
	bundle = "/courses/20000000-0000-4000-a000-000000000004"
	nobody = "/users/10000000-0000-4000-a000-00000000ffff"
)

// notebook keeps names, and counts how often it was told one.
type notebook struct {
	mu    sync.Mutex
	names map[string]string
	told  int
}

func (n *notebook) RememberName(_ context.Context, source, kind, id, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[source+" /"+kind+"/"+id] = name
	n.told++
	return nil
}

func (n *notebook) Name(_ context.Context, source, kind, id string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names[source+" /"+kind+"/"+id], nil
}

func start(t *testing.T, p *portal.Portal, names enrich.Names) *enrich.Enricher {
	t.Helper()
	c, err := absorb.NewClient(absorb.ClientOptions{
		BaseURL: "http://portal.invalid", Key: bridge.Secret(p.Key), Username: p.Username, Password: bridge.Secret(p.Password),
		HTTP: &http.Client{Transport: p.RoundTripper()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return enrich.New(enrich.Options{Source: "production", Client: c, Names: names, Portal: "https://learning.example.com"})
}

// at looks a part up at a fixed path.
func at(part, path string) bridge.Lookup {
	return bridge.Lookup{Part: part, Ways: []bridge.Way{{Path: func(bridge.Facts) (string, error) { return path, nil }}}}
}

func part(f bridge.Facts, name, key string) any {
	object, _ := f[name].(map[string]any)
	return object[key]
}

func TestWaves(t *testing.T) {
	department := bridge.Lookup{Part: "department", Need: []string{"user"}, Ways: []bridge.Way{{Path: func(f bridge.Facts) (string, error) {
		id, _ := part(f, "user", "departmentId").(string)
		return "/departments/" + id, nil
	}}}}
	nothing := at("nothing", "")
	facts, outcome := start(t, portal.New(portal.Options{}), nil).Facts(t.Context(), bridge.Event{ID: "e", Source: "production"},
		[]bridge.Lookup{department, at("user", mira), nothing})
	if len(outcome.Failed) != 0 || part(facts, "department", "name") != "Quay & Cranes" || facts["portal"] != "https://learning.example.com" {
		t.Errorf("%v, %+v", facts, outcome)
	}
	if _, there := facts["nothing"]; there || len(outcome.Calls) != 2 {
		t.Errorf("a lookup without a path was asked: %+v", outcome.Calls)
	}
}

func TestNeedsInACircleAreAskedAnyway(t *testing.T) {
	one, two := at("one", mira), at("two", course)
	one.Need, two.Need = []string{"two"}, []string{"one"}
	facts, _ := start(t, portal.New(portal.Options{}), nil).Facts(t.Context(), bridge.Event{}, []bridge.Lookup{one, two})
	if part(facts, "one", "firstName") != "Mira" || part(facts, "two", "id") == nil {
		t.Errorf("%v", facts)
	}
}

func TestCacheAndItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal.New(portal.Options{})
		e := start(t, p, nil)
		enrollment := mira + "/enrollments/20000000-0000-4000-a000-000000000001"
		look := func() enrich.Outcome {
			_, outcome := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{at("user", mira), at("enrollment", enrollment), at("gone", nobody)})
			return outcome
		}
		look()
		if cached := slices.ContainsFunc(look().Calls, func(c bridge.LookupCall) bool { return c.Cached && c.Part == "user" }); !cached {
			t.Error("the call is not told as cached")
		}
		if p.Requests(mira) != 1 || p.Requests(enrollment) != 2 || p.Requests(nobody) != 1 {
			t.Errorf("asked for the user %d times, the enrollment %d, nobody %d", p.Requests(mira), p.Requests(enrollment), p.Requests(nobody))
		}
		time.Sleep(6 * time.Second) // what is missing is believed for a moment only
		look()
		if p.Requests(mira) != 1 || p.Requests(nobody) != 2 {
			t.Errorf("after 6 s: user %d, nobody %d", p.Requests(mira), p.Requests(nobody))
		}
		time.Sleep(10 * time.Minute)
		look()
		if p.Requests(mira) != 2 {
			t.Errorf("after 10 min the user was asked for %d times", p.Requests(mira))
		}
	})
}

func TestOneRequestForManyEvents(t *testing.T) {
	p := portal.New(portal.Options{})
	e := start(t, p, nil)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if facts, _ := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{at("course", course)}); part(facts, "course", "name") == nil {
				t.Error("no course")
			}
		})
	}
	wg.Wait()
	if n := p.Requests(course); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestDeletedThingsKeepTheirName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, names := portal.New(portal.Options{}), &notebook{names: map[string]string{}}
		e := start(t, p, names)
		look := func() bridge.Facts {
			facts, outcome := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{at("course", bundle), at("user", mira)})
			if len(outcome.Failed) > 0 {
				t.Errorf("failed: %v", outcome.Failed)
			}
			return facts
		}
		name := part(look(), "course", "name")
		if names.names["production "+mira] != "Mira Halvorsen" || names.told != 2 {
			t.Errorf("names %v, told %d times", names.names, names.told)
		}
		p.Delete("courses", strings.TrimPrefix(bundle, "/courses/"))
		time.Sleep(11 * time.Minute)
		facts := look()
		if name == nil || part(facts, "course", "name") != name || part(facts, "course", "lastKnown") != true {
			t.Errorf("after it was deleted: %v", facts["course"])
		}
		if names.told != 2 {
			t.Errorf("a name that did not change was told again: %d", names.told)
		}
	})
}

func TestNoAnswer(t *testing.T) {
	p := portal.New(portal.Options{})
	e := start(t, p, nil)
	facts, outcome := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{at("user", nobody)})
	if _, there := facts["user"]; there && facts["user"] != nil || len(outcome.Failed) != 0 {
		t.Errorf("unknown: %v, %+v", facts, outcome)
	}
	broken := bridge.Lookup{Part: "course", Ways: []bridge.Way{{Path: func(bridge.Facts) (string, error) { return "", errors.New("template fault") }}}}
	facts, outcome = e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{broken, at("user", mira)})
	if outcome.Failed["course"] == nil || part(facts, "user", "firstName") != "Mira" {
		t.Errorf("one failed: %v, %+v", facts, outcome)
	}
}

func TestSettled(t *testing.T) {
	e := start(t, portal.New(portal.Options{}), nil)
	l := at("user", mira)
	for want, settled := range map[int]func(bridge.Facts) bool{
		0: func(f bridge.Facts) bool { return part(f, "user", "firstName") == "Mira" },
		1: func(bridge.Facts) bool { return false },
	} {
		l.Settled = settled
		if _, outcome := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{l}); len(outcome.Unsettled) != want {
			t.Errorf("unsettled %v, want %d", outcome.Unsettled, want)
		}
	}
}

func TestWithoutAPI(t *testing.T) {
	facts, outcome := enrich.New(enrich.Options{}).Facts(t.Context(), bridge.Event{ID: "e", UserID: "u"}, []bridge.Lookup{at("user", mira)})
	if part(facts, "event", "userId") != "u" || facts["user"] != nil || len(outcome.Calls)+len(outcome.Failed) != 0 {
		t.Errorf("%v, %+v", facts, outcome)
	}
}

func TestCallersContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, outcome := start(t, portal.New(portal.Options{}), nil).Facts(ctx, bridge.Event{}, []bridge.Lookup{at("user", mira)})
	if err := outcome.Failed["user"]; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("failed with %v", err)
	}
}

// A trace tells how an event was looked up, and nothing that Absorb said.
func TestTrace(t *testing.T) {
	calls := []bridge.LookupCall{{Part: "user", Path: "/users/1", Status: 500}}
	trace := enrich.Outcome{
		Calls: calls, Unsettled: []string{"enrollment"},
		Failed: map[string]error{"user": &absorb.APIError{Status: 500, Message: "Mira Halvorsen is not here"}, "course": errors.New("no path")},
	}.Trace()
	if trace.Failed["user"] != "answered 500" || trace.Failed["course"] != "no path" || len(trace.Calls) != 1 || trace.Unsettled[0] != "enrollment" {
		t.Errorf("%+v", trace)
	}
}

// What is kept of an answer is short: long texts are cut unless somebody reads them, and
// of an answer that is large all the same, only what is read is left, or nothing.
func TestWhatIsKeptOfAnswers(t *testing.T) {
	long, fields, read := strings.Repeat("x", 10_000), &strings.Builder{}, &strings.Builder{}
	for i := range 1000 {
		fmt.Fprintf(fields, `,"field%d":"a value of some bytes"`, i)
		fmt.Fprintf(read, `,"thing%dId":"%s"`, i, long[:300])
	}
	e, _ := scripted(t, map[string]string{
		"/courses/c":     `{"id":"c","name":"Knots","description":"` + long + `","goals":"` + long + `"}`,
		"/enrollments/e": `{"id":"e"` + fields.String() + `}`,
		"/users/u":       `{"id":"u"` + read.String() + `}`,
	})
	e.Reads = bridge.NewReads()
	e.Reads.Note("{{ .course.goals }}")
	f, outcome := e.Facts(t.Context(), bridge.Event{}, []bridge.Lookup{at("course", "/courses/c"), at("enrollment", "/enrollments/e"), at("user", "/users/u")})
	description, goals := part(f, "course", "description").(string), part(f, "course", "goals").(string)
	if len(description) > 250 || len(goals) < 4096 || len(goals) > 4100 {
		t.Errorf("%d bytes of the description, %d of the goals", len(description), len(goals))
	}
	if n := len(f["enrollment"].(map[string]any)); n != 1 || f["user"] != nil || len(outcome.Failed) > 0 {
		t.Errorf("%d fields of the enrollment, user %v, failed %v", n, f["user"], outcome.Failed)
	}
	if !slices.Equal(outcome.Event.Shared, []string{"course"}) {
		t.Errorf("shared are %v", outcome.Event.Shared)
	}
}
