package googlechat

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

func TestThreadsAreTheKeys(t *testing.T) {
	var query string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query().Get("messageReplyOption")
		_, _ = io.WriteString(w, `{"name":"spaces/A/messages/1.1","thread":{"name":"spaces/A/threads/1"}}`)
	}))
	defer server.Close()
	sink := build(t, server.URL+hook)
	p, err := sink.Encode(bridge.Message{ID: "m", Title: "x", ThreadKey: "course/1", Thread: "spaces/A/threads/1"})
	if err != nil || !strings.Contains(string(p.Body), `"thread":{"threadKey":"course/1"}`) {
		t.Fatalf("payload %s, %v", p.Body, err)
	}
	receipt, err := sink.Send(t.Context(), p)
	if err != nil || receipt.Thread != "spaces/A/threads/1" || query != "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD" || !sink.Threads() {
		t.Errorf("receipt %+v, option %q, %v", receipt, query, err)
	}
}

func TestMentionsStandAboveTheCard(t *testing.T) {
	settings := suite().Settings("https://chat.googleapis.com")
	settings["mentions"] = map[string]any{"ann@example.com": "users/123", "bob@example.com": "456", "carl@example.com": "789"}
	sink, err := New(kit.Setup{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	m := bridge.Message{Title: bridge.MentionMark(0) + bridge.MentionMark(1), Footer: bridge.MentionMark(0), Mentions: []bridge.Person{
		{Name: "Ann", Email: "ann@example.com"}, {Name: "Bob", Email: "BOB@example.com"}, {Name: "Carl", Email: "carl@example.com"}, // Carl is nowhere in the text
	}}
	p, err := sink.Encode(m)
	if err != nil || !strings.Contains(string(p.Body), `"text":"<users/123> <users/456>"`) || !strings.Contains(string(p.Body), `"title":"AnnBob"`) {
		t.Errorf("payload %s, %v", p.Body, err)
	}
	discovered(t, p.Body)
	settings["mentions"] = map[string]any{"ann@example.com": "users/all"}
	if _, err := New(kit.Setup{Settings: settings}); err == nil {
		t.Error("everybody is taken for somebody")
	}
}
