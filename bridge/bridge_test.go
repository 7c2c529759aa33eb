package bridge

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestEventTitle(t *testing.T) {
	for in, want := range map[string]string{
		"EnrollmentCompletedByLearner": "Enrollment completed by learner",
		"UserCreated":                  "User created",
		"User":                         "User",
		"LMSUserCreated":               "LMS user created",
		"UserIDChanged":                "User ID changed",
		"CourseImportedFromLMS":        "Course imported from LMS",
		"ÉvénementCréé":                "Événement créé",
		"lower":                        "lower",
		"":                             "",
	} {
		if got := EventTitle(in); got != want {
			t.Errorf("EventTitle(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEventFacts(t *testing.T) {
	received := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	e := Event{
		ID: "e1", Source: "production", Type: "CertificateAwarded", UserID: "u1", CorrelationID: "c1",
		Entities: map[string]string{"certificateId": "x1", "userId": "not this"}, ReceivedAt: received, Body: map[string]any{"a": true},
	}
	f := NewFacts(e)
	event, ok := f["event"].(map[string]any)
	if !ok || f["source"] != "production" {
		t.Fatalf("facts = %v", f)
	}
	for key, want := range map[string]any{
		"id": "e1", "type": "CertificateAwarded", "name": "Certificate awarded", "userId": "u1", "correlationId": "c1", "certificateId": "x1",
		"occurredAt": "2026-11-23T12:00:00Z", "receivedAt": "2026-11-23T12:00:00Z", "adminId": nil, "clientId": nil,
	} {
		if event[key] != want {
			t.Errorf("%s = %v, want %v", key, event[key], want)
		}
	}
	e.OccurredAt = received.Add(-time.Hour).In(time.FixedZone("", 3600))
	if got := e.Facts()["occurredAt"]; got != "2026-11-23T11:00:00Z" || !e.Time().Equal(e.OccurredAt) {
		t.Errorf("occurredAt = %v, Time() = %v", got, e.Time())
	}
	if got := (Event{}).Facts()["occurredAt"]; got != "" {
		t.Errorf("without any time occurredAt = %v", got)
	}
}

func TestKind(t *testing.T) {
	for kind, want := range map[Kind]string{
		Temporary: "temporary", Limited: "limited", MessageRejected: "rejected", DestinationBroken: "broken", Kind(99): "temporary", Kind(-1): "temporary",
	} {
		if got := kind.String(); got != want {
			t.Errorf("Kind(%d) = %q, want %q", kind, got, want)
		}
	}
	if (&SendError{}).Kind != Temporary {
		t.Error("an error without a kind is not tried again")
	}
}

func TestSendError(t *testing.T) {
	for _, c := range []struct {
		err  SendError
		want string
	}{
		{SendError{Detail: "connection refused"}, "connection refused"},
		{SendError{Status: 500}, "answered 500"},
		{SendError{Status: 404, Detail: "no_service"}, "answered 404: no_service"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
	limited := &SendError{Kind: Limited}
	if got := AsSendError(errors.Join(errors.New("x"), fmt.Errorf("send: %w", limited))); got != limited {
		t.Errorf("AsSendError does not find the one within, but %v", got)
	}
	if got := AsSendError(errors.New("odd")); got.Kind != Temporary || got.Detail != "odd" {
		t.Errorf("AsSendError of another error = %+v", got)
	}
	if got := Rejectedf("no %s", "title"); got.Kind != MessageRejected || got.Detail != "no title" {
		t.Errorf("Rejectedf = %+v", got)
	}
}
