package discord

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const hook = "/api/webhooks/1310000000000000001/s3cr3t-webhook-token"

func suite() sinktest.Suite {
	discord := func(status, code int, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"message":%q,"code":%d}`, message, code)
		}
	}
	return sinktest.Suite{
		Notice: "content",
		Type:   "discord",
		New:    New,
		Settings: func(base string) map[string]any {
			return map[string]any{"webhook_url": base + hook, "mentions": map[string]any{sinktest.Mentioned: "1234567"}}
		},
		Secrets: []string{"s3cr3t-webhook-token"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"42"}`) },
			sinktest.Reject: discord(400, 50035, "Invalid Form Body"),
			sinktest.Break:  discord(404, 10015, "Unknown Webhook"),
		}),
		Own:   sinktest.Own{Taken: `{"id":"42","channel_id":"43"}`, Refused: `{"message":"No.","code":0}`},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// check holds Discord's limits, and that no data formats, links or mentions.
func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	only := regexp.MustCompile(`"allowed_mentions":\{"parse":\[\](,"users":\["1234567"\])?\}`).FindSubmatch(p.Body)
	if only == nil {
		t.Fatal("mentions are not forbidden")
	}
	if !utf8.Valid(p.Body) {
		t.Error("invalid UTF-8")
	}
	var m struct {
		discordgo.WebhookParams
		Nonce        string
		EnforceNonce bool `json:"enforce_nonce"`
	}
	d := json.NewDecoder(bytes.NewReader(p.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("payload: %v", err)
	}
	title := strings.TrimPrefix(m.Content, "<@1234567> ")
	if mentions := len(only[1]) > 0; title == "" || mentions != (title != m.Content) || len(m.Embeds) > 1 {
		t.Fatalf("content %q, %d embeds", m.Content, len(m.Embeds))
	}
	e, total := &discordgo.MessageEmbed{Description: blank}, 0
	if len(m.Embeds) > 0 {
		e = m.Embeds[0]
	}
	length := func(what, s string, least, most int) {
		n := kit.UTF16(s)
		if total += n; n < least || n > most {
			t.Errorf("%s has %d characters, want %d to %d", what, n, least, most)
		}
	}
	length("content", m.Content, 1, 2000)
	length("description", e.Description, 0, 4096)
	inert(t, m.Content)
	inert(t, e.Description)
	if m.EnforceNonce != (m.Nonce != "") || len(m.Nonce) > 25 {
		t.Errorf("nonce %q is enforced: %v", m.Nonce, m.EnforceNonce)
	}
	if len(e.Fields) > 25 {
		t.Errorf("%d fields", len(e.Fields))
	}
	for _, f := range e.Fields {
		length("field name", f.Name, 1, 256)
		length("field value", f.Value, 1, 1024)
		inert(t, f.Name)
		inert(t, f.Value)
	}
	if e.Footer != nil {
		length("footer", e.Footer.Text, 1, 2048)
	}
	if total > 6000 {
		t.Errorf("%d characters in all", total)
	}
}

var (
	// ours is the markup that the encoder itself writes.
	ours = regexp.MustCompile("\\[(?:\\\\.|[^\\]\\\\])*\\]\\(https?://[^\\s()]*\\)|\\*\\*|\\*|_|`[^`]*`")
	live = regexp.MustCompile(`(?:^|[^\\])(?:<[@#:/a-z]|~~|\|\||\[[^\]]*\]\()`)
	ping = regexp.MustCompile(`@(?:everyone|here)\b`)
)

// inert fails if anything but our own markup is live.
func inert(t *testing.T, s string) {
	t.Helper()
	if ping.MatchString(s) {
		t.Errorf("mentions in %.200q", s)
	}
	rest := strings.ReplaceAll(strings.ReplaceAll(s, `\\`, ""), "<@1234567>", "")
	rest = ours.ReplaceAllString(rest, "")
	if found := live.FindString(rest); found != "" {
		t.Errorf("%q is live in %.200q", found, s)
	}
	if strings.Contains(s, "](https://evil.example)") && !strings.Contains(s, `\]\(https\://evil`) {
		t.Errorf("data became a link: %.200q", s)
	}
}

// TestAnswers goes through Discord's documented answers.
func TestAnswers(t *testing.T) {
	body := func(code int, message string) string { return fmt.Sprintf(`{"message":%q,"code":%d}`, message, code) }
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	sinktest.Classifies(t, func(base string) bridge.Sink { return build(t, map[string]any{"webhook_url": base + hook}) }, sinktest.Answers{
		{429, "65", `{"message":"You are being rate limited.","retry_after":64.57,"global":false}`, bridge.Limited, 64570 * time.Millisecond, "rate limited"},
		{429, "30", "<html><title>Access denied | discord.com used Cloudflare to restrict access</title>error code: 1015</html>", bridge.Limited, 30 * time.Second, "Cloudflare"},
		{429, later, "<html>1015</html>", bridge.Limited, 59 * time.Minute, "1015"},
		{429, "", "", bridge.Limited, 0, "Too Many"},
		{404, "", body(10015, "Unknown Webhook"), bridge.DestinationBroken, 0, "Unknown Webhook"},
		{401, "", body(50027, "Invalid Webhook Token"), bridge.DestinationBroken, 0, "Invalid Webhook Token"},
		{404, "", body(10003, "Unknown Channel"), bridge.DestinationBroken, 0, "Unknown Channel"},
		{403, "", body(50013, "You lack permissions to perform that action"), bridge.DestinationBroken, 0, "permissions"},
		{400, "", body(50035, "Invalid Form Body"), bridge.MessageRejected, 0, "Invalid Form Body"},
		{400, "", body(50006, "Cannot send an empty message"), bridge.MessageRejected, 0, "empty"},
		{413, "", body(40005, "Request entity too large"), bridge.MessageRejected, 0, "too large"},
		{400, "", body(240000, "Message blocked by harmful links filter"), bridge.MessageRejected, 0, "harmful"},
		{400, "", body(220001, "Webhooks posted to forum channels must have a thread_name or thread_id"), bridge.DestinationBroken, 0, "forum"},
		{400, "", body(20016, "This action cannot be performed due to slowmode rate limit"), bridge.Limited, 0, "slowmode"},
		{400, "", `{"embeds": ["0"]}`, bridge.MessageRejected, 0, "embeds"},
		{400, "", `{"errors": ["blocked"]}`, bridge.Temporary, 0, "not an answer of Discord"},
		{500, "", "", bridge.Temporary, 0, "Internal"},
		{502, "", "<html>Bad Gateway</html>", bridge.Temporary, 0, "Bad Gateway"},
		{302, "", "", bridge.Temporary, 0, "redirects are not followed"},
	})
}

func build(t *testing.T, settings map[string]any) bridge.Sink {
	t.Helper()
	return sinktest.Build(t, New, settings)
}

// TestRequest looks at what goes over the wire, and at what the answer's headers
// make of it.
func TestRequest(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset-After", "1.25")
		_, _ = io.WriteString(w, `{"id":"42"}`)
	}))
	defer server.Close()
	sink := build(t, map[string]any{"webhook_url": server.URL + "/api/v8/webhooks/1/token?wait=false", "thread_id": "77"})
	receipt, err := sink.Send(t.Context(), bridge.Payload{Body: []byte("{}"), ContentType: "application/json"})
	if err != nil {
		t.Fatal(err)
	}
	if receipt.ID != "42" || receipt.Pause != 1250*time.Millisecond {
		t.Errorf("receipt %+v", receipt)
	}
	if got.URL.Path != "/api/v10/webhooks/1/token" || got.URL.Query().Get("wait") != "true" || got.URL.Query().Get("thread_id") != "77" {
		t.Errorf("posted to %s", got.URL)
	}
	if !regexp.MustCompile(`^DiscordBot \(https://\S+, \S+\)$`).MatchString(got.UserAgent()) {
		t.Errorf("User-Agent %q", got.UserAgent())
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, url := range []string{"https://discord.com" + hook, "https://discordapp.com" + hook, "https://canary.discord.com" + hook, "https://ptb.discord.com/api/v9/webhooks/1/x"} {
		build(t, map[string]any{"webhook_url": url})
	}
	for key, values := range map[string][]string{
		"webhook_url": {"", "discord.com/api/webhooks/1/x", "https://discord.com/channels/1/2", "ftp://discord.com" + hook},
		"thread_id":   {"general", "<#77>"},
		"avatar_url":  {"logo.png", "data:image/png;base64,AAAA"},
		"username":    {"My Discord", "clyde", strings.Repeat("x", 81)},
	} {
		for _, value := range values {
			settings := map[string]any{"webhook_url": "https://discord.com" + hook}
			settings[key] = value
			_, err := New(kit.Setup{Settings: settings})
			if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != key {
				t.Errorf("%s %q: %v", key, value, err)
			}
		}
	}
}

func TestNativeReplacesKeysButAllowsNoMentions(t *testing.T) {
	native := map[string]any{"content": "own @everyone", "allowed_mentions": map[string]any{"parse": []any{"everyone"}}}
	p, err := build(t, Type().Example).Encode(bridge.Message{Title: "x", Native: map[string]map[string]any{"discord": native}})
	if err != nil || !bytes.Contains(p.Body, []byte(`"content":"own @everyone"`)) || !bytes.Contains(p.Body, []byte(`"allowed_mentions":{"parse":[]}`)) {
		t.Errorf("payload %s, %v", p.Body, err)
	}
}

// TestWallTakesEverything posts every message to the emulated Discord, which
// refuses what the real one refuses: alone, as a reply and as an edit.
// TestAddressesMentionNobody has data in the address of a link: Discord looks for
// mentions in all of a text.
func TestAddressesMentionNobody(t *testing.T) {
	p, err := build(t, map[string]any{"webhook_url": "https://discord.com/api/webhooks/1/x"}).Encode(bridge.Message{
		Title: "x", URL: "https://example.com/?q=@everyone", Text: "[y](https://example.com/@here)", Actions: []bridge.Action{{Label: "z", URL: "https://example.com/"}},
	})
	if err != nil || bytes.Count(p.Body, []byte("](https://example.com/?q=%40everyone)")) != 1 || bytes.Count(p.Body, []byte("](https://example.com/%40here)")) != 1 {
		t.Errorf("Encode = %s, %v", p.Body, err)
	}
}

func TestWallTakesEverything(t *testing.T) {
	w, base := sinktest.Stage(t)
	for name, settings := range map[string]map[string]any{
		"webhook": w.Sinks(base, "")[wall.Discord], "bot": w.Bots(base)[wall.Discord], "forum": w.Forum(base),
	} {
		settings["mentions"] = map[string]any{sinktest.Mentioned: "1234567"}
		sink := build(t, settings)
		for i, c := range sinktest.All() {
			m := c.Message
			m.ID = fmt.Sprint(name, i)
			first, err := sinktest.Send(t, sink, m)
			if err != nil {
				t.Errorf("%s: %s: %v", name, c.Name, err)
				continue
			}
			m.ID, m.Thread = m.ID+" reply", first.Thread
			if reply, err := sinktest.Send(t, sink, m); err != nil || reply.Thread != first.Thread || reply.ID == first.ID {
				t.Errorf("%s: %s: a reply: %+v to %+v, %v", name, c.Name, reply, first, err)
			}
			m.Replaces = first.ID
			if edited, err := sinktest.Send(t, sink, m); err != nil || edited.ID != first.ID {
				t.Errorf("%s: %s: an edit: %+v of %+v, %v", name, c.Name, edited, first, err)
			}
		}
	}
	sinktest.NoNotes(t, w, nil)
}
