package discord

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const botToken = "MTAx.s3cr3t.b0tt0k3n"

func botSuite() sinktest.Suite {
	s := suite()
	s.Mode = "bot"
	s.Settings = func(base string) map[string]any {
		return map[string]any{
			"token": botToken, "channel_id": "100", "api_url": base + "/api/v10", "mentions": map[string]any{sinktest.Mentioned: "1234567"},
		}
	}
	s.Secrets = []string{botToken, "s3cr3t.b0tt0k3n"}
	return s
}

func TestBotConformance(t *testing.T) { sinktest.Run(t, botSuite()) }

func TestForumConformance(t *testing.T) {
	s := suite()
	s.Mode = "forum"
	webhook := s.Settings
	s.Settings = func(base string) map[string]any {
		settings := webhook(base)
		settings["forum"] = true
		return settings
	}
	sinktest.Run(t, s)
}

func FuzzBotEncode(f *testing.F) { sinktest.Fuzz(f, botSuite()) }

func TestBotAnswers(t *testing.T) {
	sinktest.Classifies(t, func(base string) bridge.Sink { return build(t, botSuite().Settings(base)) }, sinktest.Answers{
		{401, "", `{"message":"401: Unauthorized","code":0}`, bridge.DestinationBroken, 0, "Unauthorized"},
		{404, "", `{"message":"Unknown Channel","code":10003}`, bridge.DestinationBroken, 0, "Unknown Channel"},
		{403, "", `{"message":"Missing Access","code":50001}`, bridge.DestinationBroken, 0, "Missing Access"},
		{429, "", `{"message":"slowmode","code":20016,"retry_after":7.5}`, bridge.Limited, 7500 * time.Millisecond, "slowmode"},
		{400, "", `{"message":"slowmode","code":20016,"retry_after":7.5}`, bridge.Limited, 7500 * time.Millisecond, "slowmode"},
		{429, "", `{"message":"You are being rate limited.","retry_after":0.3,"global":true}`, bridge.Limited, 300 * time.Millisecond, "rate limited"},
		{400, "", `{"message":"Invalid Form Body","code":50035}`, bridge.MessageRejected, 0, "Invalid Form Body"},
		{502, "", "<html>Bad Gateway</html>", bridge.Temporary, 0, "Bad Gateway"},
	})
}

func TestBotSettingsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]any
		keys     []string
	}{
		"both":                   {map[string]any{"webhook_url": "https://discord.com" + hook, "token": "x", "channel_id": "1"}, []string{"token"}},
		"no token":               {map[string]any{"token": "", "channel_id": "1"}, []string{"token"}},
		"no channel":             {map[string]any{"token": "x"}, []string{"channel_id"}},
		"a channel's name":       {map[string]any{"token": "x", "channel_id": "#general"}, []string{"channel_id"}},
		"a header":               {map[string]any{"token": "Bot x", "channel_id": "1"}, []string{"token"}},
		"a webhook's settings":   {map[string]any{"token": "x", "channel_id": "1", "username": "A", "avatar_url": "https://x.example/", "thread_id": "2", "forum": true}, []string{"avatar_url", "forum", "thread_id", "username"}},
		"a bot's settings":       {map[string]any{"webhook_url": "https://discord.com" + hook, "channel_id": "1", "api_url": "https://x.example"}, []string{"api_url", "channel_id"}},
		"a forum and one thread": {map[string]any{"webhook_url": "https://discord.com" + hook, "forum": true, "thread_id": "2"}, []string{"thread_id"}},
		"an address":             {map[string]any{"token": "x", "channel_id": "1", "api_url": "discord.com"}, []string{"api_url"}},
		"an id":                  {map[string]any{"token": "x", "channel_id": "1", "mentions": map[string]any{"a@example.com": "ann"}}, []string{"mentions"}},
	} {
		_, err := New(kit.Setup{Settings: c.settings})
		var keys []string
		for _, fault := range kit.SettingErrors(err) {
			keys = append(keys, fault.Key)
		}
		slices.Sort(keys)
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%s: %v, want faults of %v", name, err, c.keys)
		}
	}
}

// guild is a Discord of the test's own. It answers as told, in order, and keeps the
// requests.
type guild struct {
	*httptest.Server
	mu       sync.Mutex // guards what follows
	answers  []string   // status and body
	requests []string
	bodies   []map[string]any
}

func newGuild(t *testing.T) *guild {
	g := &guild{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		path := strings.TrimPrefix(r.URL.Path, "/api/v10/")
		if thread := r.URL.Query().Get("thread_id"); thread != "" {
			path += "?" + thread
		}
		g.requests, g.bodies = append(g.requests, r.Method+" "+path), append(g.bodies, body)
		if len(g.answers) > 0 {
			var status int
			var rest string
			_, _ = fmt.Sscanf(g.answers[0], "%d %s", &status, &rest)
			g.answers = g.answers[1:]
			w.WriteHeader(status)
			_, _ = io.WriteString(w, rest)
			return
		}
		_, _ = fmt.Fprintf(w, `{"id":"%d","channel_id":"100"}`, 500+len(g.requests))
	}))
	t.Cleanup(g.Close)
	return g
}

// try sends a message, and checks the requests that it makes and the receipt.
func (g *guild) try(t *testing.T, name string, sink bridge.Sink, m bridge.Message, answers []string, requests []string, want bridge.Receipt) []map[string]any {
	t.Helper()
	g.mu.Lock()
	g.answers, g.requests, g.bodies = answers, nil, nil
	g.mu.Unlock()
	m.ID, m.Title = "m", "Ropes"
	p, err := sink.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sink.Send(t.Context(), p)
	got.Status = 0
	if err != nil || got != want {
		t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Equal(g.requests, requests) {
		t.Errorf("%s: requests %v, want %v", name, g.requests, requests)
	}
	return g.bodies
}

const (
	noChannel  = `404 {"code":10003,"message":"Unknown"}`
	noMessage  = `404 {"code":10008,"message":"Unknown"}`
	archived   = `400 {"code":50083,"message":"Archived"}`
	forbidden  = `403 {"code":50013,"message":"Forbidden"}`
	exists     = `400 {"code":160004,"message":"Exists"}`
	inThread   = `200 {"id":"9","channel_id":"501"}`
	isThread   = `201 {"id":"501"}`
	post       = "POST channels/100/messages"
	replyTo501 = "POST channels/501/messages"
	start      = "POST channels/100/messages/501/threads"
)

func TestBotThreads(t *testing.T) {
	g := newGuild(t)
	sink := build(t, botSuite().Settings(g.URL))
	first := bridge.Receipt{ID: "100 501", Thread: "100/501 Ropes"}
	reply := bridge.Message{Thread: first.Thread}
	replied := bridge.Receipt{ID: "501 9", Thread: first.Thread}
	g.try(t, "first", sink, bridge.Message{}, nil, []string{post}, first)
	bodies := g.try(t, "second", sink, reply, []string{noChannel, isThread, inThread}, []string{replyTo501, start, replyTo501}, replied)
	if bodies[1]["name"] != "Ropes" || bodies[2]["nonce"] != bodies[0]["nonce"] || len(bodies[0]["nonce"].(string)) != 25 {
		t.Errorf("bodies %v", bodies)
	}
	g.try(t, "third", sink, reply, []string{inThread}, []string{replyTo501}, replied)
	g.try(t, "started meanwhile", sink, reply, []string{noChannel, exists, inThread}, []string{replyTo501, start, replyTo501}, replied)
	g.try(t, "archived", sink, reply, []string{archived, isThread, inThread}, []string{replyTo501, "PATCH channels/501", replyTo501}, replied)
	g.try(t, "archived for good", sink, reply, []string{archived, forbidden}, []string{replyTo501, "PATCH channels/501", post},
		bridge.Receipt{ID: "100 503", Thread: "100/503 Ropes", Detail: "not in its thread: Forbidden (code 50013)"})
	g.try(t, "the first is gone", sink, reply, []string{noChannel, noMessage}, []string{replyTo501, start, post},
		bridge.Receipt{ID: "100 503", Thread: "100/503 Ropes", Detail: "not in its thread: Unknown (code 10008)"})
	g.try(t, "of another channel", sink, bridge.Message{Thread: "7/501 Ropes"}, nil, []string{post}, first)
}

func TestBotUpdates(t *testing.T) {
	g := newGuild(t)
	sink := build(t, botSuite().Settings(g.URL))
	update := bridge.Message{Replaces: "100 42"}
	patch := "PATCH channels/100/messages/42"
	bodies := g.try(t, "an update", sink, update, []string{`200 {"id":"42","channel_id":"100"}`}, []string{patch}, bridge.Receipt{ID: "100 42"})
	if bodies[0]["nonce"] != nil || bodies[0]["enforce_nonce"] != nil || bodies[0]["embeds"] == nil || bodies[0]["allowed_mentions"] == nil {
		t.Errorf("body %v", bodies[0])
	}
	for _, code := range []int{10008, 10003, 30046, 50005, 50083} {
		g.try(t, fmt.Sprint("refused with ", code), sink, update, []string{fmt.Sprintf(`400 {"code":%d,"message":"x"}`, code)}, []string{patch, post},
			bridge.Receipt{ID: "100 502", Thread: "100/502 Ropes"})
	}
}

func TestWebhookInForum(t *testing.T) {
	g := newGuild(t)
	sink := build(t, map[string]any{"webhook_url": g.URL + "/api/webhooks/1/token", "forum": true})
	inPost := `200 {"id":"42","channel_id":"77"}`
	webhook := "POST webhooks/1/token"
	want := bridge.Receipt{ID: "77 42", Thread: "77 Ropes"}
	bodies := g.try(t, "first", sink, bridge.Message{}, []string{inPost}, []string{webhook}, want)
	if bodies[0]["thread_name"] != "Ropes" {
		t.Errorf("body %v", bodies[0])
	}
	reply := bridge.Message{Thread: want.Thread}
	bodies = g.try(t, "second", sink, reply, []string{inPost}, []string{webhook + "?77"}, want)
	if bodies[0]["thread_name"] != nil {
		t.Errorf("body %v", bodies[0])
	}
	bodies = g.try(t, "the post is gone", sink, reply, []string{noChannel, inPost}, []string{webhook + "?77", webhook}, want)
	if bodies[1]["thread_name"] != "Ropes" {
		t.Errorf("body %v", bodies[1])
	}
	g.try(t, "an update", sink, bridge.Message{Replaces: "77 42", Thread: want.Thread}, []string{inPost}, []string{"PATCH webhooks/1/token/messages/42?77"}, want)
	g.try(t, "an update of what is gone", sink, bridge.Message{Replaces: "77 42", Thread: want.Thread}, []string{noMessage, inPost},
		[]string{"PATCH webhooks/1/token/messages/42?77", webhook + "?77"}, want)
}

func TestWebhookUpdates(t *testing.T) {
	g := newGuild(t)
	for thread, query := range map[string]string{"": "", "7": "?7"} {
		sink := build(t, map[string]any{"webhook_url": g.URL + "/api/webhooks/1/token", "thread_id": thread, "username": "Absorb"})
		bodies := g.try(t, "an update", sink, bridge.Message{Replaces: "100 42"}, nil, []string{"PATCH webhooks/1/token/messages/42" + query}, bridge.Receipt{ID: "100 501"})
		if bodies[0]["username"] != nil || bodies[0]["embeds"] == nil {
			t.Errorf("body %v", bodies[0])
		}
		g.try(t, "an update of what is gone", sink, bridge.Message{Replaces: "42"}, []string{noMessage},
			[]string{"PATCH webhooks/1/token/messages/42" + query, "POST webhooks/1/token" + query}, bridge.Receipt{ID: "100 502"})
	}
	if plain := build(t, map[string]any{"webhook_url": g.URL + "/api/webhooks/1/token"}).(bridge.Threaded); plain.Threads() {
		t.Error("a webhook of an ordinary channel claims to start threads")
	}
}

func TestMentionsTellExactlyThose(t *testing.T) {
	settings := map[string]any{"token": "x", "channel_id": "1", "mentions": map[string]any{"ann@example.com": "7", "carl@example.com": "9"}}
	p, err := build(t, settings).Encode(bridge.Message{
		Title: bridge.MentionMark(0) + " <@8>", Text: "*" + bridge.MentionMark(0) + "* " + bridge.MentionMark(1) + ` \<\@9\>`, Mentions: []bridge.Person{
			{Name: "Ann", Email: "ann@example.com"}, {Name: "B*b", Email: "bob@example.com"}, {Name: "Carl", Email: "carl@example.com"}, // Carl is nowhere in the text
		},
	})
	for _, want := range []string{
		`"allowed_mentions":{"parse":[],"users":["7"]}`, `"content":"<@7> Ann \\<@` + "\u200b" + `8\\>"`, `"description":"*<@7>* B\\*b \\<@` + "\u200b" + `9\\>"`,
	} {
		if err != nil || !strings.Contains(string(p.Body), want) {
			t.Errorf("%s is not in %s, %v", want, p.Body, err)
		}
	}
}
