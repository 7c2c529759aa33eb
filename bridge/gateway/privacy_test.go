package gateway_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// The learner of the emulated portal's samples.
const (
	mira      = "10000000-0000-4000-a000-000000000001"
	miraName  = "Halvorsen"
	miraEmail = "person.1@example.com"
)

// inStore counts how often a word is in the files of the store.
func (s *stage) inStore(t *testing.T, word string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Dir(s.settings["store"].(string)) + "/bridge.db*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(data, []byte(word))
	}
	return n
}

// TestRedact: what is never stored is in no file and in no message; what a sink is not
// told the others are; an event that comes twice is still one.
func TestRedact(t *testing.T) {
	s := newStage(t)
	s.settings["redact"] = map[string]any{
		"store": []string{"user.emailAddress", "user.lastName", "enrollment.fullName", "certificate.fullName", "event.body.timestamp"},
		"sinks": map[string]any{"discord": []string{"course.name", "enrollment.courseName", "certificate.courseName"}},
	}
	s.source()["redact"] = []string{"user.employeeNumber"}
	g, stop := s.run(t)
	w := s.portal.Webhook("EnrollmentCompletedByLearner", portal.DefaultProfile())
	if first, again := post(t, g, w), post(t, g, w); first != "accepted" || again != "duplicate" {
		t.Errorf("%s, then %s", first, again)
	}
	s.wait(t, 1)
	for _, m := range s.wall.Messages() {
		payload := string(m.Payload)
		if strings.Contains(payload, miraName) || !strings.Contains(payload, "Mira") {
			t.Errorf("%s: %s", m.Platform, payload)
		}
		if told := strings.Contains(payload, "Working at Height"); told == (m.Platform == wall.Discord) {
			t.Errorf("%s is told the course: %v", m.Platform, told)
		}
	}
	preview, err := gateway.NewPreviewer(s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := preview.Preview(t.Context(), "EnrollmentCompletedByLearner", "discord"); err != nil || strings.Contains(string(p.Payload.Body), miraName) || strings.Contains(string(p.Payload.Body), "Working at Height") {
		t.Errorf("the preview shows more than is sent: %s, %v", p.Payload.Body, err)
	}
	stop()
	for _, word := range []string{miraEmail, miraName, "NM-1001", `"timestamp"`} {
		if n := s.inStore(t, word); n != 0 {
			t.Errorf("%s is %d times in the store", word, n)
		}
	}
	if s.inStore(t, "Working at Height") == 0 {
		t.Error("the test looks in the wrong place")
	}
}

// TestForgetWhileItRuns removes a person while events come in, and those of a store
// that nobody uses.
func TestForgetWhileItRuns(t *testing.T) {
	s := newStage(t)
	g, stop := s.run(t)
	w := s.portal.Webhook("EnrollmentCompletedByLearner", portal.DefaultProfile())
	post(t, g, w)
	post(t, g, s.portal.Webhook("OnlineCourseActivated", portal.DefaultProfile()))
	s.wait(t, 2)
	ask := admin.Forget{Person: store.Person{User: strings.ToUpper(mira)}, DryRun: true}
	client := connect(t, s, g)
	would, err := client.Forget(t.Context(), ask)
	if err != nil || would.Rows["events"] != 1 || would.Rows["names"] != 1 || s.inStore(t, mira) == 0 {
		t.Errorf("%+v, %v", would, err)
	}
	ask.DryRun = false
	if did, err := client.Forget(t.Context(), ask); err != nil || did.Rows["events"] != 1 || did.Rows["deliveries"] != would.Rows["deliveries"] {
		t.Errorf("%+v, %v", did, err)
	}
	check := func() {
		t.Helper()
		for _, word := range []string{mira, miraName, miraEmail} {
			if n := s.inStore(t, word); n != 0 {
				t.Errorf("%s is %d times in the store", word, n)
			}
		}
	}
	check()
	if status := post(t, g, w); status != "duplicate" {
		t.Errorf("its webhook was %s", status)
	}
	if status := post(t, g, s.portal.Webhook("CertificateAwarded", portal.DefaultProfile())); status != "accepted" {
		t.Errorf("what happens later was %s", status)
	}
	s.wait(t, 3)
	stop()
	client = connect(t, s, nil)
	if did, err := client.Forget(t.Context(), ask); err != nil || did.Rows["events"] != 1 {
		t.Errorf("%+v, %v", did, err)
	}
	check()
	_, err = client.Forget(t.Context(), admin.Forget{})
	if refused, ok := errors.AsType[*admin.Error](err); !ok || refused.Status != http.StatusBadRequest {
		t.Error(err)
	}
}
