package teams

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const hook = "/workflows/abc/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cr3t-sig-value"

func suite() sinktest.Suite {
	azure := func(status int, code, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, code, message)
		}
	}
	return sinktest.Suite{
		Notice: "summary",
		Type:   "teams",
		New:    New,
		Settings: func(base string) map[string]any {
			return map[string]any{"webhook_url": base + hook, "mentions": map[string]any{sinktest.Mentioned: "mira@example.onmicrosoft.com"}}
		},
		Secrets: []string{"s3cr3t-sig-value"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
			sinktest.Reject: azure(400, "TriggerInputSchemaMismatch", "The input body for trigger 'manual' of type 'Request' did not match its schema definition."),
			sinktest.Break:  azure(404, "WorkflowNotFound", "The workflow 'abc' could not be found."),
		}),
		Own:   sinktest.Own{Taken: "1", Refused: `{"error":{"code":"SomethingNew","message":"No."}}`},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// decoded is a card as the test reads it: any element.
type decoded struct {
	Type, Style, Text, URL string
	ContentType            string
	Version                string
	Content                *decoded
	Attachments, Body      []decoded
	Items, Columns         []decoded
	Inlines, Actions       []decoded
	SelectAction           *decoded
}

// check holds the limits of Teams, and that data stands nowhere but in text runs,
// which are literal.
func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	if len(p.Body) > budget || !utf8.Valid(p.Body) {
		t.Errorf("the message has %d bytes, more than %d, or is no UTF-8", len(p.Body), budget)
	}
	var m decoded
	if err := json.Unmarshal(p.Body, &m); err != nil {
		t.Fatalf("payload: %v", err)
	}
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		t.Fatalf("envelope of type %q with %d attachments", m.Type, len(m.Attachments))
	}
	card := m.Attachments[0].Content
	if card.Type != "AdaptiveCard" || card.Version != "1.4" || len(card.Actions) > 5 || strings.Contains(strings.ToLower(own.Replace(string(p.Body))), "<at>") {
		t.Errorf("card of type %q, version %q, %d actions", card.Type, card.Version, len(card.Actions))
	}
	for _, a := range card.Actions {
		opens(t, a)
	}
	for _, e := range card.Body {
		elementIsRight(t, e)
	}
}

// own takes out the only mention that the suite's messages make.
var own = strings.NewReplacer(`"text":"<at>Mira Halvorsen</at>"`, "")

func elementIsRight(t *testing.T, e decoded) {
	t.Helper()
	if e.Type == "TextBlock" && e.Text == "<at>Mira Halvorsen</at>" {
		return
	}
	if !slices.Contains([]string{"Container", "ColumnSet", "Column", "RichTextBlock", "Image"}, e.Type) || e.Text != "" {
		t.Errorf("element of type %q with text %.40q", e.Type, e.Text)
	}
	if e.Type == "RichTextBlock" && len(e.Inlines) == 0 || len(e.Columns) > 2 {
		t.Errorf("%s with %d inlines, %d columns", e.Type, len(e.Inlines), len(e.Columns))
	}
	for _, r := range e.Inlines {
		if r.Type != "TextRun" || r.Text == "" || strings.Contains(r.Text, "\n") {
			t.Errorf("inline of type %q, text %.40q", r.Type, r.Text)
		}
		if r.SelectAction != nil {
			opens(t, *r.SelectAction)
		}
	}
	for _, inner := range slices.Concat(e.Items, e.Columns) {
		elementIsRight(t, inner)
	}
}

func opens(t *testing.T, a decoded) {
	t.Helper()
	u, err := url.Parse(a.URL)
	if a.Type != "Action.OpenUrl" || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Host == "evil.example" {
		t.Errorf("action %s leads to %q", a.Type, a.URL)
	}
}

// TestAnswers goes through the answers of workflows, and of what stands before
// them.
func TestAnswers(t *testing.T) {
	azure := func(code, message string) string {
		return fmt.Sprintf(`{"error":{"code":%q,"message":%q}}`, code, message)
	}
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	throttled := "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId MS-CV=abc."
	sinktest.Classifies(t, func(base string) bridge.Sink { return build(t, base+hook) }, sinktest.Answers{
		{200, "", throttled, bridge.Limited, 0, "HTTP error 429"},
		{200, "", strings.Replace(throttled, "429", "502", 1), bridge.Temporary, 0, "HTTP error 502"},
		{400, "", azure("TriggerInputSchemaMismatch", "did not match its schema"), bridge.MessageRejected, 0, "TriggerInputSchemaMismatch: did not match"},
		{400, "", azure("WorkflowTriggerIsNotEnabled", "Could not execute workflow"), bridge.DestinationBroken, 0, "WorkflowTriggerIsNotEnabled"},
		{409, "", azure("WorkflowNotEnabled", "x"), bridge.DestinationBroken, 0, "WorkflowNotEnabled"},
		{401, "", azure("DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme."), bridge.DestinationBroken, 0, "Shared Access"},
		{403, "", "", bridge.Temporary, 0, "Forbidden"},
		{404, "", azure("WorkflowNotFound", "x"), bridge.DestinationBroken, 0, "WorkflowNotFound"},
		{410, "", "", bridge.Temporary, 0, "Gone"},
		{413, "", "Request Entity too large", bridge.MessageRejected, 0, "too large"},
		{429, "", "", bridge.Limited, 0, "Too Many"},
		{429, "12", azure("RateLimitExceeded", "x"), bridge.Limited, 12 * time.Second, "RateLimitExceeded"},
		{429, later, "", bridge.Limited, 59 * time.Minute, ""},
		{500, "", azure("InternalServerError", "x"), bridge.Temporary, 0, "InternalServerError"},
		{502, "", "<html>Bad Gateway</html>", bridge.Temporary, 0, "Bad Gateway"},
		{503, "", azure("WorkflowServiceUnavailable", "x"), bridge.Temporary, 0, "Unavailable"},
		{307, "", "", bridge.Temporary, 0, "redirects are not followed"},
	})
}

func build(t *testing.T, webhook string) bridge.Sink {
	t.Helper()
	return sinktest.Build(t, New, map[string]any{"webhook_url": webhook})
}

// TestWallTakesEverything posts every message to the emulated Teams, which posts
// only what the real one would.
func TestWallTakesEverything(t *testing.T) {
	w, base := sinktest.Stage(t)
	sink := build(t, w.Sinks(base, "")[wall.Teams]["webhook_url"].(string))
	for _, c := range sinktest.All() {
		receipt, err := sinktest.Send(t, sink, c.Message)
		if err != nil || receipt.Status != http.StatusAccepted || !strings.Contains(receipt.Detail, "run history") {
			t.Errorf("%s: %+v, %v", c.Name, receipt, err)
		}
	}
	all := len(sinktest.All())
	if got := w.Counts(wall.Teams); got.Accepted != all || got.Unposted != 0 {
		t.Errorf("counts %+v, want %d accepted and all posted", got, all)
	}
}

func TestNativeReplacesKeysOfTheCard(t *testing.T) {
	native := func(part map[string]any) bridge.Message {
		return bridge.Message{Title: "x", Native: map[string]map[string]any{"teams": part}}
	}
	sink := build(t, "https://example.com"+hook)
	p, err := sink.Encode(native(map[string]any{"body": []any{map[string]any{"type": "TextBlock", "text": "own"}}, "msteams": nil}))
	if err != nil || !strings.Contains(string(p.Body), `"body":[{"text":"own","type":"TextBlock"}]`) || strings.Contains(string(p.Body), "msteams") {
		t.Errorf("payload %s, %v", p.Body, err)
	}
	if _, err := sink.Encode(native(map[string]any{"speak": strings.Repeat("x", 30_000)})); err == nil || bridge.AsSendError(err).Kind != bridge.MessageRejected {
		t.Errorf("a native part over the limit: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for webhook, advice := range map[string]string{
		"":                        "required",
		"example.com/workflows/x": "want a whole URL",
		"ftp://example.com/x":     "want a whole URL",
		"https://":                "want a whole URL",
		"https://acme.webhook.office.com/webhookb2/x": "retired",
	} {
		_, err := New(kit.Setup{Settings: map[string]any{"webhook_url": webhook}})
		faults := kit.SettingErrors(err)
		if len(faults) != 1 || faults[0].Key != "webhook_url" || !strings.Contains(faults[0].Problem, advice) || !strings.Contains(faults[0].Problem, "Workflows") {
			t.Errorf("webhook_url %q: %v", webhook, err)
		}
	}
}

func TestEscapeIsLiteralInMarkdown(t *testing.T) {
	if got, want := Escape("**a** [b](https://c) <at>d</at> _e_"), `\*\*a\*\* \[b\]\(https:`+"\u200B"+`//c\) \<at\>d\</at\> \_e\_`; got != want {
		t.Errorf("Escape = %s, want %s", got, want)
	}
}

// A workflow with a Response action answers whatever that says; the header of the run tells
// it from somebody else.
func TestAnswersOfAResponseAction(t *testing.T) {
	for _, c := range []struct {
		status    int
		run, body string
		taken     bool
	}{
		{202, "", "", true},
		{202, "", "{}", true},
		{202, "", "queued", false},
		{200, "", "", false},
		{200, "08584", "", true},
		{201, "08584", "Thank you", true},
		{200, "08584", "<html></html>", false},
		{500, "08584", "", false},
	} {
		base := sinktest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if c.run != "" {
				w.Header().Set("x-ms-workflow-run-id", c.run)
			}
			sinktest.Says(c.status, c.body)(w, r)
		})
		if _, err := build(t, base+hook).Send(t.Context(), bridge.Payload{Body: []byte("{}")}); (err == nil) != c.taken {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
