package slack

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

const token = "xoxb-123456789012-s3cr3tb0tt0k3n"

func botSuite() sinktest.Suite {
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	return sinktest.Suite{
		Notice: "text",
		Type:   "slack", Mode: "bot",
		New: New,
		Settings: func(base string) map[string]any {
			return map[string]any{
				"token": token, "channel": "#academy", "api_url": base + "/api/",
				"mentions": map[string]any{sinktest.Mentioned: "U012AB3CD", "other@example.com": "U012AB3CE", "long@example.com": "U012AB3CF"},
			}
		},
		Secrets: []string{token, "s3cr3tb0tt0k3n"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: says(`{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"}`),
			sinktest.Reject: says(`{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["no such block"]}}`),
			sinktest.Break:  says(`{"ok":false,"error":"token_revoked"}`),
		}),
		Own:   sinktest.Own{Taken: `{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"}`, Refused: `{"ok":false,"error":"some_new_error"}`},
		Check: check,
	}
}

func TestBotConformance(t *testing.T) { sinktest.Run(t, botSuite()) }

func FuzzBotEncode(f *testing.F) { sinktest.Fuzz(f, botSuite()) }

// TestBotAnswers goes through the Web API's documented answers.
func TestBotAnswers(t *testing.T) {
	no := func(word string) string { return fmt.Sprintf(`{"ok":false,"error":%q}`, word) }
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	sinktest.Classifies(t, func(base string) bridge.Sink {
		return bot(t, map[string]any{"api_url": base + "/api", "channel": "#academy"})
	}, sinktest.Answers{
		{200, "", no("msg_too_long"), bridge.MessageRejected, 0, "chat.postMessage: msg_too_long"},
		{200, "", no("msg_blocks_too_long"), bridge.MessageRejected, 0, "msg_blocks_too_long"},
		{200, "", no("invalid_arguments"), bridge.MessageRejected, 0, "invalid_arguments"},
		{200, "", no("no_text"), bridge.MessageRejected, 0, "no_text"},
		{200, "", no("channel_not_found"), bridge.DestinationBroken, 0, "invite the app"},
		{200, "", no("not_in_channel"), bridge.DestinationBroken, 0, "chat:write.public"},
		{200, "", no("is_archived"), bridge.DestinationBroken, 0, "name another one"},
		{200, "", no("restricted_action"), bridge.DestinationBroken, 0, "restricted_action"},
		{200, "", no("invalid_auth"), bridge.DestinationBroken, 0, "copy the Bot User OAuth Token"},
		{200, "", no("account_inactive"), bridge.DestinationBroken, 0, "account_inactive"},
		{200, "", `{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"users:read"}`, bridge.DestinationBroken, 0, "the scope chat:write"},
		{200, "", no("ratelimited"), bridge.Limited, 0, "ratelimited"},
		{200, "3", no("rate_limited"), bridge.Limited, 3 * time.Second, "rate_limited"},
		{200, "", no("message_limit_exceeded"), bridge.Limited, 0, "message_limit_exceeded"},
		{429, "30", no("ratelimited"), bridge.Limited, 30 * time.Second, "ratelimited"},
		{429, later, no("ratelimited"), bridge.Limited, 59 * time.Minute, "ratelimited"},
		{429, "", "", bridge.Limited, 0, "Too Many"},
		{200, "", no("fatal_error"), bridge.Temporary, 0, "fatal_error"},
		{200, "", no("internal_error"), bridge.Temporary, 0, "internal_error"},
		{200, "", no("team_added_to_org"), bridge.Temporary, 0, "team_added_to_org"},
		{200, "", no("what_slack_adds_later"), bridge.Temporary, 0, "what_slack_adds_later"},
		{200, "", "<html><head><title>captive portal</title></head></html>", bridge.Temporary, 0, "captive portal"},
		{200, "", "{}", bridge.Temporary, 0, "{}"},
		{503, "", no("service_unavailable"), bridge.Temporary, 0, "service_unavailable"},
		{500, "", "", bridge.Temporary, 0, "Internal"},
		{302, "", "", bridge.Temporary, 0, "redirects are not followed"},
	})
}

func bot(t *testing.T, settings map[string]any) *Bot {
	t.Helper()
	settings["token"] = token
	return sinktest.Build(t, New, settings).(*Bot)
}

func TestBotSettingsAreChecked(t *testing.T) {
	hook := "https://hooks.slack.com/services/T/B/x"
	for name, c := range map[string]struct {
		settings map[string]any
		keys     []string
	}{
		"both":                   {map[string]any{"webhook_url": hook, "token": token, "channel": "#a"}, []string{"token"}},
		"neither":                {map[string]any{"channel": "#a"}, []string{"channel", "webhook_url"}},
		"a webhook's channel":    {map[string]any{"webhook_url": hook, "channel": "#a", "fallback": "#b"}, []string{"channel", "fallback"}},
		"no token":               {map[string]any{"token": "", "channel": "#a"}, []string{"token"}},
		"no channel":             {map[string]any{"token": token}, []string{"channel"}},
		"an app's token":         {map[string]any{"token": "xapp-1-A-x", "channel": "#a"}, []string{"token"}},
		"a name in place of it":  {map[string]any{"token": token, "channel": "@ann"}, []string{"channel"}},
		"two channels":           {map[string]any{"token": token, "channel": "#a #b"}, []string{"channel"}},
		"a person as a fallback": {map[string]any{"token": token, "channel": "#a", "fallback": "@ann@example.com"}, []string{"fallback"}},
		"an address":             {map[string]any{"token": token, "channel": "#a", "api_url": "slack.com"}, []string{"api_url"}},
		"an id":                  {map[string]any{"token": token, "channel": "#a", "mentions": map[string]any{"a@example.com": "ann"}}, []string{"mentions"}},
	} {
		_, err := New(kit.Setup{Settings: c.settings})
		var keys []string
		for _, fault := range kit.SettingErrors(err) {
			keys = append(keys, fault.Key)
		}
		slices.Sort(keys)
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%s: faults %v, want %v", name, err, c.keys)
		}
	}
	for _, channel := range []string{"#academy", "C024BE91L", "academy", "#académie", "@ann@example.com", "@{{ .supervisor.emailAddress }}", "#{{ .department.name }}"} {
		bot(t, map[string]any{"channel": channel})
	}
}

// workspace is a Slack of the test's own. It answers as told, and keeps the calls.
type workspace struct {
	*httptest.Server
	mu    sync.Mutex // guards what follows
	calls []call
	says  map[string]string // by method, or method and channel or address
}

type call struct {
	method string
	keys   map[string]any
}

func newWorkspace(t *testing.T) *workspace {
	w := &workspace{says: map[string]string{
		"users.lookupByEmail":                 `{"ok":false,"error":"users_not_found"}`,
		"users.lookupByEmail ann@example.com": `{"ok":true,"user":{"id":"UANN"}}`,
		"users.lookupByEmail bob@example.com": `{"ok":true,"user":{"id":"UBOB"}}`,
		"users.lookupByEmail old@example.com": `{"ok":true,"user":{"id":"UOLD","deleted":true}}`,
		"conversations.open":                  `{"ok":true,"channel":{"id":"DANN"}}`,
		"conversations.open UBOB":             `{"ok":true,"channel":{"id":"DBOB"}}`,
		"chat.update":                         `{"ok":true,"channel":"C1","ts":"1.000001"}`,
	}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.Close)
	return w
}

func (w *workspace) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	keys := map[string]any{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		_ = json.NewDecoder(r.Body).Decode(&keys)
	} else {
		_ = r.ParseForm()
		for key := range r.PostForm {
			keys[key] = r.PostForm.Get(key)
		}
	}
	if r.Header.Get("Authorization") != "Bearer "+token || r.Method != http.MethodPost {
		_, _ = io.WriteString(rw, `{"ok":false,"error":"not_authed"}`)
		return
	}
	w.calls = append(w.calls, call{method, keys})
	for _, key := range []string{"email", "users", "channel"} {
		if answer := w.says[fmt.Sprint(method, " ", keys[key])]; answer != "" {
			_, _ = io.WriteString(rw, answer)
			return
		}
	}
	if answer := w.says[method]; answer != "" {
		_, _ = io.WriteString(rw, answer)
		return
	}
	id := strings.NewReplacer("#", "C").Replace(fmt.Sprint(keys["channel"]))
	_, _ = fmt.Fprintf(rw, `{"ok":true,"channel":%q,"ts":"1.%06d"}`, id, len(w.calls))
}

// methods lists what was called since the last time, each with its channel.
func (w *workspace) methods() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, c := range w.calls {
		word := c.method
		for _, key := range []string{"channel", "thread_ts", "ts"} {
			if c.keys[key] != nil {
				word += fmt.Sprint(" ", c.keys[key])
			}
		}
		all = append(all, word)
	}
	w.calls = nil
	return strings.Join(all, ", ")
}

func (w *workspace) bot(t *testing.T, channel, fallback string) *Bot {
	t.Helper()
	return bot(t, map[string]any{"api_url": w.URL + "/api", "channel": channel, "fallback": fallback})
}
