package wall_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"golang.org/x/net/html"
)

const attack = `<script>alert(1)</script><img src=x onerror=alert(1)>"'><svg onload=alert(1)>javascript:alert(1)`

// hostile is a message full of attack, in each platform's form.
func hostile(t *testing.T, platform string) string {
	t.Helper()
	a := attack
	link := "javascript:alert(1)"
	hook := map[string]any{"text": a + " [x](" + link + ") <" + link + "|x>", "username": a, "attachments": []any{map[string]any{
		"color": a, "title": a, "title_link": link, "text": a, "image_url": link, "footer": a, "fields": []any{map[string]any{"title": a, "value": a}}}}}
	payload := map[string]any{
		wall.Mattermost: hook, wall.RocketChat: hook, wall.Webhook: hook,
		wall.Slack: map[string]any{"text": a, "attachments": []any{map[string]any{"color": a, "title": a, "title_link": link, "text": "<" + link + "|x> " + a, "footer": a}}},
		wall.Discord: map[string]any{"content": "[x](" + link + ") <" + link + "> " + a, "username": "x", "embeds": []any{map[string]any{
			"title": a, "description": a, "fields": []any{map[string]any{"name": a, "value": a}}, "footer": map[string]any{"text": a}}}},
		wall.GoogleChat: map[string]any{"text": "<" + link + "|x> " + a, "cardsV2": []any{map[string]any{"card": map[string]any{
			"header": map[string]any{"title": a}, "sections": []any{map[string]any{"widgets": []any{
				map[string]any{"textParagraph": map[string]any{"text": `<a href="` + link + `">x</a>` + a}},
				map[string]any{"buttonList": map[string]any{"buttons": []any{map[string]any{"text": a, "onClick": map[string]any{"openLink": map[string]any{"url": link}}}}}},
			}}}}}}},
		wall.Teams: map[string]any{"attachments": []any{map[string]any{"contentType": a, "content": map[string]any{"body": []any{
			map[string]any{"type": "TextBlock", "text": "[x](" + link + ") " + a, "color": a, "size": a}, map[string]any{"type": a},
			map[string]any{"type": "RichTextBlock", "inlines": []any{map[string]any{"type": "TextRun", "text": a, "selectAction": map[string]any{"url": link}}}},
		}, "actions": []any{map[string]any{"type": a, "title": a, "url": link}}}}}},
	}[platform]
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustBeInert fails the test if the HTML holds anything that would run or load.
// The scripts allowed are counted by the caller.
func mustBeInert(t *testing.T, text string) (scripts int) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			scripts++
		case "img", "object", "embed", "base", "form", "video", "audio":
			t.Errorf("the page holds <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
			if (a.Key == "href" || a.Key == "src") && strings.Contains(a.Val, "javascript") {
				t.Errorf("<%s> leads to %q", n.Data, a.Val)
			}
			if n.Data == "iframe" && a.Key == "sandbox" && a.Val != "" {
				t.Errorf("a mail's frame may %s", a.Val)
			}
		}
	}
	return scripts
}

func (b *bench) get(t *testing.T, path string) reply {
	t.Helper()
	resp, err := http.Get(b.url + path)
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

func TestPageIsInert(t *testing.T) {
	b, addr := mailBench(t, wall.Options{})
	for platform, url := range b.urls {
		b.post(t, url, hostile(t, platform))
	}
	if err := send(t, addr, "From: \"a\" <a@example.com>\r\nSubject: "+attack+"\r\nContent-Type: text/html\r\n\r\n"+attack+"\r\n"); err != nil {
		t.Fatal(err)
	}
	page := b.get(t, "/")
	if n := mustBeInert(t, page.body); n != 1 {
		t.Errorf("the page holds %d scripts, want its own", n)
	}
	if got := strings.Count(page.body, "<article"); got != 7 {
		t.Errorf("the page shows %d messages, want 7", got)
	}
	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if !strings.Contains(page.body, `sandbox=""`) || !strings.Contains(page.body, `srcdoc="&lt;script&gt;`) {
		t.Error("the mail's HTML does not stand in a frame that may do nothing")
	}
}

func TestPageHasItsAssets(t *testing.T) {
	b := start(t, wall.Options{})
	for path, want := range map[string]string{"/wall.css": ".drawing.slack", "/wall.js": "EventSource"} {
		if got := b.get(t, path); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: answered %d", path, got.status)
		}
	}
	if got := b.get(t, "/elsewhere"); got.status != 404 {
		t.Errorf("/elsewhere: answered %d", got.status)
	}
}

func TestMessagesByHTTP(t *testing.T) {
	b := start(t, wall.Options{})
	b.post(t, b.urls[wall.Slack], good(wall.Slack))
	b.post(t, b.urls[wall.Slack], `{}`)
	b.post(t, b.urls[wall.Teams], good(wall.Teams))
	var got struct {
		Counts   map[string]wall.Counts
		Messages []struct {
			Platform string
			Verdict  wall.Verdict
			Payload  json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(b.get(t, "/api/messages?platform=slack").body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 2 || string(got.Messages[0].Payload) != good(wall.Slack) || got.Messages[1].Verdict.Words != "no_text" {
		t.Errorf("got %+v", got.Messages)
	}
	if got.Counts[wall.Teams].Accepted != 1 || got.Counts[wall.Slack].Refused != 1 {
		t.Errorf("counted %+v", got.Counts)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, b.url+"/api/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent || len(b.Messages()) != 0 {
		t.Errorf("DELETE answered %d, %d kept", resp.StatusCode, len(b.Messages()))
	}
}

// events reads server-sent events until one of the kind, and gives its data.
func events(t *testing.T, lines *bufio.Scanner, kind string) string {
	t.Helper()
	for found := false; lines.Scan(); {
		if lines.Text() == "event: "+kind {
			found = true
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && found {
			return data
		}
	}
	t.Fatalf("the stream ended before an event %q: %v", kind, lines.Err())
	return ""
}

func TestLiveUpdates(t *testing.T) {
	b := start(t, wall.Options{})
	b.post(t, b.urls[wall.Slack], `{"text":"before"}`)
	resp, err := http.Get(b.url + "/events?after=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if got := events(t, lines, "messages"); strings.Contains(got, "before") || !strings.Contains(got, `"slack":{"accepted":1`) {
		t.Errorf("first came %s", got)
	}
	b.post(t, b.urls[wall.Discord], hostile(t, wall.Discord))
	var news struct {
		Messages []struct{ Platform, HTML string }
	}
	if err := json.Unmarshal([]byte(events(t, lines, "messages")), &news); err != nil {
		t.Fatal(err)
	}
	if len(news.Messages) != 1 || news.Messages[0].Platform != wall.Discord || mustBeInert(t, news.Messages[0].HTML) != 0 {
		t.Errorf("then came %+v", news)
	}
	b.Clear()
	events(t, lines, "cleared")
	if err := b.Close(); err != nil { // ends the stream
		t.Fatal(err)
	}
	for lines.Scan() {
	}
}

func TestStaticPage(t *testing.T) {
	cells := []wall.StaticCell{
		{Sink: "console", Platform: "console", Payload: bridge.Payload{Body: []byte("── " + attack)}},
		{Sink: "hr", Platform: wall.Email, Payload: bridge.Payload{Body: []byte(goodMail), Shortened: []string{"title"}}},
		{Sink: "leaders", Platform: wall.Email, Payload: bridge.Payload{Body: []byte(goodMail)}},
	}
	for _, platform := range []string{wall.Slack, wall.Discord, wall.GoogleChat, wall.Teams, wall.Mattermost, wall.RocketChat, wall.Webhook} {
		cells = append(cells, wall.StaticCell{Sink: platform, Platform: platform, Payload: bridge.Payload{Body: []byte(hostile(t, platform))}})
	}
	var page strings.Builder
	if err := wall.WriteStatic(&page, "Preview & more", []wall.StaticRow{{Event: "User created", Cells: cells}}); err != nil {
		t.Fatal(err)
	}
	if n := mustBeInert(t, page.String()); n != 0 {
		t.Errorf("the page holds %d scripts", n)
	}
	at := 0
	for _, want := range []string{"Preview &amp; more", "User created", ">Slack<", ">Discord<", ">Google Chat<", ">Teams<", ">Email · hr<", "shortened: title", "Míra has passed", ">Email · leaders<", ">Mattermost<", ">Rocket.Chat<", ">Webhook<", ">console<"} {
		i := strings.Index(page.String()[at:], want)
		if i < 0 {
			t.Fatalf("no %q after byte %d", want, at)
		}
		at += i
	}
	err := wall.WriteStatic(io.Discard, "x", []wall.StaticRow{{Event: "e", Cells: []wall.StaticCell{{Sink: "slack", Platform: wall.Slack, Payload: bridge.Payload{Body: []byte("{")}}}}})
	if err == nil || !strings.Contains(err.Error(), "draw e for slack") {
		t.Errorf("a payload that is no JSON: %v", err)
	}
}

func TestTimesAreTheClocks(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 2, 31, 0, time.UTC)
	b := start(t, wall.Options{Now: func() time.Time { return now }})
	b.post(t, b.urls[wall.Slack], good(wall.Slack))
	if m := b.Messages()[0]; !m.At.Equal(now) || !strings.Contains(b.get(t, "/").body, "14:02:31") {
		t.Errorf("arrived at %v", m.At)
	}
}
