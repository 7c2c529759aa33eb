package pages_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// api holds each answer of a bridge's API against its description.
type api struct {
	*stage
	doc   *openapi3.T
	asked map[string]bool // operations that were answered
}

// call asks, and gives the answer, which must be as described.
func (a *api) call(t *testing.T, method, pattern, path string, body any, want int) any {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, a.base+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	var answer any
	if err := json.Unmarshal(text, &answer); err != nil || res.StatusCode != want {
		t.Fatalf("%s: %s %s, %v", path, res.Status, text, err)
	}
	if err != nil || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %s, %v", path, res.Header.Get("Content-Type"), err)
	}
	operation := a.doc.Paths.Value(pattern).GetOperation(method)
	response := operation.Responses.Value("200")
	if want != http.StatusOK {
		response = operation.Responses.Default()
	}
	if err := response.Value.Content.Get("application/json").Schema.Value.VisitJSON(answer, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	a.asked[method+" "+pattern] = true
	return answer
}

func (a *api) get(t *testing.T, pattern, path string) any {
	t.Helper()
	return a.call(t, http.MethodGet, pattern, path, nil, http.StatusOK)
}

// TestAnswersAreAsDescribed has a bridge that has seen much answer each question,
// and holds the answers against the description that it serves.
func TestAnswersAreAsDescribed(t *testing.T) {
	s := newStage(t)
	s.send(t, s.portal.Webhook("CertificateAwarded", portal.DefaultProfile()), "wrong", http.StatusOK)
	s.guild("400 invalid_blocks")
	s.post(t, "EnrollmentCompletedByLearner")
	s.settled(t, 1, bridge.Sent, bridge.Dead)
	s.guild("404 no_service")
	s.post(t, "CertificateAwarded")
	s.settled(t, 2, bridge.Sent, bridge.Dead, bridge.Pending)
	s.send(t, s.portal.Webhook("CertificateAwarded", portal.DefaultProfile()), "wrong", http.StatusUnauthorized)

	a := &api{stage: s, asked: map[string]bool{}}
	status, text, _ := s.ask(t, http.MethodGet, "/api/openapi.json", nil)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	a.doc = doc

	for _, path := range []string{"about", "overview", "deliveries", "deliveries/count", "events", "events/count", "dead", "sources", "captures", "configuration", "openapi.json"} {
		a.get(t, "/api/"+path, "/api/"+path)
	}
	delivery := first(a.get(t, "/api/deliveries", "/api/deliveries?state=dead&since=2020-01-01T00:00:00Z&limit=1"))
	a.get(t, "/api/deliveries/{id}", "/api/deliveries/"+delivery["id"].(string))
	a.get(t, "/api/events/{id}", "/api/events/"+delivery["event_id"].(string))
	a.get(t, "/api/sources/{name}", "/api/sources/production")
	a.get(t, "/api/inspect/{id}", "/api/inspect/"+delivery["event_id"].(string))
	a.get(t, "/api/inspect/{id}", "/api/inspect/"+first(a.get(t, "/api/captures", "/api/captures"))["id"].(string))

	post := func(path string, body any) { t.Helper(); a.call(t, http.MethodPost, path, path, body, http.StatusOK) }
	chosen := admin.Selection{Filter: store.Filter{IDs: []string{delivery["id"].(string)}}}
	post("/api/deliveries/cancel", chosen)
	post("/api/deliveries/retry", chosen)
	chosen.To = "spare"
	post("/api/deliveries/move", chosen)
	post("/api/events/replay", admin.Selection{All: true})
	post("/api/reload", struct{}{})
	post("/api/catch-up", map[string]any{"source": "production", "since": "2026-01-01T00:00:00Z", "dry_run": true})
	post("/api/forget", admin.Forget{Person: store.Person{User: "nobody"}, DryRun: true})
	a.call(t, http.MethodPost, "/api/sources/{name}/test-window", "/api/sources/production/test-window", admin.Window{For: "10m"}, http.StatusOK)
	a.call(t, http.MethodPost, "/api/sources/{name}/try-api", "/api/sources/production/try-api", nil, http.StatusOK)
	a.call(t, http.MethodPost, "/api/sources/{name}/login", "/api/sources/production/login", admin.Login{}, http.StatusBadRequest)
	a.call(t, http.MethodPost, "/api/sources/{name}/login", "/api/sources/production/login", admin.Login{DryRun: true}, http.StatusConflict) // it has a password
	post("/api/sessions/end", nil)
	a.get(t, "/api/audit", "/api/audit?limit=3")

	a.call(t, http.MethodGet, "/api/deliveries/{id}", "/api/deliveries/none", nil, http.StatusNotFound)
	a.call(t, http.MethodGet, "/api/events", "/api/events?state=lost", nil, http.StatusBadRequest)
	a.call(t, http.MethodGet, "/api/audit", "/api/audit?limit=0", nil, http.StatusBadRequest)
	a.call(t, http.MethodPost, "/api/deliveries/retry", "/api/deliveries/retry", struct{}{}, http.StatusBadRequest)
	a.call(t, http.MethodPost, "/api/sources/{name}/test-window", "/api/sources/nobody/test-window", admin.Window{For: "10m"}, http.StatusNotFound)

	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !a.asked[method+" "+path] {
				t.Errorf("%s %s was not tried; tried were %s", method, path, strings.Join(slices.Sorted(maps.Keys(a.asked)), ", "))
			}
		}
	}
}

// first is the first of a list.
func first(list any) map[string]any { return list.([]any)[0].(map[string]any) }
