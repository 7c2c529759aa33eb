package intake

import (
	"fmt"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// An event that says that it happened long ago is refused before and after the store
// has forgotten it; one without a time cannot be.
func TestOldEvents(t *testing.T) {
	b := start(t, nil, func(s *Source) { s.MaxAge = time.Hour })
	at := func(ago time.Duration) string { return time.Now().Add(-ago).UTC().Format(time.RFC3339) }
	event := func(time string) string {
		return fmt.Sprintf(`{"event":"UserCreated","userId":"u1","correlationId":"k","timestamp":%q}`, time)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		events int
	}{
		"of now":         {event(at(0)), 200, 1},
		"of the hour":    {event(at(50 * time.Minute)), 200, 1},
		"of yesterday":   {event(at(24 * time.Hour)), 422, 0},
		"of years ago":   {event("2020-01-01T00:00:00Z"), 422, 0},
		"without a time": {`{"event":"UserCreated","userId":"u2","correlationId":"k"}`, 200, 1},
		"a list":         {"[" + event(at(time.Minute)) + "," + event(at(48*time.Hour)) + "]", 200, 1},
		"an old list":    {"[" + event(at(47*time.Hour)) + "," + event(at(49*time.Hour)) + "]", 422, 0},
	} {
		before := b.accepted.Load()
		r := b.post(t, production, c.body)
		if r.status != c.status || b.accepted.Load()-before != int64(c.events) || (r.status == 422) != (r.Status == "refused" && r.Error != "") {
			t.Errorf("%s: %+v, %d accepted", name, r, b.accepted.Load()-before)
		}
	}
}

// The same bytes, signed with a secret that two sources share, are one event.
func TestSharedSecret(t *testing.T) {
	b := start(t, nil, func(s *Source) { s.Path, s.Family = "/"+s.Name, "production" })
	sources := []Source{}
	for _, at := range *b.handler.sources.Load() {
		at[0].Keys = []absorb.Key{keyOf(t, production)}
		sources = append(sources, at[0])
	}
	other := sources[0]
	other.Name, other.Path, other.Family = "other", "/other", "other"
	b.handler.Use(append(sources, other), nil)
	for i, path := range []string{"/sandbox", "/production", "/other"} {
		want := []string{"accepted", "duplicate", "accepted"}[i]
		if r := b.postTo(t, path, production, webhook); r.Status != want {
			t.Errorf("%s: %+v, want %s", path, r, want)
		}
	}
}

// A source without a secret does not put a path on test whose requests are verified.
func TestUnverifiedOnALivePath(t *testing.T) {
	b, w := onTest(t, func(s *Source) {
		if s.Name == "sandbox" {
			s.Keys = nil
		}
	})
	forged := func(want int) {
		t.Helper()
		if r := b.post(t, "wrong", webhook); r.status != want {
			t.Errorf("%+v, want %d", r, want)
		}
	}
	forged(200)
	b.post(t, production, webhook)
	forged(401)
	if err := w.Open(t.Context(), "sandbox", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	forged(200)
}

// A portal that sends an event twice with other ids: only what has all the values is
// compared.
func TestDedupe(t *testing.T) {
	b := start(t, nil, func(s *Source) { s.Dedupe = &Dedupe{By: []string{"type", "user", "courseId"}, Within: time.Minute} })
	event := func(kind, user, course, id string) string {
		return fmt.Sprintf(`{"event":%q,"userId":%q,"courseId":%q,"enrollmentId":%q,"correlationId":"k"}`, kind, user, course, id)
	}
	for i, c := range []struct{ secret, body, want string }{
		{production, event("CertificateAwarded", "u1", "c1", "1"), "accepted"},
		{production, event("CertificateAwarded", "u1", "c1", "2"), "duplicate"},
		{production, event("Certificate Awarded", "u1", "c1", "3"), "duplicate"},
		{production, event("CourseCreditsAwarded", "u1", "c1", "4"), "accepted"},
		{production, event("CertificateAwarded", "u2", "c1", "5"), "accepted"},
		{production, event("CertificateAwarded", "u1", "c2", "6"), "accepted"},
		{sandbox, event("CertificateAwarded", "u1", "c1", "7"), "accepted"},
		{production, event("CertificateAwarded", "u1", "", "8"), "accepted"},
		{production, event("CertificateAwarded", "u1", "", "9"), "accepted"},
	} {
		if r := b.post(t, c.secret, c.body); r.Status != c.want {
			t.Errorf("%d: %+v, want %s", i+1, r, c.want)
		}
	}
}
