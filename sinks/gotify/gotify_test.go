package gotify

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const token = "AhiddenToken.42"

func fault(name, words string) string {
	return `{"error":"` + name + `","errorCode":0,"errorDescription":"` + words + `"}`
}

func suite(more map[string]any) sinktest.Suite {
	return sinktest.Suite{
		Type: "gotify",
		New:  New,
		Settings: func(base string) map[string]any {
			settings := map[string]any{"server": base + "/push/", "token": token}
			for key, value := range more {
				settings[key] = value
			}
			return settings
		},
		Secrets: []string{token},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/push/message" || r.Header.Get("X-Gotify-Key") != token {
					http.Error(w, "wrong", http.StatusTeapot)
					return
				}
				sinktest.Says(200, `{"id":25,"appid":5,"message":"x","title":"y","priority":5,"date":"2026-11-23T14:02:31Z"}`)(w, r)
			},
			sinktest.Reject: sinktest.Says(400, fault("Bad Request", "Field 'message' is required")),
			sinktest.Break:  sinktest.Says(401, fault("Unauthorized", "you need to provide a valid access token")),
		}),
		Own:   sinktest.Own{Taken: `{"id":25,"appid":5,"message":"x"}`, Refused: fault("No", "no")},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite(nil)) }

func TestPlain(t *testing.T) {
	s := suite(map[string]any{"markdown": false, "priority": 0})
	s.Mode, s.Start = "plain", nil
	sinktest.Run(t, s)
}

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite(nil)) }

func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var m struct {
		Title, Message string
		Priority       *int
	}
	if err := json.Unmarshal(p.Body, &m); err != nil {
		t.Fatal(err)
	}
	if m.Title == "" || strings.TrimSpace(m.Message) == "" || utf8.RuneCountInString(m.Message) > maxText || m.Priority == nil {
		t.Errorf("title %q, a text of %d bytes, priority %v", m.Title, len(m.Message), m.Priority)
	}
	sinktest.Unlinked(t, m.Title)
	sinktest.Unlinked(t, m.Message)
}

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Build(t, New, Type().Example)) }

func TestWall(t *testing.T) {
	w, base := sinktest.Stage(t)
	settings := w.Others(base)[wall.Gotify]
	settings["extras"] = map[string]any{"client::display": map[string]any{"contentType": "text/plain"}}
	sink := sinktest.Build(t, New, settings)
	m := sinktest.Ordinary()[0].Message
	receipt, err := sinktest.Send(t, sink, m)
	if err != nil || receipt.ID != "1" || !strings.Contains(string(w.Messages()[0].Payload), `"text/plain"`) {
		t.Errorf("%+v, %v", receipt, err)
	}
	settings["token"] = "Aother"
	if _, err := sinktest.Send(t, sinktest.Build(t, New, settings), m); bridge.AsSendError(err).Kind != bridge.DestinationBroken {
		t.Errorf("with a wrong token: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	sinktest.Faulty(t, New, map[string]any{"server": exampleServer, "token": token}, map[string]map[string]any{
		"server":   {"server": "https://gotify.example.com/message?token=x"},
		"token":    {"token": "not a token"},
		"priority": {"priority": 11},
	})
}

func TestReadme(t *testing.T) { sinktest.Readme(t, New, map[string]string{"GOTIFY_TOKEN": token}) }
