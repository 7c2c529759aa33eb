package pages_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// Somebody has the overview open while things happen, and follows its links to what
// must be done.
func TestInABrowserFromAProblemToItsEnd(t *testing.T) {
	s := newStage(t)
	b := newTab(t, s)
	b.open(t, "/")
	b.shows(t, "no event of production has been verified yet")
	s.guild("400 invalid_blocks")
	s.post(t, "CertificateAwarded")
	b.shows(t, "1 dead letter for guild") // without loading the page again
	s.guild("")
	b.click(t, "Show details")
	b.shows(t, "400 invalid_blocks")
	b.click(t, "Retry it")
	b.shows(t, "Retry 1 message?")
	b.click(t, "Retry 1 message")
	b.shows(t, "1 message will be tried again.")
	s.settled(t, 1, bridge.Sent)
	b.open(t, "/")
	b.shows(t, "All is well")
	b.quiet(t)
}

func TestInABrowserEventsAndDeliveries(t *testing.T) {
	s := newStage(t)
	s.guild("503 later")
	s.post(t, "CertificateAwarded")
	s.post(t, "UserCreated")
	s.settled(t, 2, bridge.Sent, bridge.Pending)
	b := newTab(t, s)
	b.open(t, "/events")
	b.do(t, chromedp.SendKeys(chromedp.CSS("input[name=event]"), "CertificateAwarded"))
	b.click(t, "Filter")
	b.do(t, chromedp.WaitNotPresent(`//th[@scope="row"][contains(., "User created")]`))
	b.click(t, "Certificate awarded")
	for _, text := range []string{"Received", "Verified", "Looked up", "Routed", "To academy", "To guild", "later"} {
		b.shows(t, text)
	}
	// The message is drawn in a frame that is as tall as the message.
	b.do(t, chromedp.ScrollIntoView(chromedp.CSS(".drawn iframe")))
	b.becomes(t, `document.querySelector(".drawn iframe").contentDocument?.body?.innerText.includes("Mira Halvorsen") && document.querySelector(".drawn iframe").classList.contains("fitted")`)
	b.click(t, "Post it again by hand")
	b.do(t, chromedp.WaitVisible(chromedp.CSS("button[data-copy]")))
	b.click(t, "Cancel")
	b.shows(t, "1 message cancelled.")
	if here := value[string](t, b, "location.search"); here != "" {
		t.Errorf("what was done would be said again: %s", here)
	}
	b.click(t, "Retry now")
	b.shows(t, "1 message will be tried again.")
	b.do(t, chromedp.SetValue(chromedp.CSS("select[name=to]"), "spare"))
	b.click(t, "Move")
	b.shows(t, "1 message moved.")
	b.click(t, "Look up and route again")
	b.shows(t, "1 event will be looked up and routed again.")
	b.quiet(t)
}

func TestInABrowserASource(t *testing.T) {
	s := newStage(t)
	b := newTab(t, s)
	b.open(t, "/sources/production")
	b.shows(t, "No captured requests yet")
	b.click(t, "Open the window")
	b.shows(t, "The test window is open.")
	b.becomes(t, `/^29:\d\d$/.test(document.querySelector("[data-until]")?.innerText)`) // it counts down
	s.send(t, s.portal.Webhook("CourseCreditsAwarded", portal.DefaultProfile()), "another-secret", http.StatusOK)
	b.shows(t, "Course credits awarded") // by itself
	b.shows(t, "a request from the portal arrived")
	b.click(t, "Try the Integration API")
	b.shows(t, "the Integration API answered")
	s.post(t, "CertificateAwarded")
	b.shows(t, "a message about an event of this source was delivered") // turns green by itself
	b.click(t, "Close it")
	b.shows(t, "The test window is closed.")
	b.click(t, "Course credits awarded")
	b.shows(t, "$.eventName")
	b.quiet(t)
}

func TestInABrowserTheConfiguration(t *testing.T) {
	s := newStage(t)
	b := newTab(t, s)
	b.open(t, "/configuration")
	b.shows(t, "sinks.academy.webhook_url")
	s.settings["keep"] = "soon"
	s.save(t)
	b.click(t, "Reload now")
	b.shows(t, "1 error in the configuration read")
	b.shows(t, `want a duration such as 30s, 10m, 24h or 30d, have "soon"`)
	b.mu.Lock()
	b.complain = nil // the browser reports the status of that page as an error
	b.mu.Unlock()
	s.settings["keep"] = "7d"
	s.save(t)
	b.click(t, "Reload now")
	b.shows(t, "was read again and is in use")
	b.quiet(t)
}

func TestInABrowserLogin(t *testing.T) {
	s := newStage(t, withToken)
	b := newTab(t, s)
	b.open(t, "/events?state=routed")
	b.shows(t, "Log in")
	login := func(token string) {
		t.Helper()
		b.do(t, chromedp.SendKeys(chromedp.CSS("input[name=token]"), token+kb.Enter))
	}
	login("wrong")
	b.shows(t, "The token is wrong")
	login(adminToken)
	b.shows(t, "What the portal reported")
	if at := value[string](t, b, "location.pathname + location.search"); at != "/events?state=routed" {
		t.Errorf("after the login it is %s", at)
	}
	if seen := value[string](t, b, "document.cookie"); seen != "" {
		t.Errorf("scripts see the session: %s", seen)
	}
	b.do(t, chromedp.Click(`//button[contains(., "Log out")]`))
	b.shows(t, "Log in")
	b.open(t, "/")
	b.shows(t, "Log in")
	login("view-" + adminToken)
	b.shows(t, "The last 24 hours")
	b.open(t, "/sources/production")
	if n := value[int](t, b, `document.querySelectorAll("main form").length`); n != 0 {
		t.Errorf("who may only look has %d forms", n)
	}
}

// The whole way by keyboard: past the navigation, into a list, to an event, to a
// button.
func TestInABrowserByKeyboard(t *testing.T) {
	s := newStage(t)
	s.guild("400 invalid_blocks")
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent, bridge.Dead)
	b := newTab(t, s)
	b.open(t, "/dead")
	focused := func() string {
		return value[string](t, b, `(document.activeElement.innerText || document.activeElement.name || document.activeElement.tagName).trim()`)
	}
	b.do(t, chromedp.KeyEvent(kb.Tab))
	if at := focused(); at != "Skip to the content" {
		t.Errorf("the first stop is %q", at)
	}
	if visible := value[bool](t, b, `document.activeElement.getBoundingClientRect().top >= 0 && getComputedStyle(document.activeElement).outlineStyle !== "none"`); !visible {
		t.Error("the focus is not to be seen")
	}
	b.do(t, chromedp.KeyEvent(kb.Enter))
	stops := 0
	for at := ""; !strings.HasPrefix(at, "Retry it"); at = focused() {
		if b.do(t, chromedp.KeyEvent(kb.Tab)); stops > 6 {
			t.Fatalf("from the content it is more than %d stops to the first button: now at %q", stops, at)
		}
		stops++
	}
	s.guild("")
	b.do(t, chromedp.KeyEvent(kb.Enter))
	b.shows(t, "Retry 1 message?")
	b.do(t, chromedp.Focus(chromedp.CSS("main button.main")), chromedp.KeyEvent(kb.Enter))
	b.shows(t, "1 message will be tried again.")
	b.quiet(t)
}

func TestInABrowserTimesAreTheViewers(t *testing.T) {
	s := newStage(t)
	s.post(t, "UserCreated")
	s.settled(t, 1, bridge.Sent)
	b := newTab(t, s)
	command(t, b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kathmandu"})
	b.open(t, "/events")
	script := `(() => { const t = document.querySelector("td time"); return [t.innerText, new Date(t.dateTime).toLocaleTimeString(undefined, {hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "Asia/Kathmandu"})] })()`
	if got := value[[]string](t, b, script); !strings.Contains(got[0], got[1]) {
		t.Errorf("the time is shown as %q, there it is %q", got[0], got[1])
	}
}

// places are the pages of a bridge that has seen much.
func places(t *testing.T, s *stage) []struct{ name, path string } {
	t.Helper()
	wrong := portal.Webhook{Event: "CertificateAwarded", Body: []byte(`{"eventName":"Certificate Awarded","who":{"learnerGuid":"10000000-0000-4000-a000-000000000001"}}`)}
	s.send(t, wrong, "another-secret", http.StatusOK)
	for _, event := range []string{"CertificateAwarded", "EnrollmentCompletedByLearner", "CourseCreditsAwarded", "UserEnrolledInCourseByLearner", "UserCreated", "DepartmentCreated"} {
		s.post(t, event)
	}
	s.settled(t, 6, bridge.Sent)
	s.guild("400 invalid_blocks")
	s.post(t, "CertificateAwarded")
	s.settled(t, 7, bridge.Sent, bridge.Dead)
	s.guild("404 no_service")
	s.post(t, "EnrollmentCompletedByLearner")
	s.settled(t, 8, bridge.Sent, bridge.Dead, bridge.Pending)
	s.submit(t, "/sources/production/test-window", url.Values{"for": {"10m"}})
	s.submit(t, "/sources/production/try-api", url.Values{})
	capture := regexp.MustCompile(`/captures/[0-9a-f-]{36}`).FindString(s.page(t, "/sources/production"))
	until(t, "a broken sink", func() bool { return strings.Contains(s.page(t, "/"), "is broken") })
	return []struct{ name, path string }{
		{"overview", "/"}, {"events", "/events"}, {"event", s.first(t, "/events")}, {"deliveries", "/deliveries"}, {"delivery", s.first(t, "/deliveries?state=dead")},
		{"dead", "/dead"}, {"sources", "/sources"}, {"source", "/sources/production"}, {"capture", capture}, {"configuration", "/configuration"}, {"audit", "/audit"},
		{"nothing", "/events?text=nothing-is-like-this"}, {"error", "/events/none"}, {"login", "/login"},
	}
}

// Deque's checks find no serious fault on any page, light or dark.
func TestInABrowserAccessibility(t *testing.T) {
	checks := axe(t)
	s := newStage(t)
	all := places(t, s)
	b := newTab(t, s)
	for _, p := range all {
		for _, scheme := range []string{"light", "dark"} {
			b.media(t, scheme)
			b.open(t, p.path)
			value[any](t, b, checks+"; null")
			faults := value[[]string](t, b, `axe.run({ resultTypes: ["violations"] }).then((r) => r.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
				.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html + " (" + n.failureSummary + ")").slice(0, 3).join("; ")))`)
			for _, fault := range faults {
				t.Errorf("%s, %s: %s", p.name, scheme, fault)
			}
		}
	}
}

// On a narrow screen nothing hangs over the side, and no page makes the browser
// complain.
func TestInABrowserNarrow(t *testing.T) {
	s := newStage(t)
	all := places(t, s)
	b := newTab(t, s)
	b.size(t, 360, 740)
	for _, p := range all {
		b.open(t, p.path)
		if over := value[int](t, b, "document.documentElement.scrollWidth - 360"); over > 0 {
			t.Errorf("%s is %d pixels too wide", p.name, over)
		}
		if p.name != "error" {
			b.quiet(t)
		}
		b.mu.Lock()
		b.complain = nil
		b.mu.Unlock()
	}
}

// TestScreenshots takes the pictures in docs/screenshots anew, if BRIDGE_SCREENSHOTS
// names that folder.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("BRIDGE_SCREENSHOTS")
	if folder == "" {
		t.Skip("set BRIDGE_SCREENSHOTS to a folder for the pictures")
	}
	s := newStage(t)
	all := places(t, s)
	b := newTab(t, s)
	command(t, b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1180, Height: 780, DeviceScaleFactor: 0.75})
	for _, p := range all {
		for _, scheme := range []string{"light", "dark"} {
			b.media(t, scheme)
			b.open(t, p.path)
			value[any](t, b, `new Promise((r) => setTimeout(r, 700))`)
			picture, err := in(b, chromedp.CaptureScreenshot())
			b.must(t, err)
			picture = small(t, picture)
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s.png", p.name, scheme)), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// small is a picture with its 256 most frequent colours: a page has few more.
func small(t *testing.T, picture []byte) []byte {
	t.Helper()
	whole, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.Color]int{}
	bounds := whole.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[whole.At(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return counts[b] - counts[a] })
	few := image.NewPaletted(bounds, colors[:min(len(colors), 256)])
	draw.Draw(few, bounds, whole, bounds.Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
