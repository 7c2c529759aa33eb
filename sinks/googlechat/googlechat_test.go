package googlechat

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const hook = "/v1/spaces/AAAA1234/messages?key=s3cr3t-api-key&token=s3cr3t-space-token"

func suite() sinktest.Suite {
	google := func(status int, code, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":%q,"status":%q}}`, status, message, code)
		}
	}
	return sinktest.Suite{
		Notice: "fallbackText",
		Type:   "googlechat",
		New:    New,
		Settings: func(base string) map[string]any {
			return map[string]any{"webhook_url": base + hook, "mentions": map[string]any{sinktest.Mentioned: "users/1234567"}}
		},
		Secrets: []string{"s3cr3t-api-key", "s3cr3t-space-token"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"name":"spaces/AAAA1234/messages/1.1"}`)
			},
			sinktest.Reject: google(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
			sinktest.Break:  google(404, "NOT_FOUND", "Requested entity was not found."),
			sinktest.Limit:  google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
		}),
		NoRetryAfter: true,
		Own:          sinktest.Own{Taken: `{"name":"spaces/AAAA1234/messages/1.1"}`, Refused: `{"error":{"code":400,"message":"No.","status":"SOMETHING_NEW"}}`},
		Check:        check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// check holds Google's limits, its discovery document, and that nothing in the
// message can mention, link or format.
func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	if len(p.Body) > 32_000 || !utf8.Valid(p.Body) {
		t.Errorf("the message has %d bytes, valid UTF-8: %v", len(p.Body), utf8.Valid(p.Body))
	}
	var m message
	if err := json.Unmarshal(p.Body, &m); err != nil {
		t.Fatalf("payload: %v", err)
	}
	if strings.Contains(string(p.Body), "<users/") && m.Text == "" || m.Text != "" && (m.Text != "<users/1234567>" || strings.Count(string(p.Body), "<users/") > 1) {
		t.Error("the message may mention somebody")
	}
	discovered(t, p.Body)
	if regexp.MustCompile(`<(?:users/|https?:)`).MatchString(m.FallbackText) {
		t.Errorf("the notification text mentions or links: %q", m.FallbackText)
	}
	if m.Thread != nil && (m.Thread.ThreadKey == "" || len([]rune(m.Thread.ThreadKey)) > 4000) {
		t.Errorf("thread key of %d characters", len([]rune(m.Thread.ThreadKey)))
	}
	widgets := 0
	for _, c := range m.CardsV2 {
		if c.Card.Header.Title == "" {
			t.Error("the header has no title")
		}
		plainOnly(t, "title", c.Card.Header.Title)
		for _, s := range c.Card.Sections {
			if len(s.Widgets) == 0 {
				t.Error("a section has no widget")
			}
			widgets += checkWidgets(t, s.Widgets)
		}
	}
	if widgets > 100 {
		t.Errorf("%d widgets", widgets)
	}
}

func checkWidgets(t *testing.T, all []widget) (n int) {
	t.Helper()
	for _, w := range all {
		n++
		switch {
		case w.TextParagraph != nil:
			inert(t, w.TextParagraph.Text)
		case w.DecoratedText != nil:
			plainOnly(t, "label", w.DecoratedText.TopLabel)
			inert(t, w.DecoratedText.Text)
		case w.Columns != nil:
			if len(w.Columns.ColumnItems) > 2 {
				t.Errorf("%d columns", len(w.Columns.ColumnItems))
			}
			for _, c := range w.Columns.ColumnItems {
				n += checkWidgets(t, c.Widgets)
			}
		case w.ButtonList != nil:
			for _, b := range w.ButtonList.Buttons {
				plainOnly(t, "button", b.Text)
				web(t, b.OnClick.OpenLink.URL)
			}
		case w.Image != nil:
			web(t, w.Image.ImageURL)
		default:
			t.Error("a widget is empty")
		}
	}
	return n
}

func web(t *testing.T, link string) {
	t.Helper()
	if u, err := url.Parse(link); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		t.Errorf("leads to %q", link)
	}
}

func plainOnly(t *testing.T, what, s string) {
	t.Helper()
	if strings.ContainsAny(s, "<>") {
		t.Errorf("%s %q may be read as HTML", what, s)
	}
}

// inert fails if a text holds any tag that the encoder does not write, or a link
// that came from data.
func inert(t *testing.T, text string) {
	t.Helper()
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		token := z.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		switch token.Data {
		case "b", "i", "br":
			if len(token.Attr) > 0 {
				t.Errorf("tag %s", token)
			}
		case "font":
			if len(token.Attr) != 1 || token.Attr[0].Key != "color" {
				t.Errorf("tag %s", token)
			}
		case "a":
			if len(token.Attr) != 1 || token.Attr[0].Key != "href" || strings.Contains(token.Attr[0].Val, "evil") {
				t.Errorf("tag %s", token)
			}
		default:
			t.Errorf("live tag %s in %.200q", token, text)
		}
	}
}

// TestAnswers goes through Google's answers; their texts are real ones.
func TestAnswers(t *testing.T) {
	wrap := func(code int, status, message string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"status":%q}}`, code, message, status)
	}
	unknown := `{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"body\" at 'message': Cannot find field.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message","description":"Invalid JSON payload received."}]}]}}`
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	sinktest.Classifies(t, func(base string) bridge.Sink { return build(t, base+hook) }, sinktest.Answers{
		{400, "", unknown, bridge.MessageRejected, 0, `INVALID_ARGUMENT: Invalid JSON payload received. Unknown name "body" at 'message': Cannot find field.`},
		{400, "", wrap(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), bridge.DestinationBroken, 0, "API key not valid"},
		{401, "", wrap(401, "UNAUTHENTICATED", "Request is missing required authentication credential."), bridge.DestinationBroken, 0, "UNAUTHENTICATED"},
		{403, "", wrap(403, "PERMISSION_DENIED", "The caller does not have permission"), bridge.DestinationBroken, 0, "permission"},
		{404, "", wrap(404, "NOT_FOUND", "Requested entity was not found."), bridge.DestinationBroken, 0, "NOT_FOUND"},
		{429, "", wrap(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."), bridge.Limited, 0, "exhausted"},
		{429, "9", wrap(429, "RESOURCE_EXHAUSTED", "x"), bridge.Limited, 9 * time.Second, "x"},
		{429, later, "", bridge.Limited, 59 * time.Minute, "Too Many"},
		{500, "", wrap(500, "INTERNAL", "Internal error encountered."), bridge.Temporary, 0, "INTERNAL"},
		{503, "", wrap(503, "UNAVAILABLE", "The service is currently unavailable."), bridge.Temporary, 0, "unavailable"},
		{502, "", "<html>Bad Gateway</html>", bridge.Temporary, 0, "Bad Gateway"},
		{301, "", "", bridge.DestinationBroken, 0, "redirects are not followed"},
	})
}

func build(t *testing.T, webhook string) *Sink {
	t.Helper()
	return sinktest.Build(t, New, map[string]any{"webhook_url": webhook}).(*Sink)
}

// TestAddress keeps what the webhook's URL says already, and adds nothing but
// what the method knows.
func TestAddress(t *testing.T) {
	sink := build(t, "https://chat.googleapis.com"+hook)
	for _, c := range []struct {
		message bridge.Message
		want    url.Values
	}{
		{bridge.Message{ID: "d1", Title: "x"}, url.Values{"requestId": {"d1"}}},
		{bridge.Message{ID: "d2", Title: "x", ThreadKey: "course-1"}, url.Values{"requestId": {"d2"}, "messageReplyOption": {"REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"}}},
	} {
		p, err := sink.Encode(c.message)
		if err != nil {
			t.Fatal(err)
		}
		first, again := sink.address(p).Reveal(), sink.address(p).Reveal()
		u, err := url.Parse(first)
		if err != nil || first != again {
			t.Fatalf("%v; the same message goes to two addresses: %v", err, first != again)
		}
		c.want.Set("key", "s3cr3t-api-key")
		c.want.Set("token", "s3cr3t-space-token")
		if u.Query().Encode() != c.want.Encode() {
			t.Errorf("query %v, want %v", u.Query(), c.want)
		}
	}

	without, err := New(kit.Setup{Settings: map[string]any{"webhook_url": "https://chat.googleapis.com" + hook, "deduplicate": false}})
	if err != nil {
		t.Fatal(err)
	}
	if got := without.(*Sink).address(bridge.Payload{MessageID: "d1", Body: []byte("{}")}).Reveal(); strings.Contains(got, "requestId") {
		t.Error("deduplicate: false still sends a requestId")
	}
}

func TestWebhooksOfOneSpaceShareABucket(t *testing.T) {
	one := build(t, "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=one")
	two := build(t, "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=two")
	other := build(t, "https://chat.googleapis.com/v1/spaces/BBBB/messages?key=k&token=one")
	relay := build(t, "https://relay.example.com/chat")
	if one.Bucket() != two.Bucket() || one.Bucket() == other.Bucket() || relay.Bucket() != "relay.example.com" {
		t.Errorf("buckets %q %q %q %q", one.Bucket(), two.Bucket(), other.Bucket(), relay.Bucket())
	}
}

// TestWallTakesEverything posts every message to the emulated Google Chat, which
// refuses what the real one refuses.
func TestWallTakesEverything(t *testing.T) {
	w, base := sinktest.Stage(t)
	settings := w.Sinks(base, "")[wall.GoogleChat]
	sink := build(t, settings["webhook_url"].(string))
	for i, c := range sinktest.All() {
		c.Message.ID = fmt.Sprint("delivery-", i)
		p, err := sink.Encode(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a repetition is recognised by its request id
			if _, err := sink.Send(t.Context(), p); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
	all := len(sinktest.All())
	if got := w.Counts(wall.GoogleChat); got.Accepted != all || got.Repeated != all {
		t.Errorf("counts %+v, want %d accepted and repeated", got, all)
	}
}

func TestNativeReplacesKeys(t *testing.T) {
	native := func(part map[string]any) bridge.Message {
		return bridge.Message{Title: "x", Native: map[string]map[string]any{"googlechat": part}}
	}
	sink := build(t, "https://chat.googleapis.com"+hook)
	p, err := sink.Encode(native(map[string]any{"text": "own", "cardsV2": []any{}}))
	if err != nil || !strings.Contains(string(p.Body), `"text":"own"`) || strings.Contains(string(p.Body), "cardId") {
		t.Errorf("payload %s, %v", p.Body, err)
	}
	if _, err := sink.Encode(native(map[string]any{"text": strings.Repeat("x", 33_000)})); err == nil || bridge.AsSendError(err).Kind != bridge.MessageRejected {
		t.Errorf("a native part over the limit: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, webhook := range []string{"", "chat.googleapis.com/v1/spaces/x", "ftp://example.com/x", "https://"} {
		_, err := New(kit.Setup{Settings: map[string]any{"webhook_url": webhook}})
		if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != "webhook_url" {
			t.Errorf("webhook_url %q: %v", webhook, err)
		}
	}
}
