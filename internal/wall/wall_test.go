package wall_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// bench is a wall that listens on loopback until the test ends.
type bench struct {
	*wall.Wall
	url  string
	urls map[string]string // a webhook of each HTTP platform
}

func start(t *testing.T, o wall.Options) *bench {
	t.Helper()
	w := wall.New(o)
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{Wall: w, url: server.URL, urls: map[string]string{}}
	for platform, settings := range w.Sinks(server.URL, "127.0.0.1:25") {
		if url, ok := settings["webhook_url"].(string); ok {
			b.urls[platform] = url
		}
	}
	b.urls[wall.Discord] += "?wait=true"
	return b
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (b *bench) post(t *testing.T, url, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// good is a message that each platform takes.
func good(platform string) string {
	return map[string]string{
		wall.Slack:      `{"text":"hello"}`,
		wall.Discord:    `{"content":"hello","allowed_mentions":{"parse":[]}}`,
		wall.GoogleChat: `{"text":"hello"}`,
		wall.Teams:      card(`{"type":"TextBlock","text":"hello"}`),
		wall.Mattermost: `{"text":"hello"}`,
		wall.RocketChat: `{"text":"hello"}`,
	}[platform]
}

func card(body string) string {
	return `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,` +
		`"content":{"type":"AdaptiveCard","version":"1.4","body":[` + body + `]}}]}`
}

func TestAnswersToAGoodMessage(t *testing.T) {
	b := start(t, wall.Options{})
	for platform, want := range map[string]struct {
		status int
		media  string
		body   string
	}{
		wall.Slack:      {200, "text/plain; charset=utf-8", "ok"},
		wall.Discord:    {200, "application/json; charset=utf-8", `"content":"hello"`},
		wall.GoogleChat: {200, "application/json; charset=utf-8", `"name":"spaces/AAAAwalldemo/messages/`},
		wall.Teams:      {202, "", ""},
		wall.Mattermost: {200, "text/plain; charset=utf-8", "ok"},
		wall.RocketChat: {200, "application/json; charset=utf-8", `{"success":true}`},
	} {
		got := b.post(t, b.urls[platform], good(platform))
		if got.status != want.status || got.header.Get("Content-Type") != want.media || !strings.Contains(got.body, want.body) {
			t.Errorf("%s: got %d %q %q, want %+v", platform, got.status, got.header.Get("Content-Type"), got.body, want)
		}
		if b.Count(platform) != 1 {
			t.Errorf("%s: counted %d, want 1", platform, b.Count(platform))
		}
	}
	for _, m := range b.Messages() {
		if !m.Verdict.Accepted || len(m.Verdict.Notes) > 0 && m.Platform != wall.GoogleChat || string(m.Payload) != good(m.Platform) {
			t.Errorf("kept %+v", m)
		}
		if strings.Contains(m.Address, "token") || strings.Contains(m.Address, "f2Kq8ZpXw1LdVt6YbN3rJm7c") {
			t.Errorf("the address %q shows the token", m.Address)
		}
	}
}

func TestCountsAreExactUnderConcurrency(t *testing.T) {
	const senders, each, keep = 8, 60, 25
	for _, keepOption := range []int{keep, -1} {
		t.Run(fmt.Sprintf("keep %d", keepOption), func(t *testing.T) {
			b := start(t, wall.Options{Keep: keepOption})
			var group sync.WaitGroup
			for platform, url := range b.urls {
				for range senders {
					group.Go(func() {
						for range each {
							resp, err := http.Post(url, "application/json", strings.NewReader(good(platform)))
							if err != nil {
								t.Error(err)
								return
							}
							_ = resp.Body.Close()
						}
					})
				}
			}
			group.Wait()
			for platform := range b.urls {
				if got, want := b.Counts(platform), (wall.Counts{Accepted: senders * each}); got != want {
					t.Errorf("%s: counted %+v, want %+v", platform, got, want)
				}
			}
			if got, want := len(b.Messages()), len(b.urls)*max(keepOption, 0); got != want {
				t.Errorf("kept %d, want %d", got, want)
			}
		})
	}
}

func TestKeepsTheNewest(t *testing.T) {
	b := start(t, wall.Options{Keep: 3})
	for i := range 8 {
		b.post(t, b.urls[wall.Slack], fmt.Sprintf(`{"text":"%d"}`, i))
	}
	var got []string
	for _, m := range b.Messages() {
		got = append(got, string(m.Payload))
	}
	if want := `{"text":"5"} {"text":"6"} {"text":"7"}`; strings.Join(got, " ") != want {
		t.Errorf("kept %v, want %v", got, want)
	}
	b.Clear()
	if len(b.Messages()) != 0 || b.Count(wall.Slack) != 0 {
		t.Errorf("after Clear: %d kept, %d counted", len(b.Messages()), b.Count(wall.Slack))
	}
}

func TestOnlyPostsAreTaken(t *testing.T) {
	b := start(t, wall.Options{})
	for platform, url := range b.urls {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || b.Counts(platform) != (wall.Counts{}) {
			t.Errorf("%s: GET answered %d, counted %+v", platform, resp.StatusCode, b.Counts(platform))
		}
	}
}

func TestTooLargeForAnyPlatform(t *testing.T) {
	b := start(t, wall.Options{})
	for platform, url := range b.urls {
		got := b.post(t, url, `{"text":"`+strings.Repeat("x", 1<<20)+`"}`)
		if got.status != http.StatusRequestEntityTooLarge || b.Counts(platform).Refused != 1 {
			t.Errorf("%s: answered %d, counted %+v", platform, got.status, b.Counts(platform))
		}
	}
}

func TestRateLimits(t *testing.T) {
	for platform, c := range map[string]struct {
		burst int           // how many go at once
		rest  time.Duration // after which as many go again
	}{
		wall.Slack: {5, 5 * time.Second}, wall.Discord: {5, 2 * time.Second},
		wall.GoogleChat: {5, 5 * time.Second}, wall.Teams: {100, time.Minute},
		wall.Mattermost: {100, 10 * time.Second}, wall.RocketChat: {10, time.Minute},
	} {
		t.Run(platform, func(t *testing.T) {
			now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
			var mu sync.Mutex // guards now: the server reads it in goroutines of its own
			b := start(t, wall.Options{RateLimits: true, Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
			for round := range 2 {
				for i := range c.burst {
					if got := b.post(t, b.urls[platform], good(platform)); got.status >= 300 {
						t.Fatalf("round %d, message %d: answered %d %s", round, i, got.status, got.body)
					}
				}
				got := b.post(t, b.urls[platform], good(platform))
				if got.status != http.StatusTooManyRequests {
					t.Fatalf("one too many: answered %d %s", got.status, got.body)
				}
				if named := got.header.Get("Retry-After") != ""; named != (platform != wall.GoogleChat && platform != wall.RocketChat) {
					t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
				}
				mu.Lock()
				now = now.Add(c.rest)
				mu.Unlock()
			}
			if got := b.Counts(platform); got.Accepted != 2*c.burst || got.Refused != 2 {
				t.Errorf("counted %+v", got)
			}
		})
	}
}

func TestDiscordTellsItsQuota(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	b := start(t, wall.Options{RateLimits: true, Now: func() time.Time { return now }})
	for _, want := range []string{"4", "3", "2", "1", "0"} {
		got := b.post(t, b.urls[wall.Discord], good(wall.Discord))
		if got.header.Get("X-RateLimit-Remaining") != want || got.header.Get("X-RateLimit-Reset-After") != "2.000" {
			t.Errorf("remaining %q, want %q; reset after %q", got.header.Get("X-RateLimit-Remaining"), want, got.header.Get("X-RateLimit-Reset-After"))
		}
	}
	got := b.post(t, b.urls[wall.Discord], good(wall.Discord))
	var body struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.RetryAfter != 2 || got.header.Get("Retry-After") != "2" {
		t.Errorf("got %s with Retry-After %q", got.body, got.header.Get("Retry-After"))
	}
}
