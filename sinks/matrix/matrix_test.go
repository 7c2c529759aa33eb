package matrix

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

const token = "syt_hidden_token_of_the_bot_0001"

const taken1 = `{"event_id":"$YUwRidLecu:example.com"}`

func fault(code, words string) string { return `{"errcode":"` + code + `","error":"` + words + `"}` }

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "matrix",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{"server": base, "token": token, "room": "!abc/d:example.com", "notice": true}
		},
		Secrets: []string{token},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/whoami") {
					sinktest.Says(200, `{"user_id":"@bot:example.com"}`)(w, r)
					return
				}
				sinktest.Says(200, taken1)(w, r)
			},
			sinktest.Reject: sinktest.Says(413, fault("M_TOO_LARGE", "event too large")),
			sinktest.Break:  sinktest.Says(401, fault("M_UNKNOWN_TOKEN", "Unrecognised access token")),
			sinktest.Limit:  sinktest.Says(429, `{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":7000}`),
		}),
		Own:   sinktest.Own{Taken: taken1, Refused: fault("M_UNKNOWN", "no")},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// ours are the tags that the sink writes.
var ours = regexp.MustCompile(`</?(?:b|i|code)>|<br>|<a href="(?:https?://|mailto:)[^"<>]*">|</a>`)

func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var c content
	if err := json.Unmarshal(p.Body, &c); err != nil {
		t.Fatal(err)
	}
	shown := ours.ReplaceAllString(c.FormattedBody, "")
	if strings.ContainsAny(shown, "<>") {
		t.Errorf("tags of somebody else in %.300q", shown)
	}
	sinktest.Unlinked(t, html.UnescapeString(shown))
	sinktest.Unlinked(t, c.Body)
	if c.Body == "" || c.Mentions == nil || len(c.Mentions) > 0 || !strings.Contains(string(p.Body), `"m.mentions":{}`) {
		t.Errorf("mentions %v, body %q", c.Mentions, c.Body)
	}
	var d kit.Draft
	if err := json.Unmarshal(p.Body, &d); err != nil {
		t.Fatal(err)
	}
	if n := len(edit(d, "$event").Body()); n > 60_000 || len(p.Body) > maxContent {
		t.Errorf("the content has %d bytes, and %d as an edit", len(p.Body), n)
	}
}

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Build(t, New, Type().Example)) }

func TestAnswers(t *testing.T) {
	build := func(base string) bridge.Sink { return sinktest.Build(t, New, suite().Settings(base)) }
	sinktest.Classifies(t, build, sinktest.Answers{
		{403, "", fault("M_FORBIDDEN", "not in room"), bridge.DestinationBroken, 0, "not in room"},
		{404, "", fault("M_NOT_FOUND", "unknown room"), bridge.DestinationBroken, 0, "unknown room"},
		{400, "", fault("M_BAD_JSON", "bad"), bridge.MessageRejected, 0, "bad"},
		{400, "", fault("M_USER_LOCKED", "locked"), bridge.DestinationBroken, 0, "locked"},
		{429, "3", `{"errcode":"M_LIMIT_EXCEEDED","error":"x","retry_after_ms":9000}`, bridge.Limited, 3 * time.Second, "x"},
		{429, "", `{"errcode":"M_LIMIT_EXCEEDED","error":"x","retry_after_ms":9000}`, bridge.Limited, 9 * time.Second, "x"},
		{500, "", fault("M_UNKNOWN", "Internal server error"), bridge.Temporary, 0, "Internal"},
		{200, "", `{"room_id":"!x"}`, bridge.Temporary, 0, "not an answer of Matrix"},
	})
}

func stage(t *testing.T, room string) (*wall.Wall, bridge.Sink) {
	t.Helper()
	w, base := sinktest.Stage(t)
	settings := w.Others(base)[wall.Matrix]
	settings["room"] = room
	return w, sinktest.Build(t, New, settings)
}

// TestWall sends every hostile message to a homeserver with rules of its own.
func TestWall(t *testing.T) {
	w, sink := stage(t, "#academy:wall.example")
	for _, c := range sinktest.All() {
		c.Message.ID = c.Name
		if _, err := sinktest.Send(t, sink, c.Message); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	sinktest.NoNotes(t, w, nil)
	if found, err := sink.(bridge.Probed).Probe(t.Context()); err != nil {
		t.Errorf("%s, %v", found, err)
	}
	_, sink = stage(t, "#no-such:wall.example")
	if _, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "x"}); bridge.AsSendError(err).Kind != bridge.DestinationBroken {
		t.Errorf("an address of nothing: %v", err)
	}
}

// TestRepetitions: the same message again is the same event.
func TestRepetitions(t *testing.T) {
	w, sink := stage(t, "#academy:wall.example")
	one, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "x"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "x"})
	if err != nil || again.ID != one.ID {
		t.Errorf("%+v, %v", again, err)
	}
	if got := w.Counts(wall.Matrix); got.Accepted != 1 || got.Repeated != 1 {
		t.Errorf("%+v", got)
	}
}

// TestAnInvitation: a room that the account was invited to is joined.
func TestAnInvitation(t *testing.T) {
	w, sink := stage(t, "!invited:wall.example")
	if _, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "x"}); err != nil || w.Count(wall.Matrix) != 1 {
		t.Errorf("%v, %+v", err, w.Counts(wall.Matrix))
	}
	_, sink = stage(t, "!private:wall.example")
	if _, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "x"}); bridge.AsSendError(err).Kind != bridge.DestinationBroken {
		t.Errorf("a room that is closed: %v", err)
	}
}

func TestThreadsAndEdits(t *testing.T) {
	w, sink := stage(t, "#academy:wall.example")
	first, err := sinktest.Send(t, sink, bridge.Message{ID: "1", Title: "one", ThreadKey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := sinktest.Send(t, sink, bridge.Message{ID: "2", Title: "two", ThreadKey: "k", Thread: first.Thread})
	if err != nil || second.Thread != first.Thread || w.Messages()[1].Thread == "" {
		t.Errorf("%+v, %v", second, err)
	}
	edited, err := sinktest.Send(t, sink, bridge.Message{ID: "3", Title: "changed", Replaces: first.ID, Thread: first.Thread})
	if err != nil || edited.ID != first.ID || edited.Thread != first.Thread {
		t.Errorf("%+v, %v", edited, err)
	}
	elsewhere, err := sinktest.Send(t, sink, bridge.Message{ID: "4", Title: "new", Replaces: "!another:x $1"})
	if err != nil || elsewhere.ID == "!another:x $1" {
		t.Errorf("%+v, %v", elsewhere, err)
	}
	if got := w.Counts(wall.Matrix); got.Edited != 1 || got.Accepted != 3 {
		t.Errorf("%+v", got)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	sinktest.Faulty(t, New, suite().Settings(exampleServer), map[string]map[string]any{
		"server": {"server": "matrix.example.com"},
		"token":  {"token": ""},
		"room":   {"room": "academy"},
	})
}

func TestReadme(t *testing.T) { sinktest.Readme(t, New, map[string]string{"MATRIX_TOKEN": token}) }
