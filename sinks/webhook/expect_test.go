package webhook

import (
	"net/http"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// expecting are settings with what the endpoint answers.
func expecting(expect map[string]any) map[string]any {
	return map[string]any{"url": "https://example.com", "expect": expect}
}

func TestExpect(t *testing.T) {
	const page, sent = "<!DOCTYPE html><html><title>Sign in</title></html>", -1
	taken := func(said map[string]any) map[string]any { return map[string]any{"taken": said} }
	refused := func(said map[string]any) map[string]any { return map[string]any{"refused": said} }
	for _, c := range []struct {
		expect   map[string]any
		status   int
		body     string
		kind     bridge.Kind // or sent
		stranger bool
	}{
		{nil, 200, "", sent, false},
		{nil, 204, "", sent, false},
		{nil, 202, "<p-1> is in the queue", sent, false},
		{nil, 200, page, bridge.Temporary, true},
		{nil, 200, " \n<?xml version='1.0'?><!DOCTYPE HTML><HTML></HTML>", bridge.Temporary, true},
		{nil, 400, "", bridge.MessageRejected, false},
		{nil, 400, page, bridge.Temporary, true},
		{nil, 403, "no", bridge.DestinationBroken, false},
		{nil, 403, page, bridge.Temporary, true},
		{taken(map[string]any{"status": []any{201}}), 200, "", bridge.Temporary, false},
		{taken(map[string]any{"status": []any{201, "409"}}), 409, "", sent, false},
		{taken(map[string]any{"words": "thank you"}), 200, page, bridge.Temporary, true},
		{taken(map[string]any{"words": "thank you"}), 200, "<html>Well, thank you</html>", sent, false},
		{taken(map[string]any{"json": map[string]any{"a.b": "7", "c": ""}}), 200, `{"a":{"b":7},"c":[]}`, sent, false},
		{taken(map[string]any{"json": map[string]any{"a.b": "7", "c": ""}}), 200, `{"a":{"b":"7"},"c":0}`, sent, false},
		{taken(map[string]any{"json": map[string]any{"a.b": "7", "c": ""}}), 200, `{"a":{"b":77},"c":0}`, bridge.Temporary, false},
		{taken(map[string]any{"json": map[string]any{"a.b": "7", "c": ""}}), 200, `{"a":{"b":7},"c":null}`, bridge.Temporary, false},
		{map[string]any{"content_type": "Application/JSON"}, 200, "{}", bridge.Temporary, true}, // it is sent as text/plain
		{map[string]any{"content_type": "text/plain"}, 200, "{}", sent, false},
		{map[string]any{"content_type": "text/html"}, 200, page, sent, false},
		{refused(map[string]any{"status": []any{409}}), 409, "", bridge.MessageRejected, false},
		{refused(map[string]any{"status": []any{}}), 400, "", bridge.DestinationBroken, false},
		{refused(map[string]any{"words": "problem:"}), 400, "problem: name", bridge.MessageRejected, false},
		{refused(map[string]any{"words": "problem:"}), 400, "blocked", bridge.Temporary, true},
		{refused(map[string]any{"words": "problem:"}), 429, "blocked", bridge.Limited, true},
	} {
		server := sinktest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			if c.body == page {
				w.Header().Set("Content-Type", "text/html")
			}
			sinktest.Says(c.status, c.body)(w, r)
		})
		settings := expecting(c.expect)
		settings["url"], settings["allow_private"] = server, true
		if c.expect == nil {
			delete(settings, "expect")
		}
		_, err := build(t, settings).Send(t.Context(), bridge.Payload{MessageID: "m", Body: []byte("{}")})
		failure := &bridge.SendError{Kind: sent}
		if err != nil {
			failure = bridge.AsSendError(err)
		}
		if failure.Kind != c.kind || failure.Intermediary != c.stranger {
			t.Errorf("%v, %d %q: %v (%v, by a stranger: %v)", c.expect, c.status, c.body, err, failure.Kind, failure.Intermediary)
		}
	}
}
