package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// soakVariable says for how long TestSoak runs, such as 1h.
const soakVariable = "SOAK"

// soakRate is how many events arrive in a second.
const soakRate = 50

// soak is a bridge that is kept busy for long, with everything around it that fails
// now and then.
type soak struct {
	*process
	t        *testing.T
	portal   *portal.Portal
	wall     *wall.Wall // takes each message
	channel  *wall.Wall // takes digests, as fast as Slack does
	events   int
	repeated atomic.Int64   // posted a second time
	faults   map[string]int // injected, by what and how; written by one goroutine

	seq        uint64 // the newest message that was looked at
	channelSeq uint64
	arrived    map[string]map[string]int // how often each event did, by platform
	told       int                       // events that digests told of
	digests    int
}

// TestSoak keeps a bridge busy for as long as SOAK says, with faults of every
// platform and of the Integration API, and requests that are repeated, forged or
// broken. Nothing may be lost, and the process may not grow. With SOAK_GRAPH
// it draws what it measured into that file.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv(soakVariable))
	if err != nil {
		t.Skip("set " + soakVariable + " to a duration such as 1h")
	}
	s := startSoak(t, int(length.Seconds())*soakRate)
	posted, done := make(chan struct{}), make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { s.breakThings(posted) })
	var samples []sample
	helpers.Go(func() { samples = s.measure(done, length/360) })
	helpers.Go(func() { s.post(); close(posted) })
	s.collect(posted)
	close(done)
	helpers.Wait()
	s.report()
	judge(t, samples)
	if path := os.Getenv(soakVariable + "_GRAPH"); path != "" {
		if err := os.WriteFile(path, drawSoak(samples), 0o644); err != nil {
			t.Error(err)
		}
	}
	if code, took := s.stop(t); code != 0 {
		t.Errorf("told to stop it ended with %d after %v", code, took)
	}
}

func startSoak(t *testing.T, events int) *soak {
	s := &soak{
		t: t, events: events, faults: map[string]int{}, arrived: map[string]map[string]int{},
		portal: portal.New(portal.Options{Limit: true}),
		wall:   wall.New(wall.Options{Keep: 60 * soakRate}), channel: wall.New(wall.Options{Keep: 200, RateLimits: true}),
	}
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		return server.URL
	}
	api, chat, channel := serve(s.portal.Handler()), serve(s.wall.Handler()), serve(s.channel.Handler())
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.wall.ServeSMTP(mail) }()
	t.Cleanup(func() { _ = s.wall.Close(); _ = s.channel.Close() })

	var sinks []string
	add := func(name string, settings map[string]any) {
		line, err := json.Marshal(settings) // JSON is YAML
		if err != nil {
			t.Fatal(err)
		}
		sinks = append(sinks, fmt.Sprintf("  %s: %s", name, line))
	}
	for _, platform := range wall.Platforms() {
		settings := s.wall.Sinks(chat, mail.Addr().String())[platform]
		settings["limit"] = "none"
		add(platform, settings)
		s.arrived[platform] = map[string]int{}
	}
	add("channel", s.channel.Sinks(channel, "")[wall.Slack])

	dir := folder(t, strings.Join(sinks, "\n"), wall.Platforms()...)
	settings, err := json.Marshal(s.portal.Settings(api))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bridge.yaml")
	replaceIn(t, file, "secrets: [ "+secret+" ]", fmt.Sprintf("secrets: [ %s ], keep: 10m, api: %s", secret, settings))
	replaceIn(t, file, "templates:", "  - { name: channel, events: [ UserCreated ], digest: { wait: 10s, max_wait: 20s }, to: [ channel ] }\ntemplates:")
	replaceIn(t, file, "format: json", "format: json, level: warn") // what is kept of it is in memory
	for event, file := range map[string]string{"UserCreated": "user-created.yaml", "EnrollmentCompletedByLearner": "completed.yaml"} {
		write(t, filepath.Join(dir, "templates", file), `
event: `+event+`
bulk: false
lookups: { user: "/users/{{ .event.userId }}", course: "/courses/{{ .event.courseId }}" }
message:
  title: '{{ .event.correlationId }}'
  text: '{{ .user.fullName }} {{ .course.name }}'
digest: { title: '{{ .count }} events' }
sample: { userId: 10000000-0000-4000-a000-000000000001 }
`)
	}
	s.process = start(t, dir)
	return s
}

// post posts the events, each at its time, and now and then a second time, or with a
// signature that is none.
func (s *soak) post() {
	const connections = 8
	people, courses := s.portal.People(), s.portal.Courses()
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			defer client.CloseIdleConnections()
			for i := int(next.Add(1)) - 1; i < s.events; i = int(next.Add(1)) - 1 {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / soakRate)))
				event := fmt.Appendf(nil, `{"eventName":%q,"userId":%q,"courseId":%q,"correlationId":"soak%d"}`,
					[]string{"User Created", "Enrollment Completed by Learner"}[i%2], people[i%len(people)], courses[i%len(courses)], i)
				times := 1
				if i%50 == 0 {
					times = 2
					s.repeated.Add(1)
				}
				for range times {
					if status, err := post(client, s.url, event); err != nil || status != http.StatusOK {
						s.t.Errorf("event %d: %d, %v", i, status, err)
					}
				}
				if i%100 == 0 {
					s.postForged(client, event)
				}
			}
		})
	}
	all.Wait()
}

func (s *soak) postForged(client *http.Client, event []byte) {
	req, err := http.NewRequest(http.MethodPost, s.url, strings.NewReader(string(event)+" "))
	if err != nil {
		s.t.Error(err)
		return
	}
	req.Header.Set("absorb-signature", sign(event))
	res, err := client.Do(req)
	if err != nil {
		s.t.Error(err)
		return
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		s.t.Errorf("a forged event was answered %s", res.Status)
	}
}

// breakThings lets something fail for some seconds, again and again: a platform, the
// Integration API, its token; and has the configuration read again.
func (s *soak) breakThings(posted <-chan struct{}) {
	modes := []string{
		wall.ModeLimited, wall.ModeLimitedDate, wall.ModeLimitedBare, wall.ModeLimitedHTML, wall.ModeSignIn, wall.ModeFirewall, "500", "502",
		wall.ModeUnavailable, wall.ModeUnavailableAt, "504", wall.ModeHang, wall.ModeReset, wall.ModeResetAfter, wall.ModeSlow,
	}
	mailModes := []string{"421", "450", "451", "452", wall.ModeReset, wall.ModeResetAfter, wall.ModeSlow}
	apiModes := []portal.Mode{
		portal.TooMany, portal.TooManyRetry, portal.ServerError, portal.Unavailable, portal.Empty, portal.HTML, portal.WrongType, portal.Huge,
		portal.Slow, portal.Hang, portal.Reset, portal.Redirect,
	}
	for n := 1; ; n++ {
		platform := wall.Platforms()[rand.N(len(wall.Platforms()))]
		mode := modes[rand.N(len(modes))]
		if platform == wall.Email {
			mode = mailModes[rand.N(len(mailModes))]
		}
		s.inject(wall.Fault{Platform: platform, Mode: mode, Count: wall.Forever})
		s.faults[platform]++
		select {
		case <-posted:
		case <-time.After(time.Second + rand.N(4*time.Second)):
		}
		s.inject(wall.Fault{Platform: platform, Mode: wall.ModeNone})
		select {
		case <-posted:
			return
		case <-time.After(rand.N(2 * time.Second)):
		}
		if n%3 == 0 {
			s.portal.Break(portal.Fault{Mode: apiModes[rand.N(len(apiModes))], Count: 1 + rand.N(20)})
			s.faults["Integration API"]++
		}
		if n%40 == 0 {
			s.portal.ExpireToken()
			s.faults["token"]++
		}
		if n%100 == 0 {
			if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				s.t.Error(err)
			}
			s.faults["reload"]++
		}
	}
}

func (s *soak) inject(f wall.Fault) {
	if err := s.wall.Inject(f); err != nil {
		s.t.Error(err)
	}
}

var (
	soakMarker = regexp.MustCompile(`soak\d+`)
	soakCount  = regexp.MustCompile(`([0-9][0-9,]*) events`)
)

// collect looks at what arrives until everything has.
func (s *soak) collect(posted <-chan struct{}) {
	var deadline time.Time
	for deadline.IsZero() || time.Now().Before(deadline) {
		select {
		case <-posted:
			if deadline.IsZero() {
				deadline = time.Now().Add(10 * time.Minute)
			}
		default:
		}
		s.look()
		if !deadline.IsZero() && s.missing() == 0 {
			return
		}
		time.Sleep(time.Second)
	}
}

func (s *soak) look() {
	for _, m := range s.wall.Messages() {
		if m.Seq <= s.seq {
			continue
		}
		s.seq = m.Seq
		text := string(m.Payload)
		if m.Mail != nil {
			text = m.Mail.Text
		}
		if m.Verdict.Accepted {
			s.arrived[m.Platform][soakMarker.FindString(text)]++
		}
	}
	for _, m := range s.channel.Messages() {
		if m.Seq <= s.channelSeq {
			continue
		}
		s.channelSeq = m.Seq
		if !m.Verdict.Accepted {
			continue
		}
		s.digests++
		if found := soakCount.FindSubmatch(m.Payload); found != nil {
			n, _ := strconv.Atoi(strings.ReplaceAll(string(found[1]), ",", ""))
			s.told += n
		} else {
			s.told++ // a window with one event
		}
	}
}

// missing is how many messages have not arrived.
func (s *soak) missing() (n int) {
	for _, got := range s.arrived {
		n += s.events - len(got)
	}
	return n + s.events/2 - s.told
}

// report fails if something is missing, and tells what was seen.
func (s *soak) report() {
	for _, platform := range wall.Platforms() {
		again := 0
		for _, times := range s.arrived[platform] {
			again += times - 1
		}
		s.t.Logf("%s: %d of %d events arrived, %d of them once more; %d faults", platform, len(s.arrived[platform]), s.events, again, s.faults[platform])
	}
	s.t.Logf("%d digests tell of %d events", s.digests, s.told)
	s.t.Logf("%d events were posted twice; faults of the Integration API %d, tokens ended %d, configurations read again %d",
		s.repeated.Load(), s.faults["Integration API"], s.faults["token"], s.faults["reload"])
	if n := s.missing(); n != 0 {
		s.t.Errorf("%d messages are missing", n)
	}
}
