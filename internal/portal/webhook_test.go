package portal_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const secret = "made-up-secret-0123456789"

// understood is what the bridge makes of a webhook.
func understood(t *testing.T, w portal.Webhook) bridge.Event {
	t.Helper()
	parser, err := absorb.NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	events, err := parser.Parse(w.Body)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v: %s", len(events), err, w.Body)
	}
	return events[0]
}

// What each profile means is tested where it is read, in bridge/absorb.
func TestNoTwoProfilesAreTheSame(t *testing.T) {
	seen := map[string]string{}
	for _, pr := range portal.Profiles() {
		p := portal.New(portal.Options{Now: newClock().Now})
		w := p.Webhook("CertificateAwarded", pr)
		shape := string(w.Form) + " " + string(w.Body)
		if other, known := seen[shape]; known {
			t.Errorf("%s is the same as %s", pr.Name, other)
		}
		seen[shape] = pr.Name
	}
}

func TestTheTestRequestIsSignedAtRandom(t *testing.T) {
	p := portal.New(portal.Options{})
	w := p.Webhook("UserCreated", portal.DefaultProfile())
	seen := map[string]bool{portal.Sign(secret, w.Body, w.Form): true}
	for range 3 {
		r, err := w.TestRequest(t.Context(), "http://bridge.invalid/hooks/production")
		if err != nil {
			t.Fatal(err)
		}
		signature := r.Header.Get(absorb.SignatureHeader)
		if len(signature) != 64 || seen[signature] {
			t.Errorf("the signature %q", signature)
		}
		seen[signature] = true
	}
}

func TestAStoryHasOneCorrelationID(t *testing.T) {
	p := portal.New(portal.Options{})
	ids, events := map[string]bool{}, 0
	for _, w := range p.Story(portal.DefaultProfile()) {
		ids[understood(t, w).CorrelationID] = true
		events++
	}
	if len(ids) != 1 || events != 4 {
		t.Errorf("%d events under %d ids", events, len(ids))
	}
}

func TestABulkEnrollmentIsOneTransactionOfManyLearners(t *testing.T) {
	p := portal.New(portal.Options{})
	people, ids := map[string]bool{}, map[string]bool{}
	for _, w := range p.Bulk(len(p.People()), portal.DefaultProfile()) {
		e := understood(t, w)
		people[e.UserID], ids[e.CorrelationID] = true, true
	}
	if len(people) != len(p.People()) || len(ids) != 1 {
		t.Errorf("%d learners under %d ids", len(people), len(ids))
	}
}

func TestPostGivesTheAnswer(t *testing.T) {
	p := portal.New(portal.Options{})
	server := httptest.NewServer(p.Handler()) // any server that answers
	defer server.Close()
	w := p.Webhook("UserCreated", portal.DefaultProfile())
	status, answer, err := w.Post(t.Context(), server.Client(), server.URL+"/nowhere", secret)
	if err != nil || status != 404 || !strings.Contains(answer, "not found") {
		t.Errorf("%d %q %v", status, answer, err)
	}
	server.Close()
	if _, _, err := w.Post(t.Context(), server.Client(), server.URL, secret); err == nil {
		t.Error("a closed port answered")
	}
}

// The demo sends events of every type.
func TestNextEventuallyHasEveryEvent(t *testing.T) {
	p := portal.New(portal.Options{Seed: 1})
	seen := map[string]bool{}
	for range 2000 {
		seen[understood(t, p.Next(portal.DefaultProfile())).Type] = true
	}
	for _, e := range absorb.Events() {
		if !seen[e.Name] {
			t.Errorf("%s never happened", e.Name)
		}
	}
}

// Each new event is about another person or thing. It is the newest entry of the list that
// completes its lean webhook.
func TestTriggerNewNeverRepeats(t *testing.T) {
	p := portal.New(portal.Options{Seed: 3})
	a := ask(t, p)
	about := map[string]string{}
	for range 3 {
		learners := map[string]string{}
		for _, event := range absorb.Events() {
			e := understood(t, p.TriggerNew(event.Name, portal.DefaultProfile()))
			if before := learners[e.UserID]; e.UserID != "" && before != "" {
				t.Errorf("%s: is about the learner of %s", event.Name, before)
			}
			learners[e.UserID] = event.Name
			if e.Type != event.Name || (e.AdminID != "") != event.ByAdmin || absorb.ThingOf(e) == "" {
				t.Errorf("%s: %+v", event.Name, e)
			}
			if before := about[absorb.ThingOf(e)]; before != "" && !strings.Contains(before, "ctivated") {
				t.Errorf("%s: %s was there before", event.Name, absorb.ThingOf(e))
			}
			about[absorb.ThingOf(e)] = event.Name
			if strings.HasPrefix(event.Name, "EnrollmentCompleted") {
				if newest := a.entries("/users/"+e.UserID+"/enrollments?_sort=-dateCompleted", "enrollments")[0]; newest["courseId"] != e.Entities["courseId"] {
					t.Errorf("%s: the newest completion is of %v", event.Name, newest["courseId"])
				}
			}
		}
	}
}

func TestABulkEnrollmentAddsPeople(t *testing.T) {
	p := portal.New(portal.Options{})
	n := 3 * len(p.People())
	learners := map[string]bool{}
	var course string
	for _, w := range p.Bulk(n, portal.DefaultProfile()) {
		e := understood(t, w)
		learners[e.UserID], course = true, e.Entities["courseId"]
	}
	all := ask(t, p).entries("/courses/"+course+"/enrollments?_limit=1000", "enrollments")
	if len(learners) != n || len(all) < n {
		t.Errorf("%d webhooks are of %d learners, and the list has %d", n, len(learners), len(all))
	}
}
