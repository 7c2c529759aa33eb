package telegram

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

const taken1 = `{"ok":true,"result":{"message_id":365,"chat":{"id":-1001},"date":1,"text":"x"}}`

func fault(status, words string) string {
	return `{"ok":false,"error_code":` + status + `,"description":"` + words + `"}`
}

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "telegram",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{"token": token, "chat": "-1001234567890", "topic_id": 4, "silent": true, "api_url": base}
		},
		Secrets: []string{token, "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: sinktest.Says(200, taken1),
			sinktest.Reject: sinktest.Says(400, fault("400", "Bad Request: can't parse entities: Unsupported start tag")),
			sinktest.Break:  sinktest.Says(403, fault("403", "Forbidden: bot was blocked by the user")),
			sinktest.Limit:  sinktest.Says(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}`),
		}),
		Own:   sinktest.Own{Taken: taken1, Refused: fault("400", "no")},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// ours are the tags that the sink writes; acting is what Telegram makes of a text.
var (
	ours   = regexp.MustCompile(`</?(?:b|i|code)>|<a href="(?:https?://|mailto:)[^"<>]*">|</a>`)
	acting = regexp.MustCompile(`[@#/$]\w`)
)

func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var m message
	if err := json.Unmarshal(p.Body, &m); err != nil {
		t.Fatal(err)
	}
	shown := ours.ReplaceAllString(m.Text, "")
	if strings.ContainsAny(shown, "<>") {
		t.Errorf("tags of somebody else in %.300q", shown)
	}
	shown = html.UnescapeString(shown)
	if n := kit.UTF16(shown); n > 4096 || n == 0 || n != kit.Visible(m.Text) {
		t.Errorf("%d characters are shown, and counted as %d", n, kit.Visible(m.Text))
	}
	if found := acting.FindString(shown); found != "" {
		t.Errorf("%q acts in %.300q", found, shown)
	}
	sinktest.Unlinked(t, shown)
}

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Build(t, New, Type().Example)) }

func TestAnswers(t *testing.T) {
	build := func(base string) bridge.Sink {
		return sinktest.Build(t, New, map[string]any{"token": token, "chat": "@academy", "api_url": base})
	}
	sinktest.Classifies(t, build, sinktest.Answers{
		{400, "", fault("400", "Bad Request: chat not found"), bridge.DestinationBroken, 0, "chat not found"},
		{400, "", fault("400", "Bad Request: message thread not found"), bridge.DestinationBroken, 0, "thread"},
		{400, "", fault("400", "Bad Request: TOPIC_CLOSED"), bridge.DestinationBroken, 0, "TOPIC"},
		{400, "", fault("400", "Bad Request: not enough rights to send text messages to the chat"), bridge.DestinationBroken, 0, "rights"},
		{400, "", fault("400", "Bad Request: message is too long"), bridge.MessageRejected, 0, "too long"},
		{401, "", fault("401", "Unauthorized"), bridge.DestinationBroken, 0, "Unauthorized"},
		{404, "", fault("404", "Not Found"), bridge.DestinationBroken, 0, "Not Found"},
		{403, "", fault("403", "Forbidden: bot was kicked from the group chat"), bridge.DestinationBroken, 0, "kicked"},
		{429, "", `{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":31}}`, bridge.Limited, 31 * time.Second, "x"},
		{500, "", fault("500", "Internal Server Error: restart"), bridge.Temporary, 0, "restart"},
		{200, "", `{"ok":true,"result":true}`, bridge.Temporary, 0, "not an answer of Telegram"},
	})
}

// stage is a bot in a chat of the wall.
func stage(t *testing.T, chat string) (*wall.Wall, bridge.Sink) {
	t.Helper()
	w, base := sinktest.Stage(t)
	settings := w.Others(base)[wall.Telegram]
	settings["chat"] = chat
	return w, sinktest.Build(t, New, settings)
}

// TestWall sends every hostile message to a Telegram with rules of its own.
func TestWall(t *testing.T) {
	w, sink := stage(t, "@academy")
	for _, c := range sinktest.All() {
		if _, err := sinktest.Send(t, sink, c.Message); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	sinktest.NoNotes(t, w, func(note string) bool { return strings.HasPrefix(note, "acts: https://example.com") })
}

func TestConversationsAndEdits(t *testing.T) {
	w, sink := stage(t, "@academy")
	first, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "one", ThreadKey: "k"})
	if err != nil || first.Thread == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := sinktest.Send(t, sink, bridge.Message{ID: "2", Title: "two", ThreadKey: "k", Thread: first.Thread})
	if err != nil || second.Thread != first.Thread || w.Messages()[1].Thread != first.ID {
		t.Errorf("%+v, %v", second, err)
	}
	for _, c := range []struct{ title, replaces, id string }{
		{"changed", first.ID, first.ID},
		{"changed", first.ID, first.ID}, // it is like this already
		{"gone", "@academy 4711", "@academy 3"},
		{"elsewhere", "@another 1", "@academy 4"},
	} {
		got, err := sinktest.Send(t, sink, bridge.Message{ID: "3", Title: c.title, Replaces: c.replaces})
		if err != nil || got.ID != c.id {
			t.Errorf("%s: %+v, %v", c.title, got, err)
		}
	}
	if w.Counts(wall.Telegram).Edited != 1 {
		t.Errorf("%+v", w.Counts(wall.Telegram))
	}
}

// TestAGroupThatMoved: the message arrives at once, the next goes there directly.
func TestAGroupThatMoved(t *testing.T) {
	w, sink := stage(t, "-4711")
	for range 2 {
		got, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "one"})
		if err != nil || !strings.HasPrefix(got.ID, "-1004711 ") {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got := w.Counts(wall.Telegram); got.Accepted != 2 || got.Refused != 1 {
		t.Errorf("%+v", got)
	}
	for chat, words := range map[string]string{"@no_such_chat": "chat not found", "@kicked_out": "kicked"} {
		_, sink := stage(t, chat)
		if _, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "x"}); bridge.AsSendError(err).Kind != bridge.DestinationBroken || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", chat, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	sinktest.Faulty(t, New, map[string]any{"token": token, "chat": "@academy"}, map[string]map[string]any{
		"token":    {"token": "bot" + token},
		"chat":     {"chat": "academy"},
		"topic_id": {"topic_id": -1},
		"api_url":  {"api_url": "api.telegram.org"},
	})
}

func TestReadme(t *testing.T) { sinktest.Readme(t, New, map[string]string{"TELEGRAM_TOKEN": token}) }
