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

// The demo's trickle is made of everything.
func TestNextHasEveryEventInTime(t *testing.T) {
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
