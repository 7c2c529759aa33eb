package shoutrrr

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// built is a sink that shows what it was built from.
type built struct {
	bridge.Sink
	service  string
	settings map[string]any
}

// build gives the sink of a URL, with builders that take everything but "faulty".
func build(t *testing.T, url string) (built, error) {
	t.Helper()
	all := Builders{}
	for service := range translations() {
		all[service] = func(s kit.Setup) (bridge.Sink, error) {
			if slices.Contains(slices.Collect(maps.Values(s.Settings)), any("faulty")) {
				return nil, kit.Setting("token", "want another")
			}
			return built{service: service, settings: s.Settings}, nil
		}
	}
	sink, err := all.build(kit.Setup{Settings: map[string]any{"url": url}, Client: http.DefaultClient})
	b, _ := sink.(built)
	return b, err
}

func TestTranslations(t *testing.T) {
	for url, want := range map[string]built{
		"ntfy:///topic": {service: "ntfy", settings: map[string]any{"server": "https://ntfy.sh", "topic": "topic"}},
		"ntfy://phil:p%40ss@push.example.com:8443/topic?scheme=http&Cache=no": {
			service: "ntfy", settings: map[string]any{"server": "http://push.example.com:8443", "topic": "topic", "username": "phil", "password": "p@ss", "cache": false},
		},
		"ntfy://:tk_1@h/topic?disabletls=yes&priority=4": {service: "ntfy", settings: map[string]any{"server": "http://h", "topic": "topic", "token": "tk_1", "priority": "high"}},
		"ntfy://tk_1@h/topic?priority=Urgent&title=x":    {service: "ntfy", settings: map[string]any{"server": "https://h", "topic": "topic", "token": "tk_1", "priority": "max"}},
		"ntfy://h/topic?tags=a,%20b&actions=view, A, https://a;view, B, https://b&in=30m&firebase=no": {service: "ntfy", settings: map[string]any{
			"server": "https://h", "topic": "topic", "tags": []any{"a", "b"}, "actions": []any{"view, A, https://a", "view, B, https://b"}, "delay": "30m", "firebase": false,
		}},
		"gotify://h:80/Token?disableTLS=Yes&useheader=yes&title=x":   {service: "gotify", settings: map[string]any{"server": "http://h:80/", "token": "Token"}},
		"gotify://h/a/b/Token/?priority=-2&extras=%7B%22k%22%3A1%7D": {service: "gotify", settings: map[string]any{"server": "https://h/a/b/", "token": "Token", "priority": 0, "extras": map[string]any{"k": 1.0}}},
		"pushover://shoutrrr:TOKEN@USER/?devices=a,b&priority=-1&title=x": {service: "pushover", settings: map[string]any{
			"token": "TOKEN", "user": "USER", "devices": []any{"a", "b"}, "priority": "low",
		}},
		"zulip://bot%40example.com:KEY@chat.example.com?stream=academy&topic=lms": {service: "zulip", settings: map[string]any{
			"server": "https://chat.example.com", "email": "bot@example.com", "key": "KEY", "channel": "academy", "topic": "lms",
		}},
		"matrix://:TOKEN@h:8008?rooms=academy:h&disableTLS=yes":                  {service: "matrix", settings: map[string]any{"server": "http://h:8008", "token": "TOKEN", "room": "#academy:h"}},
		"telegram://1:AA@telegram?chats=@academy":                                {service: "telegram", settings: map[string]any{"token": "1:AA", "chat": "@academy"}},
		"telegram://1:AA@telegram?channels=-100:4&notification=no&preview=false": {service: "telegram", settings: map[string]any{"token": "1:AA", "chat": "-100", "topic_id": 4, "silent": true, "preview": false}},
	} {
		defaults := map[string]any{}
		if want.service == "telegram" {
			defaults = map[string]any{"preview": true, "silent": false}
		}
		if want.service == "ntfy" {
			defaults = map[string]any{"cache": true, "firebase": true}
		}
		maps.Copy(defaults, want.settings)
		got, err := build(t, url)
		if err != nil || got.service != want.service || !reflect.DeepEqual(got.settings, defaults) {
			t.Errorf("%s: %s %v, %v; want %v", url, got.service, got.settings, err, defaults)
		}
	}
}

func TestFaultsOfURLs(t *testing.T) {
	for url, words := range map[string]string{
		"":                                           "required",
		"ntfy.sh/topic":                              "want the URL of a service",
		"ntfi://ntfy.sh/s3cr3t":                      `did you mean "ntfy"?`,
		"bark://s3cr3t@host":                         "write type: webhook",
		"generic+https://host/s3cr3t":                "write type: webhook",
		"slack://hook:s3cr3t@webhook":                "write type: slack",
		"smtp://user:s3cr3t@host":                    "write type: email",
		"ntfy://h/s3cr3t?prioritee=5":                `no parameter "prioritee"`,
		"ntfy://h/s3cr3t?cache=perhaps":              "cache: want yes or no",
		"gotify://h/s3cr3t?priority=high":            "priority: want a number",
		"gotify://h/s3cr3t?extras=[":                 "want a JSON object",
		"gotify://h/faulty":                          "token for gotify: want another",
		"pushover://shoutrrr:s3cr3t@user?priority=2": "want a number",
		"matrix://bot:s3cr3t@h?rooms=!a:h":           "does not log in with a password",
		"matrix://:s3cr3t@h":                         "name at least one",
		"telegram://1:s3cr3t@telegram":               "name at least one",
		"telegram://1:s3cr3t@telegram?chats=@a:b":    "topic's number",
		"telegram://1:s3cr3t@telegram?chats=@academy&parsemode=Markdown": "leave it out",
		"gotify://h/s3cr3t?insecureskipverify=yes":                       "certificates are always checked",
	} {
		_, err := build(t, url)
		faults := kit.SettingErrors(err)
		if len(faults) != 1 || faults[0].Key != "url" || !strings.Contains(faults[0].Problem, words) || strings.Contains(faults[0].Problem, "s3cr3t") {
			t.Errorf("%q: %v; want %q", url, err, words)
		}
	}
}

// place is a sink that fails as often as it is told to.
type place struct {
	bridge.Sink
	failures, taken int
}

func (p *place) Send(context.Context, bridge.Payload) (bridge.Receipt, error) {
	if p.failures > 0 {
		p.failures--
		return bridge.Receipt{}, &bridge.SendError{Kind: bridge.Limited}
	}
	p.taken++
	return bridge.Receipt{Status: 200, ID: "1"}, nil
}

// TestEachPlaceOnce: while one place fails, those before it do not get a message again.
func TestEachPlaceOnce(t *testing.T) {
	places := []*place{{}, {failures: 2}, {}}
	e := newEach([]bridge.Sink{places[0], places[1], places[2]})
	for n := range 4 {
		id := []string{"a", "a", "a", "b"}[n]
		receipt, err := e.Send(t.Context(), bridge.Payload{MessageID: id})
		if failed := n < 2; failed != (err != nil) || !failed && (receipt.Status != 200 || receipt.ID != "") {
			t.Errorf("attempt %d: %+v, %v", n, receipt, err)
		}
	}
	for i, p := range places {
		if p.taken != 2 {
			t.Errorf("place %d got %d messages, want 2", i, p.taken)
		}
	}
	for i := range 2 * maxUnderWay {
		places[1].failures = 1
		_, _ = e.Send(t.Context(), bridge.Payload{MessageID: fmt.Sprint(i)})
	}
	if len(e.done) != maxUnderWay || len(e.order) != maxUnderWay {
		t.Errorf("%d messages are under way", len(e.done))
	}
}

func TestReadme(t *testing.T) {
	all := Builders{}
	for service := range translations() {
		all[service] = func(kit.Setup) (bridge.Sink, error) { return built{}, nil }
	}
	page := sinktest.Readme(t, all.build, map[string]string{"GOTIFY_TOKEN": "Token"})
	for service := range translations() {
		if !strings.Contains(page, "`"+service+"://") {
			t.Errorf("the page does not show the URL of %s", service)
		}
	}
}
