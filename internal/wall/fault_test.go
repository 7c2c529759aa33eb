package wall_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// lost are the modes in which no whole answer comes.
func lost(mode string) bool {
	return mode == wall.ModeHang || mode == wall.ModeReset || mode == wall.ModeResetAfter
}

func TestEveryFaultHitsOnceAndRefuses(t *testing.T) {
	b := start(t, wall.Options{})
	for platform, url := range b.urls {
		for _, mode := range b.Modes(platform) {
			if lost(mode) || mode == wall.ModeSlow || strings.HasPrefix(mode, "api-") {
				continue
			}
			t.Run(platform+" "+mode, func(t *testing.T) {
				b.Clear()
				if err := b.Inject(wall.Fault{Platform: platform, Mode: mode}); err != nil {
					t.Fatal(err)
				}
				hit, next := b.post(t, url, good(platform)), b.post(t, url, good(platform))
				if hit.status < 300 && !strings.HasPrefix(mode, "200-") || hit.body == "" && mode != wall.ModeEmpty {
					t.Errorf("the fault answered %d %q", hit.status, hit.body)
				}
				if next.status >= 300 {
					t.Errorf("the next request was answered %d %q", next.status, next.body)
				}
			})
		}
	}
}

func TestFaultsSpeakThePlatformsLanguage(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	b := start(t, wall.Options{Now: func() time.Time { return now }})
	cases := []struct {
		platform, mode string
		status         int
		after          string // Retry-After
		body           string
	}{
		{wall.Slack, wall.ModeLimited, 429, "3", `"error":"rate_limited"`},
		{wall.Slack, wall.ModeLimitedDate, 429, "Mon, 23 Nov 2026 14:00:03 GMT", "rate_limited"},
		{wall.Slack, wall.ModeLimitedBare, 429, "", "rate_limited"},
		{wall.Slack, "no_service", 404, "", "no_service"},
		{wall.Slack, "404", 404, "", "no_service"},
		{wall.Slack, "channel_is_archived", 410, "", "channel_is_archived"},
		{wall.Slack, "invalid_blocks", 400, "", "invalid_blocks"},
		{wall.Slack, "200-invalid_payload", 200, "", "invalid_payload"},
		{wall.Slack, "502", 502, "", "502 Bad Gateway"},
		{wall.Slack, wall.ModeUnavailable, 503, "", "503 Service Unavailable"},
		{wall.Slack, wall.ModeUnavailableAt, 503, "3", "503 Service Unavailable"},
		{wall.Discord, wall.ModeLimited, 429, "3", `"retry_after":2.5`},
		{wall.Discord, wall.ModeLimitedHTML, 429, "3", "<h1>Error 1015</h1>"},
		{wall.Discord, "10015", 404, "", `{"code":10015,"message":"Unknown Webhook"}`},
		{wall.Discord, "50027", 401, "", `{"code":50027,"message":"Invalid Webhook Token"}`},
		{wall.Discord, "50035", 400, "", `"code":50035,"errors":{"embeds":{"0":{"title":{"_errors":`},
		{wall.Discord, wall.ModeSignIn, 200, "", "<title>Sign in"},
		{wall.GoogleChat, wall.ModeFirewall, 403, "", "<title>Request blocked"},
		{wall.GoogleChat, wall.ModeLimited, 429, "", `"status":"RESOURCE_EXHAUSTED"`},
		{wall.GoogleChat, "INVALID_ARGUMENT", 400, "", `"status":"INVALID_ARGUMENT"`},
		{wall.GoogleChat, "PERMISSION_DENIED", 403, "", `"status":"PERMISSION_DENIED"`},
		{wall.GoogleChat, "NOT_FOUND", 404, "", `"status":"NOT_FOUND"`},
		{wall.GoogleChat, wall.ModeUnavailableAt, 503, "3", `"status":"UNAVAILABLE"`},
		{wall.Teams, wall.ModeLimited, 429, "3", "Rate limit is exceeded."},
		{wall.Teams, "WorkflowNotFound", 404, "", `"code":"WorkflowNotFound"`},
		{wall.Teams, "200-429", 200, "", "Microsoft Teams endpoint returned HTTP error 429"},
	}
	for _, c := range cases {
		t.Run(c.platform+" "+c.mode, func(t *testing.T) {
			if err := b.Inject(wall.Fault{Platform: c.platform, Mode: c.mode, RetryAfter: 2500 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			got := b.post(t, b.urls[c.platform], good(c.platform))
			if got.status != c.status || got.header.Get("Retry-After") != c.after || !strings.Contains(got.body, c.body) {
				t.Errorf("answered %d, Retry-After %q, %s; want %+v", got.status, got.header.Get("Retry-After"), got.body, c)
			}
		})
	}
}

func TestFaultsCount(t *testing.T) {
	b := start(t, wall.Options{})
	inject := func(f wall.Fault) {
		t.Helper()
		if err := b.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	statuses := func(n int) (got []int) {
		for range n {
			got = append(got, b.post(t, b.urls[wall.Slack], good(wall.Slack)).status)
		}
		return got
	}
	inject(wall.Fault{Platform: wall.Slack, Mode: "500", Count: 2})
	inject(wall.Fault{Platform: wall.Slack, Mode: "410"})
	inject(wall.Fault{Platform: wall.Discord, Mode: "500"})
	if got := statuses(4); got[0] != 500 || got[1] != 500 || got[2] != 410 || got[3] != 200 {
		t.Errorf("answered %v", got)
	}
	inject(wall.Fault{Platform: wall.Slack, Mode: "500", Count: wall.Forever})
	if got := statuses(3); got[2] != 500 || len(b.Faults()) != 2 {
		t.Errorf("answered %v, still to come %v", got, b.Faults())
	}
	inject(wall.Fault{Platform: wall.Slack, Mode: wall.ModeNone})
	if got := statuses(1); got[0] != 200 || len(b.Faults()) != 1 {
		t.Errorf("answered %v, still to come %v", got, b.Faults())
	}
	if got, want := b.Counts(wall.Slack), (wall.Counts{Accepted: 2, Refused: 6}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestConnectionFaults(t *testing.T) {
	for mode, accepted := range map[string]int{wall.ModeReset: 0, wall.ModeResetAfter: 1} {
		t.Run(mode, func(t *testing.T) {
			b := start(t, wall.Options{})
			for platform, url := range b.urls {
				if err := b.Inject(wall.Fault{Platform: platform, Mode: mode}); err != nil {
					t.Fatal(err)
				}
				resp, err := http.Post(url, "application/json", strings.NewReader(good(platform)))
				if err == nil {
					_ = resp.Body.Close()
					t.Errorf("%s: answered %d", platform, resp.StatusCode)
				}
				if got := b.Counts(platform); got.Accepted != accepted || got.Refused != 1-accepted {
					t.Errorf("%s: counted %+v", platform, got)
				}
			}
		})
	}
}

func TestHangEndsWithItsClient(t *testing.T) {
	b := start(t, wall.Options{})
	if err := b.Inject(wall.Fault{Platform: wall.Slack, Mode: wall.ModeHang}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.urls[wall.Slack], strings.NewReader(good(wall.Slack)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) || b.Count(wall.Slack) != 0 {
		t.Errorf("got %v, counted %d", err, b.Count(wall.Slack))
	}
	// The server's Close, which the test ends with, waits for every request.
}

func TestHangEndsWithTheWall(t *testing.T) {
	b := start(t, wall.Options{})
	if err := b.Inject(wall.Fault{Platform: wall.Teams, Mode: wall.ModeHang}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		resp, err := http.Post(b.urls[wall.Teams], "application/json", strings.NewReader(good(wall.Teams)))
		if err == nil {
			_ = resp.Body.Close()
		}
		answered <- err
	}()
	for b.Counts(wall.Teams).Refused == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil {
		t.Error("a request that hangs was answered when the wall closed")
	}
}

func TestSlowAnswersAreWhole(t *testing.T) {
	b := start(t, wall.Options{})
	for platform, url := range b.urls {
		if err := b.Inject(wall.Fault{Platform: platform, Mode: wall.ModeSlow, RetryAfter: 20 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		slow, quick := b.post(t, url, good(platform)), b.post(t, url, good(platform))
		if slow.status != quick.status || len(slow.body) != len(quick.body) || b.Count(platform) != 2 {
			t.Errorf("%s: answered %d %q slowly, %d %q at once", platform, slow.status, slow.body, quick.status, quick.body)
		}
	}
}

func TestFaultsByHTTP(t *testing.T) {
	b := start(t, wall.Options{})
	got := b.post(t, b.url+"/api/faults", `{"platform":"slack","mode":"429","count":1,"retry_after":7}`)
	if got.status != 200 || !strings.Contains(got.body, `"pending":[{"platform":"slack","mode":"429","count":1,"retry_after":7}]`) {
		t.Fatalf("answered %d %s", got.status, got.body)
	}
	if hit := b.post(t, b.urls[wall.Slack], good(wall.Slack)); hit.status != 429 || hit.header.Get("Retry-After") != "7" {
		t.Errorf("the fault answered %d, Retry-After %q", hit.status, hit.header.Get("Retry-After"))
	}
	for body, words := range map[string]string{
		`{"platform":"irc","mode":"429"}`:             `no platform named \"irc\"; there are slack, discord, googlechat, teams, email`,
		`{"platform":"slack","mode":"50035"}`:         `slack has no fault mode \"50035\"; it has none, 200-empty, 200-html, 200-invalid_payload,`,
		`{"platform":"slack","mode":"429","times":1}`: `unknown field \"times\"`,
		`[`: `unexpected EOF`,
	} {
		if got := b.post(t, b.url+"/api/faults", body); got.status != 400 || !strings.Contains(got.body, words) {
			t.Errorf("%s: answered %d %s", body, got.status, got.body)
		}
	}
	resp, err := http.Get(b.url + "/api/faults")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), `"pending":[]`) {
		t.Errorf("still to come: %s", text)
	}
}
