package email

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// TestThread: later mails refer to the first by what its receipt says.
func TestThread(t *testing.T) {
	box := &mailbox{}
	addr := serveSMTP(t, box, nil, false)
	host, port, _ := net.SplitHostPort(addr)
	sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + net.JoinHostPort(host, port), "username": "", "password": ""})
	send := func(id, thread string) bridge.Receipt {
		t.Helper()
		receipt, err := sink.Send(t.Context(), encode(t, sink, bridge.Message{ID: id, Title: "x", ThreadKey: "k", Thread: thread}))
		if err != nil {
			t.Fatal(err)
		}
		return receipt
	}
	first := send("one", "")
	second := send("two", first.Thread)
	if first.Thread == "" || first.Thread != first.ID || second.Thread != first.Thread || second.ID == first.ID {
		t.Errorf("receipts %+v, %+v", first, second)
	}
	headers := func(thread string) (inReplyTo, references string) {
		h := read(t, encode(t, sink, bridge.Message{ID: "m", Title: "x", ThreadKey: "k", Thread: thread}).Body).header
		return h.Get("In-Reply-To"), h.Get("References")
	}
	root, alone := headers("")
	if root == "" || root != alone {
		t.Errorf("the first mail answers %s and refers to %s", root, alone)
	}
	if to, all := headers(first.Thread); to != first.Thread || all != root+" "+first.Thread {
		t.Errorf("a later mail answers %s and refers to %s", to, all)
	}
	if to, all := headers("no <id>\r\nBcc: x"); to != root || all != root {
		t.Errorf("with a thread that is none: %s, %s", to, all)
	}
}

func TestFallbackGetsWhatHasNoRecipient(t *testing.T) {
	change := map[string]any{"to": "{{ .supervisor.emailAddress }}", "fallback": "HR <hr@example.com>"}
	for _, c := range []struct{ to, want []string }{
		{[]string{"boss@example.com"}, []string{"boss@example.com"}},
		{[]string{"boss@example.com", "nonsense"}, []string{"boss@example.com"}},
		{nil, []string{"hr@example.com"}},
		{[]string{"nonsense"}, []string{"hr@example.com"}},
	} {
		p := encode(t, newSink(t, change), bridge.Message{ID: "m", Title: "x", To: c.to})
		if !slices.Equal(p.To, c.want) {
			t.Errorf("to %q: sent to %q, want %q", c.to, p.To, c.want)
		}
	}
	delete(change, "fallback")
	_, err := newSink(t, change).Encode(bridge.Message{ID: "m", Title: "x"})
	if err == nil || !strings.Contains(err.Error(), "setting fallback") {
		t.Errorf("without a fallback: %v", err)
	}
	_, err = New(kit.Setup{Settings: map[string]any{"smtp": "smtp://x", "from": "a@example.com", "to": "b@example.com", "fallback": []any{"c@example.com", "{{ .x }}"}}})
	if faults := kit.SettingErrors(err); len(faults) != 1 || faults[0].Key != "fallback[1]" {
		t.Errorf("a template as a fallback: %v", err)
	}
}
