package ntfy

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const taken = `{"id":"hwQ2YpKdmg","time":1635528757,"event":"message","topic":"s3cr3t-topic","message":"x"}`

func suite(more map[string]any) sinktest.Suite {
	return sinktest.Suite{
		Type: "ntfy",
		New:  New,
		Settings: func(base string) map[string]any {
			settings := map[string]any{"server": base, "topic": "s3cr3t-topic", "username": "phil", "password": "s3cr3t p@ss"}
			for key, value := range more {
				settings[key] = value
			}
			return settings
		},
		Secrets:      []string{"s3cr3t-topic", "s3cr3t p@ss", "cGhpbDpzM2NyM3QgcEBzcw=="},
		NoRetryAfter: true,
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: sinktest.Says(200, taken),
			sinktest.Reject: sinktest.Says(400, `{"code":40011,"http":400,"error":"invalid message: message must be UTF-8 encoded"}`),
			sinktest.Break:  sinktest.Says(403, `{"code":40301,"http":403,"error":"forbidden","link":"https://ntfy.sh/docs/publish/#authentication"}`),
			sinktest.Limit:  sinktest.Says(429, `{"code":42901,"http":429,"error":"limit reached: too many requests"}`),
		}),
		Own:   sinktest.Own{Taken: taken, Refused: `{"code":40000,"http":400,"error":"invalid request"}`},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite(nil)) }

func TestMarkdown(t *testing.T) {
	s := suite(map[string]any{"markdown": true, "tags": []any{"mortar_board"}, "actions": []any{"view, Portal, https://example.com/portal"}})
	s.Mode, s.Start = "markdown", nil
	sinktest.Run(t, s)
}

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite(nil)) }

// check holds a payload to the limits, and its headers to what HTTP allows.
func check(t *testing.T, m bridge.Message, p bridge.Payload) {
	t.Helper()
	var n notification
	if err := json.Unmarshal(p.Body, &n); err != nil {
		t.Fatal(err)
	}
	if len(n.Message) > 4096 || n.Message == "" || n.Title == "" || len(n.Title) > 250 || len(n.Actions) > 3 || n.Priority < 1 || n.Priority > 5 {
		t.Errorf("a title of %d bytes, a text of %d, %d actions", len(n.Title), len(n.Message), len(n.Actions))
	}
	sinktest.Unlinked(t, n.Title)
	sinktest.Unlinked(t, n.Message)
	for name, values := range n.header() {
		if v := values[0]; strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) || len(v) > 6000 {
			t.Errorf("the header %s is no plain text, or has %d bytes", name, len(v))
		}
	}
	if len(p.Shortened) == 0 && len(m.Clean().Actions) > 3 && !strings.Contains(n.Message, "example.com") {
		t.Error("actions are lost, and nothing says so")
	}
}

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Build(t, New, Type().Example)) }

func TestAnswers(t *testing.T) {
	build := func(base string) bridge.Sink {
		return sinktest.Build(t, New, map[string]any{"server": base, "topic": "academy"})
	}
	sinktest.Classifies(t, build, sinktest.Answers{
		{400, "", `{"code":40018,"http":400,"error":"invalid request: actions invalid"}`, bridge.DestinationBroken, 0, "actions invalid"},
		{400, "", `{"code":40010,"http":400,"error":"invalid request: topic name is not allowed"}`, bridge.DestinationBroken, 0, "not allowed"},
		{400, "", `{"code":40024,"http":400,"error":"invalid request"}`, bridge.MessageRejected, 0, "invalid request"},
		{401, "", `{"code":40101,"http":401,"error":"unauthorized"}`, bridge.DestinationBroken, 0, "unauthorized"},
		{413, "", `{"code":41301,"http":413,"error":"attachment too large"}`, bridge.MessageRejected, 0, "too large"},
		{429, "", `{"code":42908,"http":429,"error":"limit reached: daily message quota reached"}`, bridge.Limited, 0, "quota"},
		{507, "", `{"code":50701,"http":507,"error":"insufficient storage"}`, bridge.Temporary, 0, "storage"},
		{200, "", `{"id":"x","event":"open"}`, bridge.Temporary, 0, "not an answer of ntfy"},
		{200, "", `{}`, bridge.Temporary, 0, "not an answer of ntfy"},
	})
}

// TestWall sends what a server must read from headers: words in other scripts,
// buttons, tags.
func TestWall(t *testing.T) {
	w, base := sinktest.Stage(t)
	settings := w.Others(base)[wall.Ntfy]
	settings["tags"], settings["actions"] = "tada", "http, Wake up, https://example.com/?a=?, method=POST, clear=true"
	sink := sinktest.Build(t, New, settings)
	m := bridge.Message{ID: "m", Title: "Größe =?UTF-8?Q?=21?= " + strings.Repeat("学", 60), Level: bridge.LevelDanger, Text: "Score: 92.5 %", URL: "https://example.com/?q=?"}
	receipt, err := sinktest.Send(t, sink, m)
	if err != nil || receipt.ID == "" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	var got map[string]any
	if err := json.Unmarshal(w.Messages()[0].Payload, &got); err != nil {
		t.Fatal(err)
	}
	button, _ := got["actions"].([]any)[0].(map[string]any)
	if got["title"] != m.Title || got["message"] != m.Text || got["priority"] != "5" || got["click"] != m.URL || button["url"] != "https://example.com/?a=?" || button["clear"] != true {
		t.Errorf("got %v", got)
	}
	settings["token"] = "tk_wrong"
	if _, err := sinktest.Send(t, sinktest.Build(t, New, settings), m); bridge.AsSendError(err).Kind != bridge.DestinationBroken {
		t.Errorf("with a wrong token: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	sinktest.Faulty(t, New, map[string]any{"topic": "academy"}, map[string]map[string]any{
		"server":     {"server": "ntfy.example.com"},
		"topic":      {"topic": "https://ntfy.sh/academy"},
		"token":      {"token": "tk_1", "username": "phil", "password": "p"},
		"username":   {"username": "phil"},
		"priority":   {"priority": "urgent!"},
		"click":      {"click": "example.com"},
		"actions[0]": {"actions": []any{"Open, https://example.com"}},
		"actions":    {"actions": []any{"view, a, x:1", "view, b, x:2", "view, c, x:3", "view, d, x:4"}},
	})
}

func TestReadme(t *testing.T) { sinktest.Readme(t, New, map[string]string{"NTFY_TOPIC": "academy"}) }
