package slack

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// TestWallTakesEverythingOfTheBot posts every message to the emulated Slack, which
// refuses what the real one refuses: to a person, then as a reply, then as an edit.
func TestWallTakesEverythingOfTheBot(t *testing.T) {
	w, base := sinktest.Stage(t)
	settings := w.Bots(base)[wall.Slack]
	settings["channel"], settings["fallback"] = "@{{ .supervisor.emailAddress }}", "#hr"
	b := newSink(t, settings).(*Bot)
	for _, c := range sinktest.All() {
		m := c.Message
		m.To, m.Thread = []string{"@ann@example.com"}, ""
		first, err := sinktest.Send(t, b, m)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		m.Thread = first.Thread
		reply, err := sinktest.Send(t, b, m)
		if err != nil || reply.Thread != first.Thread || reply.ID == first.ID {
			t.Errorf("%s: a reply: %+v, %v", c.Name, reply, err)
		}
		m.Replaces = first.ID
		if edited, err := sinktest.Send(t, b, m); err != nil || edited.ID != first.ID {
			t.Errorf("%s: an edit: %+v, %v", c.Name, edited, err)
		}
		m.To = []string{"@nobody@example.com"}
		if _, err := sinktest.Send(t, b, m); err != nil {
			t.Errorf("%s: to nobody: %v", c.Name, err)
		}
	}
	inHR := 0
	for _, m := range w.Messages() {
		if len(m.Verdict.Notes) > 0 {
			t.Errorf("note of the wall: %v", m.Verdict.Notes)
		}
		if m.Address == "#hr" {
			inHR++
		}
		if reply := m.Thread != ""; reply && (m.Edits != 0 || m.Address != "@ann@example.com") || !reply && m.Address != "#hr" && m.Edits != 1 {
			t.Errorf("message to %s in thread %q, edited %d times", m.Address, m.Thread, m.Edits)
		}
		if strings.Contains(string(m.Payload), token) {
			t.Error("the token is in a payload")
		}
	}
	if all := len(sinktest.All()); inHR != all || w.Counts(wall.Slack).Edited != all {
		t.Errorf("%d messages for nobody, %+v", inHR, w.Counts(wall.Slack))
	}
}
