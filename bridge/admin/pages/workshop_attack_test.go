package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// Who may view may preview; saving and sending is for those who may operate, and
// for the bridge's own pages.
func TestWorkshopAsksForRights(t *testing.T) {
	s, dir := workshopStage(t, func(settings map[string]any) {
		settings["admin"] = map[string]any{"listen": "127.0.0.1:0", "token": "token-to-operate", "view_token": "token-to-view-all"}
	})
	form := url.Values{"event": {"UserCreated"}, "text": {written}, "sink": {"academy"}}
	const view, operate = "Bearer token-to-view-all", "Bearer token-to-operate"
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{http.MethodGet, "/workshop", nil, http.StatusSeeOther},
		{http.MethodGet, "/workshop/stage", nil, http.StatusSeeOther},
		{http.MethodPost, "/workshop/preview", nil, http.StatusUnauthorized},
		{http.MethodPost, "/workshop/download", nil, http.StatusUnauthorized},
		{http.MethodPost, "/workshop/save", nil, http.StatusUnauthorized},
		{http.MethodGet, "/workshop", []string{"Authorization", view}, http.StatusOK},
		{http.MethodPost, "/workshop/preview", []string{"Authorization", view}, http.StatusOK},
		{http.MethodPost, "/workshop/save", []string{"Authorization", view}, http.StatusForbidden},
		{http.MethodPost, "/workshop/send", []string{"Authorization", view}, http.StatusForbidden},
		{http.MethodPost, "/workshop/preview", []string{"Authorization", view, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, http.StatusForbidden},
		{http.MethodPost, "/workshop/save", []string{"Authorization", operate, "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{http.MethodPost, "/workshop/save", []string{"Authorization", operate, "Origin", "https://evil.example"}, http.StatusForbidden},
		{http.MethodPost, "/workshop/send", []string{"Authorization", operate, "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
	} {
		if status, body, _ := s.ask(t, c.method, c.path, form, c.headers...); status != c.want {
			t.Errorf("%s %s %v: %d, want %d\n%.500s", c.method, c.path, c.headers, status, c.want, body)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries)+len(s.wall.Messages()) != 0 {
		t.Errorf("something was done: %v", entries)
	}
	_, page, _ := s.ask(t, http.MethodGet, "/workshop", nil, "Authorization", view)
	if strings.Contains(page, "/workshop/save") || strings.Contains(page, "/workshop/send") {
		t.Error("who may only view is offered to save or send")
	}
}

// A link of another site may open the workshop, and fill in its forms. It computes
// nothing.
func TestWorkshopComputesForItsOwnPages(t *testing.T) {
	s, _ := workshopStage(t)
	s.post(t, "EnrollmentCompletedByLearner")
	s.settled(t, 1, bridge.Sent)
	link := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Referer", "https://evil.example/"}
	const message, taken = "Working at Height", "The condition is true for"
	for _, c := range []struct {
		path       string
		status     int
		shows, not string
	}{
		{"/workshop/condition?when=true&events=*", http.StatusOK, `value="true"`, taken},
		{"/workshop/condition?when=" + strings.Repeat("x", 3000), http.StatusOK, "For example", "fault"},
		{"/workshop?event=EnrollmentCompletedByLearner&kind=digest&copies=100", http.StatusOK, "Press Preview", message},
		{"/workshop/stage?event=EnrollmentCompletedByLearner&kind=digest&copies=100", http.StatusForbidden, "Open the workshop", message},
	} {
		status, body, _ := s.ask(t, http.MethodGet, c.path, nil, link...)
		if status != c.status || !strings.Contains(body, c.shows) || strings.Contains(body, c.not) {
			t.Errorf("%.60s: %d\n%.1000s", c.path, status, body)
		}
	}
	for _, path := range []string{"/workshop/condition", "/workshop/preview", "/workshop/download"} {
		if status, _, _ := s.ask(t, http.MethodPost, path, url.Values{"when": {"true"}, "event": {"UserCreated"}, "text": {written}}, link...); status != http.StatusForbidden {
			t.Errorf("POST %s by another site: %d", path, status)
		}
	}
	// The same, asked by the bridge's own pages.
	has(t, s.page(t, "/workshop?event=EnrollmentCompletedByLearner"), message)
	if page := s.page(t, "/workshop/condition?when=true"); strings.Contains(page, taken) {
		t.Error("a request that only reads tries a condition")
	}
	has(t, s.submit(t, "/workshop/condition", url.Values{"when": {"true"}}), "1 of 1 event</strong>.")
}

// A file's name comes from an event's, whatever a request says.
func TestWorkshopWritesNowhereElse(t *testing.T) {
	s, dir := workshopStage(t)
	for _, name := range []string{"../../etc/passwd", "..", "/etc/passwd", `..\x`, "a/b", strings.Repeat("A", 1<<15)} {
		for _, field := range []string{"event", "id", "locale", "kind"} {
			form := url.Values{"event": {"UserCreated"}, "text": {written}}
			form.Set(field, name)
			for _, path := range []string{"/workshop/save", "/workshop/preview", "/workshop/download"} {
				if status, _, _ := s.ask(t, http.MethodPost, path, form); status != http.StatusBadRequest && status != http.StatusNotFound {
					t.Errorf("%s with %s %.20q: %d", path, field, name, status)
				}
			}
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("there is %v", entries)
	}
	// Nor does it come from what Absorb sends.
	w := s.portal.Webhook("UserCreated", portal.DefaultProfile())
	w.Body = []byte(`{"eventType":"../../Evil ../../x","userId":"10000000-0000-4000-a000-000000000001"}`)
	if status, _, err := w.Post(t.Context(), http.DefaultClient, s.hook, secret); err != nil || status != http.StatusOK {
		t.Skipf("such an event is not taken: %d %v", status, err)
	}
	s.settled(t, 1, bridge.Sent)
	id := strings.TrimPrefix(s.first(t, "/events"), "/events/")
	page := s.page(t, "/workshop?id="+id)
	found := regexp.MustCompile(`Saving writes <code>([^<]*)</code>`).FindStringSubmatch(unescape(page))
	if found == nil || filepath.Dir(found[1]) != dir || strings.Contains(filepath.Base(found[1]), "..") {
		t.Errorf("it would write %q", found)
	}
}

// What is written, and what it is written about, cannot do a thing in the pages.
func TestWorkshopRunsNothing(t *testing.T) {
	s, _ := workshopStage(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>"'><svg onload=alert(3)>`
	text := "event: UserCreated\nmessage:\n  title: '" + strings.ReplaceAll(evil, "'", "''") + "'\n  text: '[x](javascript:alert(4)) " + strings.ReplaceAll(evil, "'", "''") + "'\n"
	shown := s.preview(t, url.Values{"event": {"UserCreated"}, "text": {text}})
	for _, bad := range []string{"<script>alert", "<img src=x", "<svg onload", `href="javascript:`} {
		if strings.Contains(shown.Stage, bad) {
			t.Errorf("the message holds %s", bad)
		}
	}
	shown = s.preview(t, url.Values{"event": {"UserCreated"}, "text": {"event: UserCreated\n" + evil + ": x\nmessage: { title: x }"}})
	if strings.Contains(shown.Problems, "<script>") || strings.Contains(shown.Problems, "<img") {
		t.Errorf("%s", shown.Problems)
	}
	_, body, h := s.ask(t, http.MethodPost, "/workshop/preview", url.Values{"event": {"UserCreated"}, "text": {text}})
	policy := h.Get("Content-Security-Policy")
	if strings.Contains(body, "<script>") || !strings.HasSuffix(policy, "sandbox allow-scripts") || strings.Contains(policy, "allow-same-origin") || strings.Contains(policy, "script-src 'self' 'unsafe") {
		t.Errorf("policy %s", policy)
	}
	form := url.Values{"when": {evil}, "events": {evil}}
	for _, c := range []struct{ method, path string }{{http.MethodGet, "/workshop?event=UserCreated"}, {http.MethodGet, "/workshop/condition?" + form.Encode()}, {http.MethodPost, "/workshop/condition"}} {
		_, page, h := s.ask(t, c.method, c.path, form)
		if strings.Contains(page, "<script>") || strings.Contains(page, "<img src=x") || !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self';") {
			t.Errorf("%s %s: %s", c.method, c.path, h.Get("Content-Security-Policy"))
		}
	}
}

// bombs are texts that are meant to use up the machine.
func bombs() map[string]string {
	head := "event: UserCreated\nmessage:\n  title: x\n  text: '"
	aliases := "event: UserCreated\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		aliases += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	return map[string]string{
		"aliases":        aliases,
		"nested lists":   "event: UserCreated\nsample: " + strings.Repeat("[", 30_000),
		"nested maps":    "event: UserCreated\nsample: " + strings.Repeat("{a: ", 12_000),
		"indented":       "event: UserCreated\nsample:\n" + steps(350),
		"dashes":         "event: UserCreated\nsample: \n" + strings.Repeat("- ", 30_000),
		"loops":          head + strings.Repeat("{{ range until 9999 }}", 20) + "x" + strings.Repeat("{{ end }}", 20) + "'",
		"output":         head + "{{ range until 90000 }}" + strings.Repeat("x", 1000) + "{{ end }}'",
		"doubling":       head + `{{ $x := "0123456789" }}{{ range until 200 }}{{ $x = print $x $x }}{{ end }}{{ $x }}` + "'",
		"doubling lists": head + `{{ $x := list 1 2 }}{{ range until 200 }}{{ $x = concat $x $x }}{{ end }}{{ len $x }}` + "'",
		"regexp":         head + `{{ regexMatch "(a*)*(a*)*(a*)*b" (repeat 5000 "a") }}` + "'",
		"repeat":         head + `{{ repeat 1000000000 "x" }}` + "'",
		"widths":         head + `{{ printf "%1000000000d" 1 }}` + "'",
		"many lookups":   "event: UserCreated\nlookups:\n" + lookups(30) + "message: { title: x }",
		"more lookups":   "event: UserCreated\nlookups:\n" + lookups(700) + "message: { title: x }",
		"many parts":     "event: UserCreated\nmessage:\n  title: x\n  fields:\n" + strings.Repeat("  - {name: n, value: '{{ range until 9999 }}{{ end }}'}\n", 1000),
	}
}

func lookups(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  a%d: '/x/{{ range until 9999 }}{{ range until 9 }}{{ end }}{{ end }}'\n", i)
	}
	return b.String()
}

func steps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// Whatever is written, there is an answer, soon, and the bridge goes on.
func TestWorkshopSurvivesBombs(t *testing.T) {
	s, _ := workshopStage(t)
	for name, text := range bombs() {
		began := time.Now()
		status, body, _ := s.ask(t, http.MethodPost, "/workshop/preview", url.Values{"event": {"UserCreated"}, "text": {text}, "kind": {"digest"}, "copies": {"100"}}, "Accept", "application/json")
		t.Logf("%s: %d after %v, %d bytes", name, status, time.Since(began), len(body))
		if status != http.StatusOK || len(body) > 8<<20 {
			t.Errorf("%s: %d, %d bytes", name, status, len(body))
		}
	}
	for _, form := range []url.Values{{"text": {strings.Repeat("#", 64<<10+1)}}, {"text": {strings.Repeat("x", 2<<20)}}} {
		for _, path := range []string{"/workshop/preview", "/workshop/save", "/workshop/send"} {
			if status, body, _ := s.ask(t, http.MethodPost, path, form); status != http.StatusRequestEntityTooLarge && status != http.StatusBadRequest {
				t.Errorf("%s with %d bytes: %d\n%.300s", path, len(form.Get("text")), status, body)
			}
		}
	}
}

// Only a few texts are worked on at once; those that wait too long are told so.
func TestWorkshopTakesTurns(t *testing.T) {
	s, _ := workshopStage(t)
	slow := bombs()["many parts"]
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			status, _, _ := s.ask(t, http.MethodPost, "/workshop/preview", url.Values{"event": {"UserCreated"}, "text": {slow}})
			if status != http.StatusOK && status != http.StatusServiceUnavailable {
				t.Errorf("%d", status)
			}
		})
	}
	all.Wait()
	s.preview(t, url.Values{"event": {"UserCreated"}, "text": {written}})
}
