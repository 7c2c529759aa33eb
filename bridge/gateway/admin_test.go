package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/portal"
	"github.com/absorb-bridge/absorb-bridge/internal/wall"
)

// TestPeopleThreadsAndUpdates is the whole way of a completion with its certificate,
// competency and credits to bots: to the supervisor, in threads, and as one message.
func TestPeopleThreadsAndUpdates(t *testing.T) {
	s := newStage(t)
	hook := s.settings["sinks"].(map[string]map[string]any)[wall.Slack]["webhook_url"].(string)
	base, _, _ := strings.Cut(hook, "/services/")
	bots, managers, spare := s.wall.Bots(base), s.wall.Bots(base)[wall.Slack], s.wall.Bots(base)[wall.Slack]
	managers["channel"] = "@{{ .supervisor.emailAddress }}"
	spare["channel"], spare["fallback"] = "@{{ .user.customFields.string1 }}", "#hr"
	all := map[string]any{"managers": managers, "academy": bots[wall.Slack], "guild": bots[wall.Discord], "spare": spare}
	for _, sink := range all {
		sink.(map[string]any)["limit"] = "none"
	}
	templates := t.TempDir()
	own := "event: CertificateAwarded\nlookups: { user: '/users/{{ .event.userId }}', supervisor: '/users/{{ .user.supervisorId }}' }\nmessage: { title: '{{ mention .user }} has a certificate' }\n"
	if err := os.WriteFile(filepath.Join(templates, "own.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	route := func(name, to string, more map[string]any) map[string]any {
		more["name"], more["events"], more["to"], more["digest"] = name, []string{"*"}, []string{to}, "off"
		return more
	}
	s.settings["templates"], s.settings["sinks"] = templates, all
	s.settings["routes"] = []any{
		route("your own team", "managers", map[string]any{"thread": "event.userId"}),
		route("talk", "guild", map[string]any{"thread": "event.userId"}),
		route("one message", "academy", map[string]any{"update": "event.userId"}),
		route("nobody", "spare", map[string]any{}),
	}
	g, _ := s.run(t)
	story := s.portal.Story(portal.DefaultProfile())
	for _, w := range story {
		post(t, g, w)
	}
	n := len(story)
	for deadline := time.Now().Add(time.Minute); s.wall.Count(wall.Slack) < 2*n+1 || s.wall.Counts(wall.Slack).Edited < n-1 || s.wall.Count(wall.Discord) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v, %+v", s.wall.Counts(wall.Slack), s.wall.Counts(wall.Discord))
		}
	}
	messages := map[string][]wall.Message{} // by where they are
	mentions := 0
	for _, m := range s.wall.Messages() {
		where := m.Address
		if m.Platform == wall.Discord {
			where = wall.Discord
		} else if strings.Contains(string(m.Payload), "<@U") {
			mentions++
		}
		messages[where] = append(messages[where], m)
		if len(m.Verdict.Notes) > 0 || !m.Verdict.Accepted {
			t.Errorf("%s: %+v", where, m.Verdict)
		}
	}
	supervisor := ""
	for where := range messages {
		if strings.HasPrefix(where, "@") {
			supervisor = where
		}
	}
	if len(messages["#hr"]) != n || len(messages[supervisor]) != n || supervisor == "" || len(messages["#academy"]) != 1 || messages["#academy"][0].Edits != n-1 {
		t.Errorf("#hr has %d messages, %q %d, #academy %d", len(messages["#hr"]), supervisor, len(messages[supervisor]), len(messages["#academy"]))
	}
	for _, where := range []string{supervisor, wall.Discord} {
		threads := map[string]int{}
		for _, m := range messages[where] {
			threads[m.Thread]++
		}
		if len(threads) != 2 || threads[""] != 1 {
			t.Errorf("%s: messages by thread: %v", where, threads)
		}
	}
	if mentions < 2 {
		t.Errorf("the learner is mentioned in %d messages", mentions)
	}
}
