package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

const adminToken = "a-token-that-nobody-guesses"

func withToken(settings map[string]any) {
	settings["admin"] = map[string]any{"listen": "127.0.0.1:0", "token": adminToken, "view_token": "view-" + adminToken}
}

// everything is each page and each part of the API, with its method.
func everything(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("pages.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, found := range regexp.MustCompile(`"(GET|POST) (/[^"]*)"`).FindAllStringSubmatch(string(source), -1) {
		all = append(all, found[1]+" "+found[2])
	}
	for _, found := range regexp.MustCompile(`act\("(/[^"]*)"`).FindAllStringSubmatch(string(source), -1) {
		all = append(all, "POST "+found[1])
	}
	api, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"(/api/[^"]*)": \{\s*"(get|post)"`).FindAllStringSubmatch(string(api), -1) {
		all = append(all, strings.ToUpper(found[2])+" "+found[1])
	}
	if len(all) < 40 {
		t.Fatalf("only %d were found: %v", len(all), all)
	}
	return all
}

// No page and no part of the API answers who has no rights, and what changes
// something does not answer who may only look.
func TestNothingAnswersWithoutRights(t *testing.T) {
	s := newStage(t, withToken)
	s.post(t, "CertificateAwarded")
	place := regexp.MustCompile(`\{[a-z$]+\}`)
	routes := everything(t)
	for i, route := range routes {
		routes[i] = place.ReplaceAllString(route, "production")
		method, path, _ := strings.Cut(routes[i], " ")
		if method == "GET" {
			continue
		}
		if path == "/login" || path == "/workshop/preview" || path == "/workshop/condition" || path == "/workshop/download" { // they change nothing
			continue
		}
		if status, _, _ := s.ask(t, method, path, nil, "Authorization", "Bearer view-"+adminToken); status != http.StatusForbidden {
			t.Errorf("%s by somebody who may only look: %d", route, status)
		}
	}
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		if strings.HasPrefix(path, "/assets/") {
			continue
		}
		for name, headers := range map[string][]string{
			"nothing":        {},
			"another token":  {"Authorization", "Bearer " + strings.ToUpper(adminToken)},
			"a proxy's word": {"X-Forwarded-User", "admin", "X-Forwarded-For", "127.0.0.1"},
			"a cookie":       {"Cookie", "absorb-bridge=1; __Host-absorb-bridge=1"},
		} {
			status, body, h := s.ask(t, method, path, nil, headers...)
			login := status == http.StatusSeeOther && strings.HasPrefix(h.Get("Location"), "/login?")
			if status != http.StatusUnauthorized && status != http.StatusTooManyRequests && !login || strings.Contains(body, "CertificateAwarded") || strings.Contains(body, "everything") {
				t.Errorf("%s with %s: %d %.300s", route, name, status, body)
			}
		}
	}
}

// Who may only look sees no button that changes something.
func TestTheViewersPagesHaveNoButtons(t *testing.T) {
	s := newStage(t, withToken)
	s.guild("400 invalid_blocks")
	s.post(t, "CertificateAwarded")
	viewer := []string{"Authorization", "Bearer view-" + adminToken}
	var event string
	until(t, "a dead letter", func() bool {
		_, body, _ := s.ask(t, "GET", "/dead", nil, viewer...)
		_, list, _ := s.ask(t, "GET", "/events", nil, viewer...)
		event = regexp.MustCompile(`/events/[0-9a-f-]{36}`).FindString(list)
		return strings.Contains(body, "invalid_blocks")
	})
	for _, path := range []string{"/", "/events", event, "/deliveries", "/dead", "/sources/production", "/configuration"} {
		status, body, _ := s.ask(t, "GET", path, nil, viewer...)
		if status != 200 || strings.Contains(body, `method="post"`) || !strings.Contains(body, "view only") {
			t.Errorf("%s: %d\n%s", path, status, body)
		}
	}
}

// A form of another site does nothing, whoever is logged in.
func TestForgedForms(t *testing.T) {
	for name, change := range map[string]func(map[string]any){"this machine": func(map[string]any) {}, "a session": withToken} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, change)
			cookie := ""
			if name == "a session" {
				_, _, h := s.ask(t, "POST", "/login", url.Values{"token": {adminToken}})
				cookie, _, _ = strings.Cut(h.Get("Set-Cookie"), ";")
			}
			for _, headers := range [][]string{
				{"Sec-Fetch-Site", "cross-site", "Origin", "https://attacker.example"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://attacker.example"}, {"Origin", "null"},
			} {
				headers = append(headers, "Cookie", cookie)
				for _, path := range []string{"/change", "/configuration/reload", "/sessions/end", "/sources/production/test-window", "/sources/production/try-api", "/api/deliveries/retry", "/api/reload", "/api/sessions/end"} {
					if status, body, _ := s.ask(t, "POST", path, url.Values{"operation": {"deliveries/cancel"}, "all": {"yes"}, "confirmed": {"yes"}, "for": {"24h"}}, headers...); status != http.StatusForbidden {
						t.Errorf("%s with %v: %d %.200s", path, headers, status, body)
					}
				}
			}
			if status, _, _ := s.ask(t, "POST", "/sources/production/test-window", url.Values{"for": {"1m"}}, "Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Origin", s.base); status != http.StatusSeeOther {
				t.Errorf("our own form: %d", status)
			}
		})
	}
}

// No page can be framed, runs a script of its own text, or is kept by a cache.
func TestEveryPageIsProtected(t *testing.T) {
	s := newStage(t)
	s.post(t, "CertificateAwarded")
	s.settled(t, 1, bridge.Sent)
	event, delivery := s.first(t, "/events"), s.first(t, "/deliveries")
	inline := regexp.MustCompile(`(?i)<script(?:>| [^>]*>[^<])|<style|\sstyle=|\son[a-z]+=|javascript:`)
	for _, path := range []string{"/", "/events", event, "/deliveries", delivery, "/dead", "/sources", "/sources/production", "/configuration", "/audit", "/login", "/no-such-page"} {
		_, body, h := s.ask(t, "GET", path, nil)
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: the policy %q lacks %s", path, policy, want)
			}
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s has %q in it", path, found)
		}
	}
	_, _, h := s.ask(t, "GET", delivery+"/message", nil)
	if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script-src") || !strings.Contains(policy, "frame-ancestors 'self'") {
		t.Errorf("the message's policy is %q", policy)
	}
}

// Whatever somebody calls a course or herself, it is text on every page.
func TestMarkupInNames(t *testing.T) {
	s := newStage(t)
	const evil = `<img src=x onerror=alert(1)>"'><script>alert(2)</script>`
	s.send(t, portal.Webhook{Event: evil, Body: []byte(fmt.Sprintf(`{"eventName":%q}`, evil))}, secret, http.StatusOK)
	s.settled(t, 1, bridge.Sent)
	s.guild(fmt.Sprintf(`400 {"ok":false,"error":"invalid_blocks","words":%q}`, evil))
	body := fmt.Sprintf(`{"eventName":"Certificate Awarded","userId":"10000000-0000-4000-a000-000000000001","correlationId":%q,"certificateId":%q,%q:%q}`, evil, evil, evil, evil)
	s.send(t, portal.Webhook{Event: "CertificateAwarded", Body: []byte(body)}, secret, http.StatusOK)
	s.settled(t, 2, bridge.Sent, bridge.Dead)
	if status, _, _ := s.ask(t, "POST", "/sources/production/test-window", url.Values{"for": {"1m"}}); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	s.send(t, portal.Webhook{Event: evil, Body: []byte(body)}, "wrong", http.StatusOK)
	tag := regexp.MustCompile(`(?i)<img src=x|<script>alert`)
	event, delivery := s.first(t, "/events?text=onerror"), s.first(t, "/deliveries?state=dead")
	capture := regexp.MustCompile(`/captures/[0-9a-f-]{36}`).FindString(s.page(t, "/sources/production"))
	query := url.Values{"text": {evil}, "event": {evil}, "sink": {evil}, "since": {evil}, "done": {evil}, "n": {evil}, "before": {evil}}.Encode()
	for _, path := range []string{
		"/", "/events", "/events?" + query, event, "/deliveries", "/deliveries?" + query, delivery, delivery + "/message", "/dead", "/sources/production", capture, "/audit", "/login?next=" + url.QueryEscape(evil),
		"/sources/" + url.PathEscape(evil), "/" + url.PathEscape(evil),
	} {
		_, page, h := s.ask(t, "GET", path, nil)
		if tag.MatchString(page) || !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %s, %.2000s", path, h.Get("Content-Type"), page)
		}
	}
	status, page, _ := s.ask(t, "POST", "/change", url.Values{"operation": {evil}, "text": {evil}, "to": {evil}, "back": {evil}})
	if tag.MatchString(page) {
		t.Errorf("%d %s", status, page)
	}
}

func TestFormsLeadBackToPagesOfOurs(t *testing.T) {
	s := newStage(t)
	for _, to := range []string{"https://attacker.example/", "//attacker.example", `/\attacker.example`, "javascript:alert(1)", ""} {
		_, _, h := s.ask(t, "POST", "/change", url.Values{"operation": {"deliveries/retry"}, "id": {"x"}, "back": {to}})
		if location := h.Get("Location"); !strings.HasPrefix(location, "/?") {
			t.Errorf("%q leads to %q", to, location)
		}
	}
}

func TestNoFileIsServedButOurOwn(t *testing.T) {
	s := newStage(t)
	for _, path := range []string{"/assets/..%2fpages.go", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/layout.html", "/assets/", "/assets/..", "/assets/nothing.css", "/captures/..%2f..", "/events/..%2f..%2fetc%2fpasswd"} {
		if status, body, _ := s.ask(t, "GET", path, nil); status == http.StatusOK && !strings.Contains(body, "<h1>") || strings.Contains(body, "package pages") || strings.Contains(body, "{{") {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
	for path, media := range map[string]string{"/assets/pages.css": "text/css", "/assets/pages.js": "text/javascript", "/assets/bridge.svg": "image/svg+xml"} {
		if status, _, h := s.ask(t, "GET", path, nil); status != 200 || !strings.HasPrefix(h.Get("Content-Type"), media) {
			t.Errorf("%s: %d %s", path, status, h.Get("Content-Type"))
		}
	}
}

func TestOversizedRequests(t *testing.T) {
	s := newStage(t)
	large := strings.Repeat("x", 2<<20)
	if status, _, _ := s.ask(t, "POST", "/change", url.Values{"operation": {"deliveries/retry"}, "text": {large}}); status != http.StatusBadRequest {
		t.Errorf("a large form: %d", status)
	}
	if status, _, _ := s.ask(t, "GET", "/events?text="+large[:8<<10], nil); status != http.StatusOK {
		t.Errorf("a long filter: %d", status)
	}
	if status, _, _ := s.ask(t, "GET", "/events?text="+large[:64<<10], nil); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a longer one: %d", status)
	}
	status, _, _ := s.ask(t, "POST", "/api/deliveries/retry", url.Values{"x": {large}}, "Content-Type", "application/json")
	if status != http.StatusBadRequest {
		t.Errorf("a large body to the API: %d", status)
	}
}

// A rebound name does not reach the pages of a bridge that lets its machine in.
func TestARebindingName(t *testing.T) {
	s := newStage(t)
	for _, path := range []string{"/", "/events", "/api/overview", "/live/overview"} {
		if status, body, _ := s.ask(t, "GET", path, nil, "Host", "attacker.example"); status != http.StatusForbidden || strings.Contains(body, "production") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
