package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

const (
	miraID    = "10000000-0000-4000-A000-0000000000aa"
	miraName  = "Mira O’Halvorsen & Sons"
	miraEmail = "mira.halvorsen@example.com"
)

// aboutMira are events by, about and with somebody, and one that is not.
func aboutMira(t *testing.T, s *Store) {
	t.Helper()
	mira := map[string]any{"id": strings.ToLower(miraID), "firstName": "Mira", "lastName": "O’Halvorsen & Sons", "emailAddress": miraEmail, "username": "mira.h"}
	bo := map[string]any{"id": "bo", "firstName": "Bo", "lastName": "Ek", "supervisorId": miraID, "jobTitle": "Clerk in the office of the harbour"}
	for i, e := range []struct {
		event bridge.Event
		facts bridge.Facts
	}{
		{bridge.Event{UserID: miraID}, bridge.Facts{"user": mira, "enrollment": map[string]any{"fullName": miraName}}},
		{bridge.Event{UserID: "bo", AdminID: strings.ToLower(miraID)}, bridge.Facts{"user": bo, "admin": mira}},
		{bridge.Event{UserID: "bo"}, bridge.Facts{"user": bo, "supervisor": mira, "note": "ask " + miraName + " or write to " + strings.ToUpper(miraEmail)}},
		{bridge.Event{UserID: "bo"}, bridge.Facts{"user": map[string]any{"id": "bo", "lastName": "Ek"}, "note": "amira.hansen"}},
	} {
		e.event.Source, e.event.Type, e.event.ReceivedAt, e.event.CorrelationID = "production", "EnrollmentCompletedByLearner", noon, fmt.Sprint(i)
		e.event.Entities, e.event.Shared = map[string]string{"courseId": fmt.Sprint("c", i)}, []string{"user", "admin", "supervisor"}
		e.event.Raw = fmt.Appendf(nil, `{"n":%d,"userId":%q,"who":"Mira O\u2019Halvorsen \u0026 Sons"}`, i, e.event.UserID)
		if i > 1 {
			e.event.Raw = fmt.Appendf(nil, `{"n":%d,"userId":"bo"}`, i)
		}
		e.event.ID = accept(t, s, e.event)[0].ID
		if err := s.FanOut(t.Context(), e.event, e.facts, []Target{{Route: "r", Sink: "a"}, {Route: "r", Sink: "b"}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range deliveries(t, s, Filter{Sink: "a"}) {
		err := s.Record(t.Context(), bridge.Attempt{
			DeliveryID: d.ID, Sink: "a", At: noon, Outcome: "rejected", Detail: "no mailbox " + miraEmail, State: bridge.Dead,
			Posts: []bridge.Post{{Kind: bridge.ThreadPost, Key: strings.ToUpper(miraID) + "/c" + d.ID, Ref: "r"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		s.RememberName(t.Context(), "production", "users", miraID, miraName),
		s.RememberName(t.Context(), "production", "courses", "c1", "Knots"),
		s.Capture(t.Context(), Capture{Source: "production", Received: noon, Headers: http.Header{}, Body: []byte(`{"userId":"` + miraID + `"}`)}),
		s.Capture(t.Context(), Capture{Source: "production", Received: noon, Headers: http.Header{}, Body: []byte(`{}`)}),
		s.Collect(t.Context(), Choice{Sink: "b", Route: "r"}, Gather{Key: "story " + miraID, Closes: noon.Add(time.Hour), Latest: noon.Add(time.Hour), Room: 10}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestForget(t *testing.T) { both(t, testForget) }

func testForget(t *testing.T, s *Store) {
	aboutMira(t, s)
	want := Removal{
		Rows:    map[string]int{"events": 2, "deliveries": 4, "attempts": 2, "names": 1, "captures": 1, "posts": 4, "parcels": 1},
		Blanked: map[string]int{"events": 1, "attempts": 2, "audit": 0, "deliveries": 2}, Cancelled: 2,
	}
	for _, dry := range []bool{true, false} {
		before := len(deliveries(t, s, Filter{}))
		got, err := s.Forget(t.Context(), Person{User: miraID}, dry)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("dry %v: %+v, %v; want %+v", dry, got, err, want)
		}
		if left := len(deliveries(t, s, Filter{})); dry && left != before || !dry && left != 4 {
			t.Errorf("dry %v: %d deliveries are left of %d", dry, left, before)
		}
	}
	if again, err := s.Forget(t.Context(), Person{User: miraID, Email: miraEmail}, false); err != nil || again.Rows["events"]+again.Rows["names"]+again.Blanked["events"] != 0 {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	// What is about others is still there, and still waits.
	events, err := s.Events(t.Context(), Filter{Text: `"Ek"`})
	if err != nil || len(events) != 2 || events[0].Deliveries[bridge.Pending] != 1 || events[0].Deliveries[bridge.Dead] != 1 {
		t.Errorf("%+v, %v", events, err)
	}
	due, err := s.Due(t.Context(), "b", noon.Add(time.Minute), 10)
	if err != nil || len(due) != 2 {
		t.Errorf("%d are due, %v", len(due), err)
	}
	if text := fmt.Sprint(due[0].Facts, due[1].Facts); !strings.Contains(text, "ask (forgotten) or write to (forgotten)") || !strings.Contains(text, "amira.hansen") {
		t.Error(text)
	}
	// Neither the webhook nor Absorb's API brings it back.
	e := bridge.Event{
		Source: "production", Type: "EnrollmentCompletedByLearner", UserID: miraID, ReceivedAt: noon.Add(time.Hour), CorrelationID: "0",
		Entities: map[string]string{"courseId": "c0"}, Raw: fmt.Appendf(nil, `{"n":0,"userId":%q,"who":"Mira O\u2019Halvorsen \u0026 Sons"}`, miraID),
	}
	if got := accept(t, s, e); !got[0].Duplicate {
		t.Errorf("the webhook came in again: %+v", got)
	}
	e.Raw = []byte(`{"another":"body"}`)
	if got := accept(t, s, e); !got[0].Duplicate {
		t.Errorf("it came in by another body: %+v", got)
	}
	if n, err := s.CatchUp(t.Context(), Untold{Events: []bridge.Event{listed(miraID, "c0", noon)}}, "", ""); err != nil || n != 0 {
		t.Errorf("%d were caught up, %v", n, err)
	}
	e.Entities, e.Raw = map[string]string{"courseId": "c9"}, []byte(`{"later":1}`)
	if got := accept(t, s, e); got[0].Duplicate {
		t.Error("what happens later is refused")
	}
}

// TestForgetLeavesNothingInTheFile looks for a person in the files themselves, while
// the store is open and when it is closed.
func TestForgetLeavesNothingInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 { // others, before and after
		accept(t, s, event(i))
		if i == 150 {
			aboutMira(t, s)
		}
	}
	for _, u := range unrouted(t, s) {
		if err := s.FanOut(t.Context(), u.Event, bridge.Facts{"user": map[string]any{"id": miraID, "emailAddress": miraEmail}}, []Target{{Route: "r", Sink: "a"}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	words := []string{miraID, strings.ToLower(miraID), strings.ToUpper(miraID), miraEmail, "O’Halvorsen", `O\u2019Halvorsen`, `"mira.h"`}
	if inFiles(t, path, words) == 0 {
		t.Fatal("the test looks in the wrong place")
	}
	if _, err := s.Forget(t.Context(), Person{User: strings.ToLower(miraID), Email: miraEmail}, false); err != nil {
		t.Fatal(err)
	}
	if n := inFiles(t, path, words); n != 0 {
		t.Errorf("%d times in the open store", n)
	}
	accept(t, s, event(1000))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := inFiles(t, path, words); n != 0 {
		t.Errorf("%d times in the closed store", n)
	}
}

// inFiles counts how often words are in a store's files.
func inFiles(t *testing.T, path string, words []string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Dir(path) + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			n += bytes.Count(data, []byte(word))
		}
	}
	return n
}

// Events are accepted while a person is forgotten.
func TestForgetBesideIntake(t *testing.T) {
	s := open(t)
	aboutMira(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil && n < 2000; n++ {
			if _, err := s.Accept(context.WithoutCancel(ctx), []bridge.Event{event(n)}); err != nil {
				t.Error(err)
			}
		}
		ended <- n
	}()
	_, err := s.Forget(t.Context(), Person{User: miraID}, false)
	cancel()
	n := <-ended
	if events, listErr := s.Events(t.Context(), Filter{Limit: 100_000, Event: "CertificateAwarded"}); err != nil || listErr != nil || len(events) != n {
		t.Errorf("%v, %v: %d events of %d", err, listErr, len(events), n)
	}
}

// TestForgetShortNames forgets somebody whose names stand inside of other words.
func TestForgetShortNames(t *testing.T) { both(t, testForgetShortNames) }

func testForgetShortNames(t *testing.T, s *Store) {
	const id = "20000000-0000-4000-a000-0000000000ab"
	if err := s.RememberName(t.Context(), "production", "users", id, "Anna"); err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{ // whether it is about Anna
		`text "Joanna Berg"`: false, `sink annapolis`: false, `sink anna2`: false, `Éanna`: false, "annannab": false,
		`text "anna"`: true, `to ANNA.`: true, `Joanna and Anna`: true, `{"to":"\u0027Anna\u0027"}`: true, "no\\nanna": true, "x" + strings.ToUpper(id) + "x": true,
	}
	events, targets := 0, []Target{{Route: "r", Sink: "a"}}
	for text := range texts {
		if err := s.Note(t.Context(), Audit{At: noon, Who: "me", Action: "deliveries/retry", Target: text}); err != nil {
			t.Fatal(err)
		}
		e := event(events)
		if e.ID = accept(t, s, e)[0].ID; s.FanOut(t.Context(), e, bridge.Facts{}, targets, noon) != nil {
			t.Fatal("it was not fanned out")
		}
		events++
	}
	for i, d := range deliveries(t, s, Filter{}) {
		text := slices.Sorted(maps.Keys(texts))[i]
		err := s.Record(t.Context(), bridge.Attempt{
			DeliveryID: d.ID, Sink: "a", At: noon, Outcome: "rejected", Detail: text, State: bridge.Dead,
			Posts: []bridge.Post{{Kind: bridge.ThreadPost, Key: text, Ref: "r"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.Forget(t.Context(), Person{User: id}, false)
	if n := 6; err != nil || removed.Blanked["audit"] != n || removed.Blanked["attempts"] != n || removed.Blanked["deliveries"] != n || removed.Rows["posts"] != n {
		t.Errorf("%+v, %v; want %d of each", removed, err, n)
	}
	audits, err := s.Audits(t.Context(), "", 50)
	if err != nil || len(audits) != len(texts) {
		t.Fatal(len(audits), err)
	}
	for _, a := range audits {
		if hers := texts[a.Target]; hers {
			t.Errorf("%q is left in the audit", a.Target)
		}
		delete(texts, a.Target)
	}
	for text, hers := range texts {
		if !hers {
			t.Errorf("%q was blanked", text)
		}
	}
}

func TestJSONForms(t *testing.T) {
	for _, text := range []string{miraName, `a"b\c`, "Łukasz <W>"} {
		for _, form := range jsonForms(text) {
			var got string
			if err := json.Unmarshal([]byte(`"`+form+`"`), &got); err != nil || got != text {
				t.Errorf("%s: %q, %v", form, got, err)
			}
		}
	}
}
