package slack

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slacktest"

	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// TestSlacktest posts every message to the test server of the Slack library. The
// webhook's part of it decodes what came by the library's types; the blocks are
// then posted once more with the library's own client.
func TestSlacktest(t *testing.T) {
	got := make(chan slack.WebhookMessage, 1)
	server := slacktest.NewTestServer(func(c slacktest.Customize) {
		c.Handle("/services/T/B/x", func(w http.ResponseWriter, r *http.Request) {
			var m slack.WebhookMessage
			if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
				http.Error(w, "invalid_payload", http.StatusBadRequest)
				return
			}
			got <- m
			_, _ = io.WriteString(w, "ok")
		})
	})
	server.Start()
	defer server.Stop()
	api := slack.New("xoxb-made-up", slack.OptionAPIURL(server.GetAPIURL()))
	sink := build(t, server.GetAPIURL()+"services/T/B/x")
	for _, c := range sinktest.All() {
		p, err := sink.Encode(c.Message)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if _, err := sink.Send(t.Context(), p); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		m := <-got
		if m.Text == "" || m.Blocks == nil || len(m.Blocks.BlockSet) == 0 {
			t.Errorf("%s: arrived as %+v", c.Name, m)
			continue
		}
		for _, b := range m.Blocks.BlockSet {
			if _, unknown := b.(*slack.UnknownBlock); unknown {
				t.Errorf("%s: the library does not know the block %q", c.Name, b.BlockType())
			}
		}
		if _, _, err := api.PostMessageContext(t.Context(), "C024BE91L", slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks.BlockSet...)); err != nil {
			t.Errorf("%s: posted by the library: %v", c.Name, err)
		}
	}
}
