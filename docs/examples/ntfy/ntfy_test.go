package ntfy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

const token = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "ntfy",
		New:  New,
		Settings: func(base string) map[string]any {
			return map[string]any{"server": base, "topic": "academy", "token": token}
		},
		Secrets: []string{token},
		Start: sinktest.HTTP(map[sinktest.Behaviour]http.HandlerFunc{
			sinktest.Accept: sinktest.Says(200, `{"id":"hwQ2YpKdmg","event":"message","topic":"academy","message":"x"}`),
			sinktest.Reject: sinktest.Says(400, `{"code":40024,"http":400,"error":"invalid request: request body must be valid JSON"}`),
			sinktest.Break:  sinktest.Says(403, `{"code":40301,"http":403,"error":"forbidden"}`),
		}),
		Own: sinktest.Own{
			Taken:   `{"id":"hwQ2YpKdmg","event":"message","topic":"academy","message":"x"}`,
			Refused: `{"code":40000,"http":400,"error":"no"}`,
		},
		Check: check,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// check holds a payload to the limits, whatever the message held.
func check(t *testing.T, _ bridge.Message, p bridge.Payload) {
	t.Helper()
	var n notification
	if err := json.Unmarshal(p.Body, &n); err != nil {
		t.Fatal(err)
	}
	if len(n.Title) > maxTitle || len(n.Message) > maxMessage || len(n.Actions) > maxActions || strings.Contains(n.Title, "\n") {
		t.Errorf("a title of %d bytes, a message of %d, %d actions", len(n.Title), len(n.Message), len(n.Actions))
	}
	links := []string{n.Click}
	for _, a := range n.Actions {
		links = append(links, a.URL)
	}
	for _, link := range links {
		if u, err := url.Parse(link); err != nil || link != "" && u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" {
			t.Errorf("the link %q", link)
		}
	}
}

func TestSettings(t *testing.T) {
	_, err := New(kit.Setup{Settings: map[string]any{"server": "ntfy.sh"}})
	if faults := kit.SettingErrors(err); len(faults) != 2 || faults[0].Key != "server" || faults[1].Key != "topic" {
		t.Errorf("%v", err)
	}
}

func TestPriority(t *testing.T) {
	sink, err := New(kit.Setup{Settings: Type().Example})
	if err != nil {
		t.Fatal(err)
	}
	p, err := sink.Encode(bridge.Message{Title: "Overdue", Level: bridge.LevelDanger})
	if want := `{"topic":"example-topic","title":"Overdue","message":"Overdue","priority":5}`; err != nil || string(p.Body) != want {
		t.Errorf("%s, %v; want %s", p.Body, err, want)
	}
}
