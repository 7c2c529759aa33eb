package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
	"github.com/absorb-bridge/absorb-bridge/internal/locked"
	"github.com/absorb-bridge/absorb-bridge/internal/pgtest"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

func TestAnEmptyBridgeTeaches(t *testing.T) {
	s := newStage(t)
	has(t, s.page(t, "/"), "no event of production has been verified yet", "Follow the source")
	has(t, s.page(t, "/events"), "No event has arrived yet", "absorb-bridge emit")
	has(t, s.page(t, "/deliveries"), "There are no deliveries yet")
	has(t, s.page(t, "/dead"), "There are none")
	has(t, s.page(t, "/audit"), "Nobody has changed anything yet")
	has(t, s.page(t, "/sources/production"), "Reachable", "(open)", "No captured requests yet")
}

func TestOverviewShowsProblemsFirst(t *testing.T) {
	s := newStage(t)
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent)
	page := ""
	until(t, "all is well", func() bool { page = s.page(t, "/"); return strings.Contains(page, "All is well") })
	has(t, page, "<dt>Messages sent</dt><dd>3</dd>", "healthy")

	s.guild("404 no_service")
	s.post(t, "CourseCreditsAwarded")
	until(t, "a broken sink", func() bool { page = s.page(t, "/"); return strings.Contains(page, "guild is broken") })
	has(t, page, "no_service", "Fix the destination", `href="/deliveries?sink=guild&state=pending"`)
	if strings.Index(page, "guild is broken") > strings.Index(page, "The last 24 hours") {
		t.Error("the problem is not the first thing on the page")
	}
}

// A sink that was removed while something waited for it is a problem, too.
func TestOverviewShowsOrphans(t *testing.T) {
	s := newStage(t)
	s.guild("503 later")
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent, bridge.Pending)
	delete(s.settings["sinks"].(map[string]any), "guild")
	s.settings["routes"] = s.settings["routes"].([]any)[1:]
	s.save(t)
	s.submit(t, "/configuration/reload", url.Values{})
	page := ""
	until(t, "orphans", func() bool { page = s.page(t, "/"); return strings.Contains(page, "not in the configuration") })
	has(t, page, "1 message waits for guild")
	has(t, s.page(t, "/deliveries?state=orphaned"), "guild")
	has(t, s.submit(t, "/change", url.Values{"operation": {"deliveries/move"}, "state": {"orphaned"}, "to": {"spare"}}), "Move 1 message to spare?")
	has(t, s.submit(t, "/change", url.Values{"operation": {"deliveries/move"}, "state": {"orphaned"}, "to": {"spare"}, "confirmed": {"yes"}, "all": {"yes"}}), "1 message moved")
	s.settled(t, 1, bridge.Sent)
}

func TestAnEventsTimeline(t *testing.T) {
	s := newStage(t)
	s.guild("400 invalid_blocks")
	s.post(t, "EnrollmentCompletedByLearner")
	s.settled(t, 1, bridge.Sent, bridge.Dead)
	page := s.page(t, s.first(t, "/events"))
	has(t, page,
		"Enrollment completed by learner", "Received", "Absorb-Webhooks/1.0", // arrived
		"<code>hex-upper</code>", "matches a secret of", // verified
		"Looked up", "/users/10000000-0000-4000-a000-000000000001", "/courses/20000000-0000-4000-a000-000000000001", "200", // with each call
		"everything", "matches", "courses", "is not about this event type", "sandbox", "its condition is false", // routed
		"To academy", "To space", "To guild", "invalid_blocks", "Retry now", // each delivery
		"/message", "Exact payload", // as it looked
	)
	order := regexp.MustCompile(`(?s)Received.*Verified.*Looked up.*Routed.*To academy`)
	if !order.MatchString(page) {
		t.Error("the steps are not in their order")
	}
	frame := s.page(t, regexp.MustCompile(`/deliveries/[0-9a-f-]+/message`).FindString(page))
	has(t, frame, "Mira Halvorsen", `class="drawing slack"`)
}

// The command to post an event again works, for who has the secret, and holds none.
func TestPostItAgainByHand(t *testing.T) {
	s := newStage(t)
	s.post(t, "UserCreated")
	s.settled(t, 1, bridge.Sent)
	page := s.page(t, s.first(t, "/events"))
	found := regexp.MustCompile(`(?s)data-copy="(body=.*?)"`).FindStringSubmatch(page)
	if found == nil || strings.Contains(page, secret) {
		t.Fatalf("no command, or a secret, on\n%s", page)
	}
	out := shell(t, unescape(found[1]), "ABSORB_SECRET="+secret, "BRIDGE_URL="+strings.TrimSuffix(s.hook, "/absorb"))
	if !strings.Contains(out, `"duplicate"`) {
		t.Errorf("the bridge answered %s", out)
	}
}

func TestListsFilterAndPage(t *testing.T) {
	s := newStage(t)
	const n = 60
	for range n {
		s.post(t, "CourseBundleActivated")
	}
	s.post(t, "GroupDeleted")
	s.settled(t, n+1, bridge.Sent)
	id := regexp.MustCompile(`href="(/events/[0-9a-f-]{36})"`)
	seen := map[string]bool{}
	pages := 0
	for path := "/events"; path != ""; pages++ {
		page := s.page(t, path)
		for _, found := range id.FindAllStringSubmatch(page, -1) {
			if seen[found[1]] {
				t.Errorf("%s is on two pages", found[1])
			}
			seen[found[1]] = true
		}
		path = ""
		if next := regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(page); next != nil {
			path = "/events" + unescape(next[1])
		}
	}
	if len(seen) != n+1 || pages != 2 {
		t.Errorf("%d events on %d pages", len(seen), pages)
	}
	for query, want := range map[string]int{
		"event=GroupDeleted": 1, "event=group.deleted": 1, "event=UserCreated": 0, "source=nobody": 0, "state=unrouted": 0, "text=no-such-thing": 0, "since=1h&event=GroupDeleted": 1,
		"until=1h": 0, "sink=academy&event=GroupDeleted": 1, "route=courses&event=GroupDeleted": 0,
	} {
		if got := len(id.FindAllString(s.page(t, "/events?"+query), -1)); got != want {
			t.Errorf("%s finds %d, want %d", query, got, want)
		}
	}
	has(t, s.page(t, "/events?text=no-such-thing"), "No event matches")
	has(t, s.page(t, "/deliveries?since=yesterday"), "write an age such as 2h or 3d")
	has(t, s.page(t, "/deliveries?state=lost"), "there is no state lost")
	has(t, s.page(t, "/deliveries?sink=academy&state=sent"), "Course bundle", "Older")
}

// first gives the first link of a list.
func (s *stage) first(t *testing.T, list string) string {
	t.Helper()
	path, _, _ := strings.Cut(list, "?")
	found := regexp.MustCompile(`<th scope="row"><a href="(` + path + `/[0-9a-f-]{36})"`).FindStringSubmatch(s.page(t, list))
	if found == nil {
		t.Fatalf("%s lists nothing", list)
	}
	return found[1]
}

func TestDeadLettersByCause(t *testing.T) {
	s := newStage(t)
	const blocks = "400 invalid_blocks"
	for n, answer := range []string{blocks, blocks, blocks, `400 {"ok":false,"error":"archived","channel":4711}`, `400 {"ok":false,"error":"archived","channel":4712}`} {
		s.guild(answer)
		s.post(t, "CertificateAwarded")
		s.settled(t, 2*n+1, bridge.Sent, bridge.Dead)
		s.guild("") // another passes, or the next refusal would be the sink's fault
		s.post(t, "CertificateAwarded")
		s.settled(t, 2*n+2, bridge.Sent, bridge.Dead)
	}

	page := s.page(t, "/dead")
	has(t, page, "5 messages that the bridge no longer tries", "400 invalid_blocks", "archived", "4712", "Retry all 3", "Retry all 2", "Retry all 5")
	if strings.Contains(page, "4711") {
		t.Error("numbers make another cause")
	}
	cause := regexp.MustCompile(`(?s)archived.*?name="cause" value="([0-9a-f]+)"`).FindStringSubmatch(page)
	form := url.Values{"operation": {"deliveries/retry"}, "cause": {cause[1]}, "back": {"/dead"}}
	has(t, s.submit(t, "/change", form), "Retry 2 messages?", "sink guild", "state dead", "archived", "Retry 2 messages</button>")
	if n := s.dead(t); n != 5 {
		t.Errorf("before it was confirmed there are %d", n)
	}
	form.Set("confirmed", "yes")
	has(t, s.submit(t, "/change", form), "2 messages will be tried again.")
	until(t, "a group replayed", func() bool { return s.dead(t) == 3 })
	one := s.first(t, "/deliveries?state=dead")
	has(t, s.submit(t, "/change", url.Values{"operation": {"deliveries/retry"}, "id": {strings.TrimPrefix(one, "/deliveries/")}, "back": {one}}), "1 message will be tried again.")
	until(t, "one replayed", func() bool { return s.dead(t) == 2 })
	all := url.Values{"operation": {"deliveries/retry"}, "state": {"dead"}, "back": {"/dead"}}
	has(t, s.submit(t, "/change", all), "Retry 2 messages?")
	all.Set("confirmed", "yes")
	all.Set("all", "yes")
	s.submit(t, "/change", all)
	s.settled(t, 10, bridge.Sent)
	has(t, s.page(t, "/audit"), "this machine", "deliveries/retry", "state dead")
	has(t, s.submit(t, "/change", all), "0 messages will be tried again")
}

func (s *stage) dead(t *testing.T) int {
	t.Helper()
	rows, err := s.client().Deliveries(t.Context(), store.Filter{State: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

func TestCancelMoveAndRouteAgain(t *testing.T) {
	s := newStage(t)
	s.guild("503 later")
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent, bridge.Pending)
	one := s.first(t, "/deliveries?state=pending")
	ids := url.Values{"id": {strings.TrimPrefix(one, "/deliveries/")}, "back": {one}}
	do := func(operation, to string) string {
		ids.Set("operation", operation)
		ids.Set("to", to)
		return s.submit(t, "/change", ids)
	}
	has(t, do("deliveries/cancel", ""), "1 message cancelled.", "cancelled", "Retry now")
	has(t, do("deliveries/retry", ""), "1 message will be tried again.")
	if status, body, _ := s.ask(t, "POST", "/change", url.Values{"operation": {"deliveries/move"}, "id": ids["id"], "to": {"nowhere"}}); status != 400 || !strings.Contains(body, "there is no sink") {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := s.ask(t, "POST", "/change", url.Values{"operation": {"deliveries/burn"}, "id": ids["id"]}); status != 404 {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := s.ask(t, "POST", "/change", url.Values{"operation": {"deliveries/cancel"}, "ids": ids["id"]}); status != 400 || !strings.Contains(body, "unknown field: ids") {
		t.Errorf("a field that is not known chooses everything: %d %s", status, body)
	}

	s.settings["routes"] = append(s.settings["routes"].([]any), map[string]any{"name": "later", "events": []string{"Certificate*"}, "to": []string{"space"}})
	s.save(t)
	s.submit(t, "/configuration/reload", url.Values{})
	event := s.first(t, "/events")
	has(t, s.submit(t, "/change", url.Values{"operation": {"events/replay"}, "id": {strings.TrimPrefix(event, "/events/")}, "back": {event}}), "1 event will be looked up and routed again.")
	until(t, "a delivery of the new route", func() bool { return strings.Contains(s.page(t, "/deliveries?route=later"), "space") })
}

func TestASourcesSetup(t *testing.T) {
	s := newStage(t)
	w := s.portal.Webhook("CertificateAwarded", portal.DefaultProfile())
	s.send(t, w, "a-wrong-secret", http.StatusOK) // nothing of the source was verified yet
	page := s.page(t, "/sources/production")
	has(t, page, "a request from the portal arrived", "Certificate awarded", "Understood:", "hex-upper", "data-until", "Open the window")
	has(t, s.submit(t, "/sources/production/test-window", url.Values{"for": {"0s"}}), "stays on test until", "data-until")
	has(t, s.page(t, "/sources"), "open, <span data-until")
	capture := s.page(t, regexp.MustCompile(`/captures/[0-9a-f-]{36}`).FindString(page))
	has(t, capture, "Captured request", "$.eventName", "name of an event type", "User-Agent")

	has(t, s.submit(t, "/sources/production/try-api", url.Values{}), "The Integration API was tried", "the Integration API answered")
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent)
	page = s.page(t, "/sources/production")
	if n := strings.Count(page, "(done)"); n != 6 {
		t.Errorf("%d of 6 steps are done:\n%s", n, page)
	}

	s.send(t, w, "a-wrong-secret", http.StatusUnauthorized)
	has(t, s.page(t, "/sources/production"), "not verified", "does not match")
	until(t, "a problem", func() bool { return strings.Contains(s.page(t, "/"), "could not verify") })
	has(t, s.submit(t, "/sources/production/test-window", url.Values{"for": {"10m"}}), "The test window is open.", "data-until", "Close it")
	s.send(t, w, "a-wrong-secret", http.StatusOK)
	has(t, s.submit(t, "/sources/production/test-window", url.Values{"for": {"0s"}}), "The test window is closed.", "Open the window")
	s.send(t, w, "a-wrong-secret", http.StatusUnauthorized)
	has(t, s.page(t, "/audit"), "test-window", "production for 10m0s", "try-api")
	for _, wrong := range []string{"", "-1m", "25h", "soon"} {
		if status, _, _ := s.ask(t, "POST", "/sources/production/test-window", url.Values{"for": {wrong}}); status != 400 {
			t.Errorf("for %q: %d", wrong, status)
		}
	}
}

// Where the portal puts a value that is not found, the lines to copy are shown.
func TestOverridesToCopy(t *testing.T) {
	s := newStage(t)
	odd := portal.Webhook{Event: "CertificateAwarded", Body: []byte(`{"eventName":"Certificate Awarded","who":{"learnerRef":"10000000-0000-4000-a000-000000000001"}}`)}
	s.send(t, odd, "a-wrong-secret", http.StatusOK)
	page := s.page(t, "/sources/production")
	has(t, page, "not recognised", "Ids found", "CertificateAwarded has no userId", "user: $.who.learnerRef")
	has(t, s.page(t, regexp.MustCompile(`/captures/[0-9a-f-]{36}`).FindString(page)), "fields:\n  ", "user: $.who.learnerRef", "Used to look up", "missing", "does not match its secret")
}

func TestConfigurationAndItsPlaces(t *testing.T) {
	s := newStage(t)
	page := s.page(t, "/configuration")
	has(t, page, "sinks.academy.type", "slack", "bridge.yaml:", s.file, "routes[0].to[2]", "default", "••••••••")
	for _, hidden := range []string{secret, sinkSecret, apiPassword} {
		if strings.Contains(page, hidden) {
			t.Errorf("the page shows %q", hidden)
		}
	}
	whole, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file, append(whole, "timezon: UTC\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	status, body, _ := s.ask(t, "POST", "/configuration/reload", url.Values{})
	if status != http.StatusUnprocessableEntity {
		t.Errorf("%d", status)
	}
	place := fmt.Sprintf("%s:%d:1", s.file, strings.Count(string(whole), "\n")+1)
	has(t, body, "1 error", place, `did you mean "timezone"?`, "timezon: ***")
	until(t, "a problem", func() bool { return strings.Contains(s.page(t, "/"), "the configuration on disk has 1 error") })
	s.settings["listen"], s.settings["keep"] = "127.0.0.1:1", "7d"
	s.save(t)
	has(t, s.submit(t, "/configuration/reload", url.Values{}), "was read again and is in use", "7d", "takes effect at the next start", "listen")
	has(t, s.page(t, "/audit"), "refused: it has errors", "used")
}

func TestTimesAreForScriptsAndReaders(t *testing.T) {
	s := newStage(t)
	s.post(t, "UserCreated")
	s.settled(t, 1, bridge.Sent)
	found := regexp.MustCompile(`<time datetime="([^"]+)">([^<]+) UTC</time>`).FindStringSubmatch(s.page(t, "/events"))
	if found == nil {
		t.Fatal("there is no time")
	}
	at, err := time.Parse(time.RFC3339Nano, found[1])
	if err != nil || at.Format("2006-01-02 15:04:05") != found[2] {
		t.Errorf("%v, %v", found, err)
	}
}

// A source without an Integration API needs none to be ready.
func TestALeanSourcesSetup(t *testing.T) {
	s := newStage(t, func(settings map[string]any) {
		delete(settings["sources"].(map[string]any)["production"].(map[string]any), "api")
	})
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent)
	page := s.page(t, "/sources/production")
	if strings.Contains(page, "(open)") || strings.Contains(page, "Try the Integration API") {
		t.Errorf("it is not ready:\n%s", page)
	}
	has(t, page, "messages show ids instead of names")
	has(t, s.page(t, s.first(t, "/events")), "No lookups")
}

// Where replicas share a store, the overview tells which of them sends.
func TestOverviewTellsWhoSends(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	one := newStage(t, func(settings map[string]any) { settings["store"] = url })
	two := &stage{file: one.file, log: &locked.Buffer{}}
	two.run(t)
	host, _ := os.Hostname()
	var page string
	until(t, "both send", func() bool {
		page = one.page(t, "/")
		return strings.Contains(page, "this one") && strings.Count(page, "<td>"+host+"/") == 4 && strings.Count(page, "this one") < 4
	})
	has(t, page, "Sent by")
	one.post(t, "CertificateAwarded")
	until(t, "the other one shows the event", func() bool { return strings.Contains(two.page(t, "/events"), "Certificate awarded") })
}
