package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// TestBulk enrolls 5,000 learners in a minute, with every platform at its own rate
// limit: a person reads a few messages, and they tell of every learner.
func TestBulk(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("it takes three minutes, and is not about races")
	}
	t.Parallel()
	const enrollments, connections, each = 5000, 10, 60 * time.Second
	const most = 120 // messages on one platform
	w := wall.New(wall.Options{Keep: enrollments, RateLimits: true})
	server := httptest.NewServer(w.Handler())
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = w.ServeSMTP(mail) }()
	t.Cleanup(func() { _ = w.Close(); server.CloseClientConnections(); server.Close() })

	platforms := []string{wall.Slack, wall.Discord, wall.GoogleChat, wall.Teams, wall.Email}
	var sinks []string
	for _, platform := range platforms {
		settings := w.Sinks(server.URL, mail.Addr().String())[platform]
		delete(settings, "limit") // the platform's own
		line, err := json.Marshal(settings)
		if err != nil {
			t.Fatal(err)
		}
		sinks = append(sinks, fmt.Sprintf("  %s: %s", platform, line))
	}
	p := start(t, folder(t, strings.Join(sinks, "\n"), platforms...))
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()
			for i := range enrollments / connections {
				body := fmt.Appendf(nil, `{"eventName":"User Enrolled in Course by Admin","userId":"u-%d-%d","courseId":"c%d","correlationId":"bulk"}`, c, i, i%7)
				if status, err := post(client, p.url, body); err != nil || status != http.StatusOK {
					t.Errorf("%d, %v", status, err)
					return
				}
				time.Sleep(each * connections / enrollments)
			}
		})
	}
	wg.Wait()
	last := time.Now()
	told := map[string]int{}
	for time.Since(last) < 5*time.Minute {
		told = learnersTold(w)
		complete := 0
		for _, platform := range platforms {
			if told[platform] >= enrollments {
				complete++
			}
		}
		if complete == len(platforms) {
			break
		}
		time.Sleep(time.Second)
	}
	t.Logf("the last message came %v after the last event", time.Since(last).Round(time.Second))
	for _, platform := range platforms {
		t.Logf("%s: %d messages tell of %d learners", platform, w.Count(platform), told[platform])
		if told[platform] != enrollments || w.Count(platform) > most {
			t.Errorf("%s: %d messages tell of %d learners, want %d", platform, w.Count(platform), told[platform], enrollments)
		}
	}
}

var enrollmentsTold = regexp.MustCompile(`([0-9][0-9,]*) enrollments`)

// learnersTold sums up the enrollments that each platform's accepted messages tell
// of, by their titles.
func learnersTold(w *wall.Wall) map[string]int {
	told := map[string]int{}
	for _, m := range w.Messages() {
		if !m.Verdict.Accepted {
			continue
		}
		n := 1
		if found := enrollmentsTold.FindStringSubmatch(string(m.Payload)); found != nil {
			n, _ = strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
		}
		told[m.Platform] += n
	}
	return told
}
