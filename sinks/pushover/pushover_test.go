package pushover

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const (
	token = "azGDORePK8gMaC0QOYAMyEEuzJnyUi"
	user  = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"
	taken = `{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}`
)

func fault(parameter, words string) string {
	return `{` + parameter + `"errors":["` + words + `"],"status":0,"request":"5042853c-402d-4a18-abcb-168734a801de"}`
}

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "pushover",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{"token": token, "user": user, "devices": []any{"iphone", "desk"}, "sound": "bike", "api_url": base}
		},
		Secrets: []string{token, user},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: sinktest.Says(200, taken),
			sinktest.Reject: sinktest.Says(400, fault(`"message":"cannot be blank",`, "message cannot be blank")),
			sinktest.Break:  sinktest.Says(400, fault(`"user":"invalid",`, "user identifier is invalid")),
		}),
		Own:   sinktest.Own{Taken: taken, Refused: fault("", "no")},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// ours are the tags that the sink writes.
var ours = regexp.MustCompile(`</?(?:b|i)>|<a href="(?:https?://|mailto:)[^"<>]*">|</a>`)

func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var n notification
	if err := json.Unmarshal(p.Body, &n); err != nil {
		t.Fatal(err)
	}
	if long := utf8.RuneCountInString(n.Message); long > 1024 || long == 0 || utf8.RuneCountInString(n.Title) > 250 || n.Title == "" || len(n.URL) > 512 {
		t.Errorf("a title of %d bytes, a text of %d characters, a link of %d", len(n.Title), long, len(n.URL))
	}
	shown := ours.ReplaceAllString(n.Message, "")
	if strings.ContainsAny(shown, "<>") {
		t.Errorf("tags of somebody else in %.300q", shown)
	}
	sinktest.Unlinked(t, shown)
	sinktest.Unlinked(t, n.Title)
}

func TestGolden(t *testing.T) { sinktest.Golden(t, sinktest.Build(t, New, Type().Example)) }

func TestAnswers(t *testing.T) {
	build := func(base string) bridge.Sink {
		return sinktest.Build(t, New, map[string]any{"token": token, "user": user, "api_url": base})
	}
	sinktest.Classifies(t, build, sinktest.Answers{
		{400, "", fault(`"token":"invalid",`, "application token is invalid"), bridge.DestinationBroken, 0, "token is invalid"},
		{400, "", fault(`"device":"invalid",`, "device name is not valid for user"), bridge.DestinationBroken, 0, "device"},
		{400, "", fault(`"url":"is too long",`, "url is too long"), bridge.MessageRejected, 0, "too long"},
		{429, "", fault("", "application has exceeded its monthly limit"), bridge.Limited, 0, "monthly"},
		{500, "", fault("", "internal"), bridge.Temporary, 0, "internal"},
		{200, "", `{"status":1}`, bridge.Temporary, 0, "not an answer of Pushover"},
	})
}

// TestMonthIsOver waits for the month to end, an hour at a time.
func TestMonthIsOver(t *testing.T) {
	failure := refine(&bridge.SendError{Kind: bridge.Limited}, kit.Answer{Header: http.Header{"X-Limit-App-Reset": {"4102444800"}}, Body: []byte("{}")})
	if failure.RetryAfter.Hours() != 1 {
		t.Errorf("waits %v", failure.RetryAfter)
	}
}

// TestWall sends every hostile message to a Pushover with rules of its own.
func TestWall(t *testing.T) {
	w, base := sinktest.Stage(t)
	settings := w.Others(base)[wall.Pushover]
	sink := sinktest.Build(t, New, settings)
	for _, c := range sinktest.All() {
		if receipt, err := sinktest.Send(t, sink, c.Message); err != nil || !strings.Contains(receipt.Detail, "left this month") {
			t.Errorf("%s: %+v, %v", c.Name, receipt, err)
		}
	}
	if found, err := sink.(bridge.Probed).Probe(t.Context()); err != nil {
		t.Errorf("%s, %v", found, err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	sinktest.Faulty(t, New, map[string]any{"token": token, "user": user}, map[string]map[string]any{
		"token":    {"token": "short"},
		"user":     {"user": "ann@example.com"},
		"priority": {"priority": "emergency"},
		"api_url":  {"api_url": "pushover"},
	})
}

func TestReadme(t *testing.T) {
	sinktest.Readme(t, New, map[string]string{"PUSHOVER_TOKEN": token, "PUSHOVER_USER": user})
}
