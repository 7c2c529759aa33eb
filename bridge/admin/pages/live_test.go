package pages_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// stream reads the server-sent events of a page; the channel is closed when it ends.
func (s *stage) stream(t *testing.T, path string) (events <-chan string, status int) {
	t.Helper()
	res, err := http.Get(s.base + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	all := make(chan string, 100)
	go func() {
		defer close(all)
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			text := ""
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &text) == nil {
				all <- text
			}
		}
	}()
	return all, res.StatusCode
}

func TestPagesAreKeptCurrent(t *testing.T) {
	s := newStage(t)
	events, _ := s.stream(t, "/live/overview")
	setup, _ := s.stream(t, "/live/sources/production")
	if first := <-events; !strings.Contains(first, "no event of production has been verified") {
		t.Errorf("at first: %s", first)
	}
	<-setup
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent)
	wait := time.After(2 * time.Minute)
	for fresh := ""; !strings.Contains(fresh, "All is well"); {
		select {
		case fresh = <-events:
		case <-wait:
			t.Fatalf("last was: %s", fresh)
		}
	}
	for fresh := ""; strings.Count(fresh, "(done)") < 4; {
		select {
		case fresh = <-setup:
		case <-wait:
			t.Fatalf("last was: %s", fresh)
		}
	}
}

// Streams do not keep a process that was told to stop.
func TestStreamsEndWithTheProcess(t *testing.T) {
	s := newStage(t)
	events, _ := s.stream(t, "/live/overview")
	<-events
	s.stop()
	wait := time.After(2 * time.Minute)
	for {
		select {
		case _, more := <-events:
			if !more {
				return
			}
		case <-wait:
			t.Fatal("the stream goes on")
		}
	}
}

// The button ends everybody's session, and with it what is shown to them.
func TestAllSessionsEndByAButton(t *testing.T) {
	const token = "the-token-of-those-who-operate"
	s := newStage(t, func(settings map[string]any) {
		settings["admin"] = map[string]any{"listen": "127.0.0.1:0", "token": token}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	send := func(path string, form url.Values) string {
		res, err := browser.PostForm(s.base+path, form)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	has(t, send("/login", url.Values{"token": {token}, "next": {"/configuration"}}), "End all sessions", "1 session is open")
	live, err := browser.Get(s.base + "/live/overview")
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	has(t, send("/sessions/end", nil), "Log in") // for this one has ended, too
	if _, err := io.ReadAll(live.Body); err != nil {
		t.Error(err) // it ends, and by itself
	}
	has(t, send("/login", url.Values{"token": {token}, "next": {"/audit"}}), "sessions/end", "login")
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStage(t)
	for range 64 {
		if _, status := s.stream(t, "/live/overview"); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	if _, status := s.stream(t, "/live/overview"); status != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", status)
	}
	s.page(t, "/") // pages are still shown
}
