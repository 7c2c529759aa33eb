package admin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/catchup"
	"github.com/absorb-bridge/absorb-bridge/bridge/intake"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// actions returns one request for each operation of the API, in order, and what the
// audit trail must say about it.
func actions() []struct{ pattern, body, want string } {
	return []struct{ pattern, body, want string }{
		{"POST /api/deliveries/move", `{"all":true,"state":"pending","to":"space"}`, "deliveries/move"},
		{"POST /api/deliveries/cancel", `{"all":true,"state":"pending"}`, "deliveries/cancel"},
		{"POST /api/deliveries/retry", `{"all":true,"state":"cancelled"}`, "deliveries/retry"},
		{"POST /api/events/replay", `{"all":true}`, "events/replay"},
		{"POST /api/catch-up", `{"source":"production","since":"2026-11-23T14:00:00Z"}`, "catch-up"},
		{"POST /api/forget", `{"user":"u1"}`, "forget"},
		{"POST /api/reload", `{}`, "reload"},
		{"POST /api/sessions/end", `{}`, "sessions/end"},
		{"POST /api/sources/{name}/test-window", `{"for":"10m"}`, "test-window"},
		{"POST /api/sources/{name}/try-api", `{}`, "try-api"},
		{"POST /api/sources/{name}/login", `{"access_token":"a","refresh_token":"r","expires":"2030-01-01T00:00:00Z"}`, "login"},
	}
}

// The audit trail lists every operation with who did it.
func TestEveryActionIsAudited(t *testing.T) {
	s, handler := desk(t)
	tried := map[string]bool{}
	for i, c := range actions() {
		tried[c.pattern] = true
		method, path, _ := strings.Cut(strings.Replace(c.pattern, "{name}", "production", 1), " ")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(c.body)))
		rows, err := s.Audits(t.Context(), "", 100)
		if err != nil || w.Code != http.StatusOK || len(rows) != i+1 || rows[0].Action != c.want || rows[0].Who != "this machine" {
			t.Errorf("%s: %d %s, the audit trail has %+v, %v", c.pattern, w.Code, w.Body, rows, err)
		}
	}
	for _, pattern := range admin.Patterns() {
		if !tried[pattern] && !strings.HasPrefix(pattern, "GET ") {
			t.Errorf("%s is missing in this test", pattern)
		}
	}
}

// desk returns the API of a bridge with one event and one pending delivery.
func desk(t *testing.T) (*store.Store, http.Handler) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	e := bridge.Event{Source: "production", Type: "UserCreated", ReceivedAt: time.Now(), Raw: []byte(`{"userId":"u1"}`), UserID: "u1"}
	accepted, err := s.Accept(t.Context(), []bridge.Event{e})
	if err != nil {
		t.Fatal(err)
	}
	e.ID = accepted[0].ID
	if err := s.FanOut(t.Context(), e, nil, []store.Target{{Route: "all", Sink: "academy"}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	parser, err := absorb.NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, admin.New(admin.Options{
		Store: s, Changed: func() {}, Reload: func() error { return nil }, OpenWindow: s.OpenWindow,
		Sinks:     func() []string { return []string{"academy", "space"} },
		Sources:   func() []intake.Source { return []intake.Source{{Name: "production", Parser: parser}} },
		CatchUp:   func(context.Context, admin.CatchUp) (catchup.Report, error) { return catchup.Report{}, nil },
		KeepLogin: func(context.Context, string, admin.Login) error { return nil },
		Running:   admin.Running{TryAPI: func(context.Context, string) error { return nil }},
	})
}
