package zulip

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const apiKey = "hiddenKeyOfTheBotqQhrrVcwHcqDXBV"

const taken1 = `{"result":"success","msg":"","id":42}`

func fault(code, words string) string {
	return `{"result":"error","msg":"` + words + `","code":"` + code + `"}`
}

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "zulip",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{"server": base, "email": "bot@example.com", "key": apiKey, "channel": "academy", "topic": "courses"}
		},
		Secrets: []string{apiKey, "Ym90QGV4YW1wbGUuY29tOmhpZGRlbktleU9mVGhlQm90cVFocnJWY3dIY3FEWEJW"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: sinktest.Says(200, taken1),
			sinktest.Reject: sinktest.Says(400, fault("BAD_REQUEST", "Message must not be empty")),
			sinktest.Break:  sinktest.Says(400, fault("STREAM_DOES_NOT_EXIST", "Channel 'academy' does not exist")),
			sinktest.Limit:  sinktest.Says(429, `{"result":"error","code":"RATE_LIMIT_HIT","msg":"API usage exceeded rate limit","retry-after":7.0}`),
		}),
		Own:   sinktest.Own{Taken: taken1, Refused: fault("OTHER", "no")},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// ours is the markup that the sink writes; acting is what else Zulip would make
// something of.
var (
	ours   = regexp.MustCompile(`\]\((?:https?://|mailto:)[^()\s]*\)`)
	acting = regexp.MustCompile("@[*_\\w]|#\\*|\\$\\$|<time|[^\\W]\\]\\(|```|:\\w+:|(?m)^\\s*(?:[-+>#]|\\d+\\.) ")
)

func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var m message
	if err := json.Unmarshal(p.Body, &m); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(m.Content); n > 10_000 || n == 0 || utf8.RuneCountInString(m.Topic) > 60 || m.Topic == "" || strings.Contains(m.Topic, "\n") {
		t.Errorf("a text of %d characters, the topic %q", n, m.Topic)
	}
	if found := acting.FindString(ours.ReplaceAllString(m.Content, "")); found != "" {
		t.Errorf("%q acts in %.300q", found, m.Content)
	}
	sinktest.Unlinked(t, m.Content)
}

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Build(t, New, Type().Example)) }

func TestAnswers(t *testing.T) {
	build := func(base string) bridge.Sink { return sinktest.Build(t, New, suite().Settings(base)) }
	sinktest.Classifies(t, build, sinktest.Answers{
		{401, "", fault("INVALID_API_KEY", "Invalid API key"), bridge.DestinationBroken, 0, "Invalid API key"},
		{400, "", fault("BAD_REQUEST", "Not authorized to send to channel 'academy'"), bridge.DestinationBroken, 0, "Not authorized"},
		{400, "", fault("BAD_REQUEST", "Message must not be empty"), bridge.MessageRejected, 0, "empty"},
		{403, "", fault("REALM_DEACTIVATED", "deactivated"), bridge.DestinationBroken, 0, "deactivated"},
		{429, "", `{"result":"error","code":"RATE_LIMIT_HIT","msg":"x","retry-after":28.7}`, bridge.Limited, 28700 * time.Millisecond, "x"},
		{500, "", fault("INTERNAL", "Internal server error"), bridge.Temporary, 0, "Internal"},
		{200, "", `{"result":"success"}`, bridge.Temporary, 0, "not an answer of Zulip"},
	})
}

func stage(t *testing.T) (*wall.Wall, map[string]any) {
	t.Helper()
	w, base := sinktest.Stage(t)
	settings := w.Others(base)[wall.Zulip]
	return w, settings
}

// TestWall sends every hostile message to a Zulip with rules of its own.
func TestWall(t *testing.T) {
	w, settings := stage(t)
	sink := sinktest.Build(t, New, settings)
	for _, c := range sinktest.All() {
		if _, err := sinktest.Send(t, sink, c.Message); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	sinktest.NoNotes(t, w, nil)
	if found, err := sink.(bridge.Probed).Probe(t.Context()); err != nil {
		t.Errorf("%s, %v", found, err)
	}
	for key, wrong := range map[string]string{"channel": "no-such channel", "key": "wrong"} {
		_, settings := stage(t)
		settings[key] = wrong
		if _, err := sinktest.Send(t, sinktest.Build(t, New, settings), bridge.Message{Title: "x"}); bridge.AsSendError(err).Kind != bridge.DestinationBroken {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestTopicsAndEdits(t *testing.T) {
	w, settings := stage(t)
	sink := sinktest.Build(t, New, settings)
	first, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "Working at Height: " + strings.Repeat("long ", 20), ThreadKey: "k"})
	if err != nil || !strings.HasPrefix(first.Thread, "Working at Height") || kit.Runes(first.Thread) > 60 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := sinktest.Send(t, sink, bridge.Message{ID: "2", Title: "two", ThreadKey: "k", Thread: first.Thread})
	if err != nil || second.Thread != first.Thread || w.Messages()[1].Thread != first.Thread {
		t.Errorf("%+v, %v", second, err)
	}
	for _, c := range []struct{ replaces, id string }{{first.ID, first.ID}, {"4711", "3"}} {
		if got, err := sinktest.Send(t, sink, bridge.Message{ID: "3", Title: "changed", Replaces: c.replaces, Thread: first.Thread}); err != nil || got.ID != c.id || got.Thread != first.Thread {
			t.Errorf("in the place of %s: %+v, %v", c.replaces, got, err)
		}
	}
	if got := w.Counts(wall.Zulip); got.Edited != 1 || got.Accepted != 3 {
		t.Errorf("%+v", got)
	}
}

func TestPause(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for remaining, want := range map[string]time.Duration{"0": 30 * time.Second, "1": 0} {
		a := kit.Answer{Header: http.Header{}}
		a.Header.Set("X-RateLimit-Remaining", remaining)
		a.Header.Set("X-RateLimit-Reset", "1000030")
		if got := pause(a, now); got != want {
			t.Errorf("with %s left: %v, want %v", remaining, got, want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	sinktest.Faulty(t, New, suite().Settings(exampleServer), map[string]map[string]any{
		"server":  {"server": "acme.zulipchat.com"},
		"email":   {"email": "bot"},
		"key":     {"key": ""},
		"channel": {"channel": "#academy"},
		"topic":   {"topic": strings.Repeat("x", 61)},
	})
}

func TestReadme(t *testing.T) { sinktest.Readme(t, New, map[string]string{"ZULIP_KEY": apiKey}) }
