package gateway_test

import (
	"io"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/gateway"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// scrape gives what Prometheus is told, in the format that it asks for.
func scrape(t *testing.T, g *gateway.Gateway, token string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.AdminAddr().String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestMetrics(t *testing.T) {
	s, _ := traced(t)
	s.settings["routes"] = []any{
		map[string]any{"name": "all", "events": []string{"*"}, "to": []string{"slack", "discord"}},
		map[string]any{"name": "odd", "events": []string{"UserCreated"}, "when": `event.body.userId > 3`, "to": []string{"teams"}},
	}
	if err := s.wall.Inject(wall.Fault{Platform: "discord", Mode: "403", Count: 100}); err != nil {
		t.Fatal(err)
	}
	g, next := s.runReloading(t)
	w := s.portal.Webhook("UserCreated", portal.DefaultProfile())
	post(t, g, w)
	post(t, g, w)
	if code, body, err := w.Post(t.Context(), http.DefaultClient, "http://"+g.Addr().String()+"/absorb", "wrong"); code != 401 {
		t.Fatal(code, body, err)
	}
	_ = g.Reload()
	next.Store(s.config(t))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, text := scrape(t, g, "")
		if strings.Contains(text, `absorb_bridge_sink_state{sink="discord",state="broken"} 1.0`) &&
			strings.Contains(text, `absorb_bridge_deliveries_total{sink="slack",state="sent"} 1.0`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Discord is not broken, or Slack has nothing:\n%s", text)
		}
	}

	status, text := scrape(t, g, "")
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	for _, line := range []string{
		`absorb_bridge_events_total{result="accepted",source="production"} 1.0`,
		`absorb_bridge_events_total{result="duplicate",source="production"} 1.0`,
		`absorb_bridge_refusals_total{reason="bad_signature",source="production"} 1.0`,
		`absorb_bridge_accept_duration_seconds_count 2`,
		`absorb_bridge_webhook_body_bytes_count 2`,
		`absorb_bridge_store_commit_errors_total 0.0`,
		`absorb_bridge_events_routed_total{result="routed",source="production"} 1.0`,
		`absorb_bridge_lookups_total{result="failed",source="production"} 0.0`,
		`absorb_bridge_token_refreshes_total{result="ok",source="production"} 1.0`,
		`absorb_bridge_attempts_total{outcome="sent",sink="slack"} 1.0`,
		`absorb_bridge_attempts_total{outcome="broken",sink="discord"} 1.0`,
		`absorb_bridge_deliveries_total{sink="slack",state="sent"} 1.0`,
		`absorb_bridge_sink_info{sink="teams",type="teams"} 1.0`,
		`absorb_bridge_sink_state{sink="slack",state="healthy"} 1.0`,
		`absorb_bridge_config_reloads_total{result="failed"} 1.0`,
		`absorb_bridge_config_last_reload_successful 0.0`,
		`absorb_bridge_undecided_conditions_total{route="odd"} 1.0`,
		"absorb_bridge_routing_queue_events ",
		`absorb_bridge_queue_deliveries{sink="teams"}`,
		`absorb_bridge_build_info{goversion="` + runtime.Version() + `",version="v1.2.3"} 1.0`,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("missing: %s", line)
		}
	}
	for what, pattern := range map[string]string{
		"API calls":        `\nabsorb_bridge_api_calls_total\{outcome="ok",source="production"\} [1-9]`,
		"leases":           `\nabsorb_bridge_leases_held [1-9]`,
		"exemplars":        `\nabsorb_bridge_event_to_delivery_seconds_bucket\{sink="slack",le="[^"]*"\} 1 # \{trace_id="[0-9a-f]{32}"\}`,
		"Go's own":         `\ngo_goroutines [1-9]`,
		"the process's":    `\nprocess_start_time_seconds [1-9]`,
		"commits":          `\nabsorb_bridge_store_commit_writes_count [1-9]`,
		"the last reload":  `\nabsorb_bridge_config_last_reload_success_timestamp_seconds [1-9]`,
		"durations of API": `\nabsorb_bridge_api_call_duration_seconds_count\{source="production"\} [1-9]`,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s: nothing like %s", what, pattern)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if g.Reload() != nil {
		t.Fatal("the reload failed")
	}
	if _, text := scrape(t, g, ""); !strings.Contains(text, "absorb_bridge_config_last_reload_successful 1.0") {
		t.Error("a reload that works is not told")
	}
}

func TestScrapeNeedsTheToken(t *testing.T) {
	s := newStage(t)
	const token = "0123456789abcdef0123456789abcdef"
	s.settings["admin"] = map[string]any{"listen": "127.0.0.1:0", "token": token}
	g, _ := s.run(t)
	if status, _ := scrape(t, g, ""); status != 401 {
		t.Errorf("without the token: %d", status)
	}
	if status, text := scrape(t, g, token); status != 200 || !strings.Contains(text, "absorb_bridge_build_info") && !strings.Contains(text, "absorb_bridge_leases_held") {
		t.Errorf("with it: %d", status)
	}
}
