package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

func suite() sinktest.Suite {
	words := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	return sinktest.Suite{
		Notice: "text",
		Type:   "slack",
		New:    New,
		Settings: func(base string) map[string]any {
			return map[string]any{"webhook_url": base + "/services/T0SECRETTEAM/B0SECRETBOT/s3cr3tw3bh00kt0k3n"}
		},
		Secrets: []string{"s3cr3tw3bh00kt0k3n", "T0SECRETTEAM/B0SECRETBOT"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: words(200, "ok"),
			sinktest.Reject: words(400, "invalid_blocks"),
			sinktest.Break:  words(404, "no_service"),
		}),
		Own:   sinktest.Own{Taken: "ok", Refused: "some_new_error"},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// block is what the test needs to know of a block.
type block struct {
	Type     string
	Text     *text
	Fields   []text
	Elements []element
	ImageURL string `json:"image_url"`
	AltText  string `json:"alt_text"`
}

type text struct {
	Type, Text string
	Verbatim   bool
}

type element struct {
	Type, URL string
	Text      json.RawMessage
	Verbatim  bool
}

// check holds every limit that Slack documents, and that nothing in the message
// can mention or link.
func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var payload struct {
		Text        string
		Blocks      []block
		UnfurlLinks *bool `json:"unfurl_links"`
		UnfurlMedia *bool `json:"unfurl_media"`
	}
	if err := json.Unmarshal(p.Body, &payload); err != nil {
		t.Fatalf("payload: %v", err)
	}
	if payload.Text == "" || utf8.RuneCountInString(payload.Text) > 40000 {
		t.Errorf("fallback text has %d characters", utf8.RuneCountInString(payload.Text))
	}
	inert(t, "text", payload.Text)
	if payload.UnfurlLinks == nil || *payload.UnfurlLinks || payload.UnfurlMedia == nil || *payload.UnfurlMedia {
		t.Error("links are unfurled")
	}
	if n := len(payload.Blocks); n == 0 || n > 50 {
		t.Errorf("%d blocks", n)
	}
	total := 0
	for i, b := range payload.Blocks {
		total += checkBlock(t, fmt.Sprintf("blocks[%d] (%s)", i, b.Type), b)
	}
	if total > maxBlocksText {
		t.Errorf("blocks hold %d characters, more than %d", total, maxBlocksText)
	}
}

func checkBlock(t *testing.T, where string, b block) (total int) {
	t.Helper()
	length := func(what, s string, limit int) {
		if n := utf8.RuneCountInString(s); n < 1 || n > limit {
			t.Errorf("%s: %s has %d characters, want 1 to %d", where, what, n, limit)
		}
		total += utf8.RuneCountInString(s)
	}
	if b.Text != nil {
		length("text", b.Text.Text, 3000)
		inert(t, where, b.Text.Text)
		if !b.Text.Verbatim {
			t.Errorf("%s: not verbatim, so Slack links bare words", where)
		}
	}
	if len(b.Fields) > 10 || len(b.Elements) > 10 {
		t.Errorf("%s: %d fields, %d elements", where, len(b.Fields), len(b.Elements))
	}
	for _, f := range b.Fields {
		length("field", f.Text, 2000)
		inert(t, where, f.Text)
	}
	for _, e := range b.Elements {
		switch e.Type {
		case "button":
			var label text
			if err := json.Unmarshal(e.Text, &label); err != nil || label.Type != "plain_text" {
				t.Errorf("%s: button text %s", where, e.Text)
			}
			length("button", label.Text, 75)
			if len(e.URL) > 3000 {
				t.Errorf("%s: button URL of %d characters", where, len(e.URL))
			}
		case "mrkdwn":
			var s string
			if err := json.Unmarshal(e.Text, &s); err != nil {
				t.Errorf("%s: %v", where, err)
			}
			length("element", s, 3000)
			inert(t, where, s)
		default:
			t.Errorf("%s: element of type %q", where, e.Type)
		}
	}
	if b.Type == "image" {
		length("alt_text", b.AltText, 2000)
		if len(b.ImageURL) > 3000 {
			t.Errorf("%s: image URL of %d characters", where, len(b.ImageURL))
		}
	}
	return total
}

var (
	ownMarkup = regexp.MustCompile(`<(?:(?:https?://|mailto:|!date\^)[^<>|]*(?:\|[^<>|]*)?|@U012AB3C[DEF])>`)
	entity    = regexp.MustCompile(`&(?:amp|lt|gt);`)
)

// inert fails if anything but our own links and dates is live.
func inert(t *testing.T, where, s string) {
	t.Helper()
	rest := entity.ReplaceAllString(ownMarkup.ReplaceAllString(s, ""), "")
	if i := strings.IndexAny(rest, "<>&"); i >= 0 {
		t.Errorf("%s: %q is live in %q", where, rest[i:min(len(rest), i+20)], s[:min(len(s), 200)])
	}
	if strings.Contains(s, "evil.example|Payroll>") {
		t.Errorf("%s: data became a link: %q", where, s)
	}
	if !utf8.ValidString(s) {
		t.Errorf("%s: invalid UTF-8", where)
	}
}

// TestAnswers goes through Slack's documented answers.
func TestAnswers(t *testing.T) {
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	sinktest.Classifies(t, func(base string) bridge.Sink { return build(t, base+"/services/T0/B0/x") }, sinktest.Answers{
		{200, "", "invalid_payload", bridge.MessageRejected, 0, "invalid_payload"},
		{200, "", "<html>captive portal</html>", bridge.Temporary, 0, "captive portal"},
		{400, "", "invalid_payload", bridge.MessageRejected, 0, "invalid_payload"},
		{400, "", "no_text", bridge.MessageRejected, 0, "no_text"},
		{400, "", "too_many_attachments", bridge.MessageRejected, 0, "too_many_attachments"},
		{400, "", "user_not_found", bridge.DestinationBroken, 0, "user_not_found"},
		{403, "", "action_prohibited", bridge.DestinationBroken, 0, "action_prohibited"},
		{403, "", "invalid_token", bridge.DestinationBroken, 0, "invalid_token"},
		{404, "", "no_service", bridge.DestinationBroken, 0, "no_service"},
		{404, "", "channel_not_found", bridge.DestinationBroken, 0, "channel_not_found"},
		{410, "", "channel_is_archived", bridge.DestinationBroken, 0, "channel_is_archived"},
		{400, "", "no_active_hooks", bridge.DestinationBroken, 0, "no_active_hooks"},
		{429, "", "", bridge.Limited, 0, "Too Many"},
		{429, "30", "ratelimited", bridge.Limited, 30 * time.Second, "ratelimited"},
		{429, later, "rate_limited", bridge.Limited, 59 * time.Minute, "rate_limited"},
		{500, "", "rollup_error", bridge.Temporary, 0, "rollup_error"},
		{503, "", "", bridge.Temporary, 0, "Unavailable"},
		{503, "5", "", bridge.Limited, 5 * time.Second, "Unavailable"},
		{302, "", "", bridge.Temporary, 0, "redirects are not followed"},
	})
}

func build(t *testing.T, webhook string) bridge.Sink {
	t.Helper()
	return newSink(t, map[string]any{"webhook_url": webhook})
}

func newSink(t *testing.T, settings map[string]any) bridge.Sink {
	t.Helper()
	return sinktest.Build(t, New, settings)
}

func TestSettingsAreChecked(t *testing.T) {
	for _, url := range []string{"", "hooks.slack.com/services/x", "ftp://example.com/x", "https://"} {
		_, err := New(kit.Setup{Settings: map[string]any{"webhook_url": url}})
		if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != "webhook_url" {
			t.Errorf("webhook_url %q: %v", url, err)
		}
	}
}

func TestNativeReplacesKeys(t *testing.T) {
	sink, err := New(kit.Setup{Settings: Type().Example})
	if err != nil {
		t.Fatal(err)
	}
	m := bridge.Message{Title: "x", Native: map[string]map[string]any{"slack": {"text": "own", "blocks": []any{}}}}
	p, err := sink.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(p.Body, &got); err != nil || got["text"] != "own" || len(got["blocks"].([]any)) != 0 {
		t.Errorf("payload %s, %v", p.Body, err)
	}
}
