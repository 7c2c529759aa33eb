package wall_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// call is a request of a bot.
func (b *bench) call(t *testing.T, method, path, authorization, body string) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s %s: %s", method, path, text)
	}
	return resp.StatusCode, answer
}

const xoxb = "Bearer xoxb-0-x"

func (b *bench) slack(t *testing.T, method, body string) map[string]any {
	t.Helper()
	_, answer := b.call(t, http.MethodPost, "/api/"+method, xoxb, body)
	return answer
}

func TestSlackBot(t *testing.T) {
	b := start(t, wall.Options{})
	if got := b.slack(t, "users.lookupByEmail", url.Values{"email": {"nobody@example.com"}}.Encode()); got["error"] != "users_not_found" {
		t.Errorf("nobody: %v", got)
	}
	user := b.slack(t, "users.lookupByEmail", url.Values{"email": {"ann@example.com"}}.Encode())["user"].(map[string]any)["id"].(string)
	dm := b.slack(t, "conversations.open", "users="+user)["channel"].(map[string]any)["id"].(string)

	first := b.slack(t, "chat.postMessage", `{"channel":"`+dm+`","text":"one"}`)
	ts, _ := first["ts"].(string)
	if first["ok"] != true || first["channel"] != dm || ts == "" {
		t.Fatalf("posted: %v", first)
	}
	b.slack(t, "chat.postMessage", `{"channel":"`+dm+`","text":"two","thread_ts":"`+ts+`"}`)
	if got := b.slack(t, "chat.update", `{"channel":"`+dm+`","ts":"`+ts+`","text":"edited"}`); got["ok"] != true {
		t.Errorf("edited: %v", got)
	}
	messages := b.Messages()
	if len(messages) != 2 || b.Count(wall.Slack) != 2 || b.Counts(wall.Slack).Edited != 1 {
		t.Fatalf("%d messages, %+v", len(messages), b.Counts(wall.Slack))
	}
	reply, edited := messages[0], messages[1]
	if reply.Thread != dm+" "+ts || reply.Address != "@ann@example.com" || edited.Edits != 1 || !strings.Contains(string(edited.Payload), "edited") {
		t.Errorf("messages %+v, %+v", reply, edited)
	}

	for body, word := range map[string]string{
		`{"channel":"#no-such-channel","text":"x"}`:             "channel_not_found",
		`{"channel":"D0000000XX","text":"x"}`:                   "channel_not_found",
		`{"channel":"#archived","text":"x"}`:                    "is_archived",
		`{"channel":"#a"}`:                                      "no_text",
		`{"channel":"#a","text":"x","blocks":[{"type":"huh"}]}`: "invalid_blocks",
		`x`: "invalid_json",
	} {
		if got := b.slack(t, "chat.postMessage", body); got["error"] != word {
			t.Errorf("%s: %v, want %s", body, got, word)
		}
	}
	if got := b.slack(t, "chat.update", `{"channel":"#a","ts":"1.2","text":"x"}`); got["error"] != "message_not_found" {
		t.Errorf("an edit of nothing: %v", got)
	}
	for authorization, word := range map[string]string{"": "not_authed", "Bearer xapp-1": "invalid_auth"} {
		if _, got := b.call(t, http.MethodPost, "/api/chat.postMessage", authorization, `{"channel":"#a","text":"x"}`); got["error"] != word {
			t.Errorf("%q: %v, want %s", authorization, got, word)
		}
	}
}

// TestFaultsOfBots: a fault in the words of the Web API waits for a call of it.
func TestFaultsOfBots(t *testing.T) {
	b := start(t, wall.Options{})
	for _, mode := range b.Modes(wall.Slack) {
		word, api := strings.CutPrefix(mode, "api-")
		if !api {
			continue
		}
		if err := b.Inject(wall.Fault{Platform: wall.Slack, Mode: mode}); err != nil {
			t.Fatal(err)
		}
		if got := b.post(t, b.urls[wall.Slack], good(wall.Slack)); got.body != "ok" {
			t.Errorf("%s hits a webhook: %q", mode, got.body)
		}
		hit, next := b.slack(t, "chat.postMessage", `{"channel":"#a","text":"x"}`), b.slack(t, "chat.postMessage", `{"channel":"#a","text":"x"}`)
		if hit["error"] != word || next["ok"] != true {
			t.Errorf("%s: %v, then %v", mode, hit, next)
		}
	}
}

func TestDiscordBot(t *testing.T) {
	b := start(t, wall.Options{})
	discord := func(method, path, body string) (int, map[string]any) {
		return b.call(t, method, "/api/v10/"+path, "Bot MTMz.wall.bot-token-0001", body)
	}
	const channel = "channels/1330000000000000001"
	_, first := discord("POST", channel+"/messages", `{"content":"one","nonce":"n","enforce_nonce":true,"allowed_mentions":{"parse":[]}}`)
	_, again := discord("POST", channel+"/messages", `{"content":"one","nonce":"n","enforce_nonce":true,"allowed_mentions":{"parse":[]}}`)
	id, _ := first["id"].(string)
	if id == "" || again["id"] != id || b.Counts(wall.Discord).Repeated != 1 {
		t.Fatalf("posted %v, again %v", first, again)
	}
	code := func(method, path, body string) any {
		_, answer := discord(method, path, body)
		return answer["code"]
	}
	if got := code("POST", "channels/"+id+"/messages", `{"content":"two"}`); got != 10003.0 {
		t.Errorf("a reply before there is a thread: %v", got)
	}
	if status, _ := discord("POST", channel+"/messages/"+id+"/threads", `{"name":"one"}`); status != http.StatusCreated {
		t.Errorf("a thread was not started: %d", status)
	}
	for body, path := range map[string]string{`{"name":"one"}`: channel + "/messages/" + id + "/threads", `{"content":"x"}`: channel + "/messages/99"} {
		method, want := "POST", 160004.0
		if strings.HasSuffix(path, "99") {
			method, want = "PATCH", 10008.0
		}
		if got := code(method, path, body); got != want {
			t.Errorf("%s %s: %v, want %v", method, path, got, want)
		}
	}
	if _, got := discord("POST", "channels/"+id+"/messages", `{"content":"two"}`); got["channel_id"] != id {
		t.Errorf("a reply: %v", got)
	}
	if _, got := discord("PATCH", channel+"/messages/"+id, `{"content":"edited"}`); got["content"] != "edited" {
		t.Errorf("edited: %v", got)
	}
	messages := b.Messages()
	if last := messages[len(messages)-1]; last.ID != id || last.Edits != 1 {
		t.Errorf("messages %+v", messages)
	}
	if status, _ := b.call(t, http.MethodPost, "/api/v10/"+channel+"/messages", "Bearer x", `{"content":"x"}`); status != http.StatusUnauthorized {
		t.Errorf("without a bot's token: %d", status)
	}
}

func TestDiscordForum(t *testing.T) {
	b := start(t, wall.Options{})
	hook := b.Forum(b.url)["webhook_url"].(string)
	if got := b.post(t, hook+"?wait=true", `{"content":"x"}`); !strings.Contains(got.body, "220001") {
		t.Errorf("no name: %s", got.body)
	}
	if got := b.post(t, b.urls[wall.Discord], `{"content":"x","thread_name":"n"}`); !strings.Contains(got.body, "220003") {
		t.Errorf("a name in a channel that is no forum: %s", got.body)
	}
	var first struct {
		Channel string `json:"channel_id"`
	}
	_ = json.Unmarshal([]byte(b.post(t, hook+"?wait=true", `{"content":"x","thread_name":"n"}`).body), &first)
	if got := b.post(t, hook+"?wait=true&thread_id="+first.Channel, `{"content":"y"}`); got.status != http.StatusOK {
		t.Errorf("a reply: %s", got.body)
	}
	messages := b.Messages()
	if n := len(messages); messages[n-1].Thread != first.Channel || messages[n-2].Thread != first.Channel {
		t.Errorf("messages %+v", messages)
	}
	if got := b.post(t, hook+"?wait=true&thread_id=1", `{"content":"y"}`); !strings.Contains(got.body, "10003") {
		t.Errorf("a reply to nothing: %s", got.body)
	}
}
