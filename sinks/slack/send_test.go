package slack

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slacktest"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

// step is a message, and what it makes a bot call.
type step struct {
	name    string
	message bridge.Message
	says    map[string]string // what the workspace answers from now on
	calls   string
	receipt bridge.Receipt // but for its status
	err     string         // words of the failure, which is of MessageRejected
}

func run(t *testing.T, w *workspace, b *Bot, steps []step) {
	t.Helper()
	for _, s := range steps {
		w.mu.Lock()
		for key, answer := range s.says {
			w.says[key] = answer
		}
		w.mu.Unlock()
		s.message.Title = "x"
		got, err := sinktest.Send(t, b, s.message)
		got.Status = 0
		if calls := w.methods(); calls != s.calls {
			t.Errorf("%s: called %s, want %s", s.name, calls, s.calls)
		}
		if s.err == "" && (err != nil || got != s.receipt) {
			t.Errorf("%s: %+v, %v; want %+v", s.name, got, err, s.receipt)
		}
		if s.err != "" && (err == nil || bridge.AsSendError(err).Kind != bridge.MessageRejected || !strings.Contains(err.Error(), s.err)) {
			t.Errorf("%s: %v, want a rejection with %q", s.name, err, s.err)
		}
	}
}

const ann = "users.lookupByEmail, conversations.open"

func TestBotThreadsAndUpdates(t *testing.T) {
	w := newWorkspace(t)
	first := bridge.Receipt{ID: "Cacademy 1.000001", Thread: "#academy 1.000001"}
	run(t, w, w.bot(t, "#academy", ""), []step{
		{name: "the first", calls: "chat.postMessage #academy", receipt: first},
		{
			name: "a reply", message: bridge.Message{Thread: first.Thread},
			calls: "chat.postMessage #academy 1.000001", receipt: bridge.Receipt{ID: "Cacademy 1.000001", Thread: first.Thread},
		},
		{
			name: "of a thread in another channel", message: bridge.Message{Thread: "#elsewhere 1.000009"},
			calls: "chat.postMessage #academy", receipt: first,
		},
		{
			name: "an update", message: bridge.Message{Replaces: "C1 1.000001", Thread: "#academy 1.000001"},
			calls: "chat.update C1 1.000001", receipt: bridge.Receipt{ID: "C1 1.000001", Thread: first.Thread},
		},
		{
			name: "an update that comes too late", message: bridge.Message{Replaces: "C1 1.000001"}, says: map[string]string{"chat.update": `{"ok":false,"error":"edit_window_closed"}`},
			calls: "chat.update C1 1.000001, chat.postMessage #academy", receipt: bridge.Receipt{ID: "Cacademy 1.000002", Thread: "#academy 1.000002"},
		},
		{
			name: "an update of what is gone", message: bridge.Message{Replaces: "C1 1.000001"}, says: map[string]string{"chat.update": `{"ok":false,"error":"message_not_found"}`},
			calls: "chat.update C1 1.000001, chat.postMessage #academy", receipt: bridge.Receipt{ID: "Cacademy 1.000002", Thread: "#academy 1.000002"},
		},
		{
			name: "an update that is refused", message: bridge.Message{Replaces: "C1 1.000001"}, says: map[string]string{"chat.update": `{"ok":false,"error":"msg_too_long"}`},
			calls: "chat.update C1 1.000001", err: "msg_too_long",
		},
	})
}

func TestBotFindsPeople(t *testing.T) {
	w := newWorkspace(t)
	to := func(who string) bridge.Message { return bridge.Message{To: []string{who}} }
	inAnn := bridge.Receipt{ID: "DANN 1.000003", Thread: "DANN 1.000003"}
	run(t, w, w.bot(t, "@{{ .supervisor.emailAddress }}", "#hr"), []step{
		{name: "somebody", message: to("@ann@example.com"), calls: ann + ", chat.postMessage DANN", receipt: inAnn},
		{name: "the same", message: to("@ann@example.com"), calls: "chat.postMessage DANN", receipt: bridge.Receipt{ID: "DANN 1.000001", Thread: "DANN 1.000001"}},
		{
			name: "a thread of somebody else", message: bridge.Message{To: []string{"@bob@example.com"}, Thread: inAnn.Thread},
			calls: ann + ", chat.postMessage DBOB", receipt: bridge.Receipt{ID: "DBOB 1.000003", Thread: "DBOB 1.000003"},
		},
		{
			name: "an update of somebody else's message", message: bridge.Message{To: []string{"@bob@example.com"}, Replaces: inAnn.ID},
			calls: "chat.postMessage DBOB", receipt: bridge.Receipt{ID: "DBOB 1.000001", Thread: "DBOB 1.000001"},
		},
		{name: "nobody", message: to("@no@example.com"), calls: "users.lookupByEmail, chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000002", Thread: "#hr 1.000002"}},
		{name: "nobody again", message: to("@no@example.com"), calls: "chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000001", Thread: "#hr 1.000001"}},
		{name: "somebody who left", message: to("@old@example.com"), calls: "users.lookupByEmail, chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000002", Thread: "#hr 1.000002"}},
		{name: "no address", message: to("@"), calls: "chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000001", Thread: "#hr 1.000001"}},
		{name: "no recipient", calls: "chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000001", Thread: "#hr 1.000001"}},
		{
			name: "somebody who cannot be written to", message: to("@ann@example.com"), says: map[string]string{"chat.postMessage DANN": `{"ok":false,"error":"channel_not_found"}`},
			calls: "chat.postMessage DANN, chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000002", Thread: "#hr 1.000002"},
		},
		{
			name: "and is looked up again", message: to("@ann@example.com"), says: map[string]string{"chat.postMessage DANN": `{"ok":true,"channel":"DANN","ts":"2.000001"}`},
			calls: ann + ", chat.postMessage DANN", receipt: bridge.Receipt{ID: "DANN 2.000001", Thread: "DANN 2.000001"},
		},
		{
			name: "whom conversations.open refuses", message: to("@carl@example.com"),
			says:  map[string]string{"users.lookupByEmail carl@example.com": `{"ok":true,"user":{"id":"UCARL"}}`, "conversations.open UCARL": `{"ok":false,"error":"cannot_dm_bot"}`},
			calls: ann + ", chat.postMessage #hr", receipt: bridge.Receipt{ID: "Chr 1.000003", Thread: "#hr 1.000003"},
		},
	})
}

func TestBotWithoutFallback(t *testing.T) {
	w := newWorkspace(t)
	run(t, w, w.bot(t, "@{{ .supervisor.emailAddress }}", ""), []step{
		{name: "nobody", message: bridge.Message{To: []string{"@no@example.com"}}, calls: "users.lookupByEmail", err: "setting fallback"},
		{name: "no address", message: bridge.Message{To: []string{"@"}}, err: "setting fallback"},
		{name: "not a channel", message: bridge.Message{To: []string{"#a b"}}, err: "setting fallback"},
	})
	run(t, w, w.bot(t, "#{{ .department.name }}", ""), []step{
		{
			name: "a channel that does not exist", message: bridge.Message{To: []string{"#cranes"}}, says: map[string]string{"chat.postMessage": `{"ok":false,"error":"channel_not_found"}`},
			calls: "chat.postMessage #cranes", err: "setting fallback",
		},
	})
}

// TestLookupsAreForgotten: a person for an hour, that there is nobody for minutes.
func TestLookupsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeople(nil)
		p.remember(person{email: "ann", user: "U1", until: time.Now().Add(knownFor)})
		p.remember(person{email: "no", until: time.Now().Add(unknownFor)})
		time.Sleep(unknownFor + time.Second)
		if _, ok := p.recall("no"); ok {
			t.Error("nobody is still nobody")
		}
		if who, ok := p.recall("ann"); !ok || who.user != "U1" {
			t.Error("somebody is forgotten")
		}
		time.Sleep(knownFor)
		if _, ok := p.recall("ann"); ok {
			t.Error("somebody is remembered for too long")
		}
		for i := range maxPeople + 5 {
			p.remember(person{email: string(rune('a' + i)), until: time.Now().Add(knownFor)})
			p.recall("a") // keeps it in use
		}
		if _, ok := p.recall("a"); !ok || p.order.Len() != maxPeople || len(p.known) != maxPeople {
			t.Errorf("%d of %d are remembered", p.order.Len(), len(p.known))
		}
	})
}

func TestBotMentions(t *testing.T) {
	w := newWorkspace(t)
	b := bot(t, map[string]any{"api_url": w.URL + "/api", "channel": "#academy", "mentions": map[string]any{"Table@example.com": "UTABLE"}})
	m := bridge.Message{
		Title: bridge.MentionMark(0) + " completed Ropes", URL: "https://example.com/",
		Text:    bridge.MentionMark(1) + " " + bridge.MentionMark(2) + ` \<\@bob\@example\.com\|x\>`,
		Actions: []bridge.Action{{Label: "<@bob@example.com|x>", URL: "https://example.com/"}},
		Mentions: []bridge.Person{
			{Name: "Ann", Email: "ann@example.com"}, {Name: "No <Body>", Email: "no@example.com"}, {Name: "In Table", Email: "table@example.com"},
		},
	}
	if _, err := sinktest.Send(t, b, m); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	keys := w.calls[len(w.calls)-1].keys
	w.mu.Unlock()
	if calls := w.methods(); calls != "users.lookupByEmail, users.lookupByEmail, chat.postMessage #academy" {
		t.Errorf("called %s", calls)
	}
	body, _ := json.Marshal(keys)
	shown := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(body))
	for _, want := range []string{
		`*<@UANN> <https://example.com/|completed Ropes>*`, "No &lt;Body&gt; <@UTABLE> &lt;@\u200Bbob@\u200Bexample\u200B.\u200Bcom|x&gt;", `"<` + "\u200B" + `@bob@example.com|x>"`,
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s is not in %s", want, shown)
		}
	}
	if keys["text"] != "Ann completed Ropes" {
		t.Errorf("notification %q", keys["text"])
	}

	// Without the right to look people up, messages go out all the same.
	w.says["users.lookupByEmail bob@example.com"] = `{"ok":false,"error":"missing_scope","needed":"users:read.email"}`
	m.Mentions[0].Email = "bob@example.com"
	receipt, err := sinktest.Send(t, b, m)
	if err != nil || !strings.Contains(receipt.Detail, "users:read.email") {
		t.Errorf("%+v, %v", receipt, err)
	}
	w.says["users.lookupByEmail bob@example.com"] = `{"ok":false,"error":"ratelimited"}`
	if _, err := sinktest.Send(t, b, m); err == nil || bridge.AsSendError(err).Kind != bridge.Limited {
		t.Errorf("a limit while people are looked up: %v", err)
	}
}

func TestWebhookMentionsByItsTable(t *testing.T) {
	s := suite()
	settings := s.Settings("https://hooks.slack.com")
	settings["mentions"] = map[string]any{"ann@example.com": "U012AB3CD"}
	sink := newSink(t, settings)
	p, err := sink.Encode(bridge.Message{
		Title:    bridge.MentionMark(0) + " and " + bridge.MentionMark(1),
		Mentions: []bridge.Person{{Name: "Ann", Email: "ann@example.com"}, {Name: "Bob", Email: "bob@example.com"}},
	})
	if err != nil || !strings.Contains(string(p.Body), `*\u003c@U012AB3CD\u003e and Bob*`) {
		t.Errorf("payload %s, %v", p.Body, err)
	}
}

// TestBotBySlacktest lets the test server of the Slack library say who has an address,
// and its types read what the bot posts and edits.
func TestBotBySlacktest(t *testing.T) {
	type sent struct {
		Timestamp string `json:"ts"`
		slack.WebhookMessage
	}
	got := make(chan sent, 1)
	take := func(w http.ResponseWriter, r *http.Request) {
		var m sent
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.Header.Get("Authorization") != "Bearer "+token {
			_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_json"}`)
			return
		}
		got <- m
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "channel": "D024BE91L", "ts": "1503435956.000247"})
	}
	server := slacktest.NewTestServer(func(c slacktest.Customize) {
		c.Handle("/chat.postMessage", take)
		c.Handle("/chat.update", take)
		c.Handle("/conversations.open", func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"ok": r.FormValue("users") != "", "channel": map[string]string{"id": "D024BE91L"}})
		})
	})
	server.Start()
	defer server.Stop()
	b := bot(t, map[string]any{"api_url": server.GetAPIURL(), "channel": "@{{ .supervisor.emailAddress }}"})
	for _, c := range sinktest.All() {
		c.Message.To = []string{"@spengler@ghostbusters.example.com"}
		c.Message.Replaces = ""
		for _, ts := range []string{"", "1503435956.000247"} {
			receipt, err := sinktest.Send(t, b, c.Message)
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
				break
			}
			m := <-got
			if m.Channel != "D024BE91L" || m.Timestamp != ts || receipt.ID != "D024BE91L 1503435956.000247" || m.Blocks == nil {
				t.Errorf("%s: arrived as %+v; %+v", c.Name, m, receipt)
			}
			for _, block := range m.Blocks.BlockSet {
				if _, unknown := block.(*slack.UnknownBlock); unknown {
					t.Errorf("%s: the library does not know the block %q", c.Name, block.BlockType())
				}
			}
			c.Message.Replaces = receipt.ID
		}
	}
}
