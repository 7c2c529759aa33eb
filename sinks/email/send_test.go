package email

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
	"github.com/emersion/go-smtp"
)

func TestSendProtected(t *testing.T) {
	secure, ca := authority(t)
	for _, c := range []struct {
		scheme string
		whole  bool
	}{{"smtp", false}, {"smtps", true}} {
		t.Run(c.scheme, func(t *testing.T) {
			box := &mailbox{auth: plainAuth(testPassword)}
			addr := serveSMTP(t, box, secure, c.whole)
			sink := newSink(t, map[string]any{"smtp": c.scheme + "://" + addr, "username": testUser, "password": testPassword, "ca": ca})
			m := sinktest.Ordinary()[0].Message
			m.To = []string{"HR <hr@example.com>", "mira@example.com"}
			p := encode(t, sink, m)
			receipt, err := sink.Send(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if receipt.Status != 250 || receipt.ID != "<"+m.ID+"@example.com>" || receipt.Detail == "" {
				t.Errorf("receipt = %+v", receipt)
			}
			mails := box.all()
			if len(mails) != 1 {
				t.Fatalf("the server has %d mails", len(mails))
			}
			got := mails[0]
			if !got.secured || got.user != testUser || got.from != "lms@example.com" || !slices.Equal(got.to, p.To) || !bytes.Equal(got.data, p.Body) {
				t.Errorf("the server has %+v", got)
			}
		})
	}
}

// Text at the start of a line that means something to SMTP must arrive as it is.
func TestSendKeepsDots(t *testing.T) {
	box := &mailbox{}
	sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + serveSMTP(t, box, nil, false)})
	m := bridge.Message{ID: "m", Title: ".", Native: map[string]map[string]any{name: {"text": ".\n..\nQUIT\n.", "html": "."}}}
	p := encode(t, sink, m)
	if _, err := sink.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if mails := box.all(); len(mails) != 1 || !bytes.Equal(mails[0].data, p.Body) {
		t.Errorf("the server has %+v", mails)
	}
}

func TestSendToSeveral(t *testing.T) {
	gone := says(550, smtp.EnhancedCode{5, 1, 1}, "no such user")
	busy := says(450, smtp.EnhancedCode{4, 2, 0}, "greylisted")
	for _, c := range []struct {
		name    string
		answers map[string]error
		reached []string
		kind    bridge.Kind // when nobody is reached
		detail  string
	}{
		{"one gone", map[string]error{"b@example.com": gone}, []string{"a@example.com", "c@example.com"}, 0, "b@example.com refused: 550 5.1.1 no such user"},
		{"one busy", map[string]error{"b@example.com": busy}, nil, bridge.Temporary, "greylisted"},
		{"one gone, one busy", map[string]error{"a@example.com": gone, "c@example.com": busy}, nil, bridge.Temporary, "greylisted"},
		{"all gone", map[string]error{"a@example.com": gone, "b@example.com": gone, "c@example.com": gone}, nil, bridge.MessageRejected, "c@example.com refused: 550"},
		{"not logged in", map[string]error{"a@example.com": says(530, smtp.EnhancedCode{5, 7, 0}, "log in first")}, nil, bridge.DestinationBroken, "log in first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := &mailbox{onRcpt: func(to string) error { return c.answers[to] }}
			sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + serveSMTP(t, box, nil, false)})
			p := encode(t, sink, bridge.Message{ID: "m", Title: "x", To: []string{"a@example.com", "b@example.com", "c@example.com"}})
			receipt, err := sink.Send(t.Context(), p)
			var reached []string
			for _, mail := range box.all() {
				reached = append(reached, mail.to...)
			}
			if !slices.Equal(reached, c.reached) {
				t.Errorf("reached %q, want %q", reached, c.reached)
			}
			if c.reached != nil {
				if err != nil || !strings.Contains(receipt.Detail, c.detail) {
					t.Errorf("Send = %+v, %v; want %q in it", receipt, err, c.detail)
				}
				return
			}
			if se := bridge.AsSendError(err); se.Kind != c.kind || !strings.Contains(se.Detail, c.detail) {
				t.Errorf("Send = %v (%v), want %v with %q", err, se.Kind, c.kind, c.detail)
			}
		})
	}
}

// script is a server that reads a line and answers with one, by turns, after
// its greeting.
func script(t *testing.T, lines ...string) string {
	t.Helper()
	return serveRaw(t, func(c net.Conn) {
		conn := textproto.NewConn(c)
		for _, line := range lines {
			if err := conn.PrintfLine("%s", line); err != nil {
				return
			}
			var err error
			switch {
			case strings.HasPrefix(line, "354"):
				_, err = conn.ReadDotBytes()
			case line[3] == ' ': // no more lines of this answer
				_, err = conn.ReadLine()
			}
			if err != nil {
				return
			}
		}
	})
}

func TestSendClassifies(t *testing.T) {
	const hi, ehlo, ok = "220 hi", "250 hi", "250 ok"
	for _, c := range []struct {
		name   string
		lines  []string
		status int
		kind   bridge.Kind
	}{
		{"closed for today", []string{"421 4.3.2 closing"}, 421, bridge.Limited},
		{"no service for you", []string{"554 5.7.1 your address is on a list"}, 554, bridge.DestinationBroken},
		{"helo refused", []string{hi, "550 bad name", "550 bad name"}, 550, bridge.DestinationBroken},
		{"sender busy", []string{hi, ehlo, "452 4.3.1 disk full"}, 452, bridge.Limited},
		{"sender later", []string{hi, ehlo, "454 4.7.0 later"}, 454, bridge.Temporary},
		{"sender refused", []string{hi, ehlo, "553 5.7.1 not your address"}, 553, bridge.DestinationBroken},
		{"sender must log in", []string{hi, ehlo, "530 5.7.0 log in first"}, 530, bridge.DestinationBroken},
		{"mail too large", []string{hi, ehlo, "552 5.3.4 too large"}, 552, bridge.MessageRejected},
		{"recipient closes", []string{hi, ehlo, ok, "421 4.7.0 too many recipients"}, 421, bridge.Limited},
		{"mailbox full", []string{hi, ehlo, ok, "452 4.2.2 mailbox full"}, 452, bridge.Temporary},
		{"recipient gone", []string{hi, ehlo, ok, "550 5.1.1 gone"}, 550, bridge.MessageRejected},
		{"data later", []string{hi, ehlo, ok, ok, "451 4.3.0 queue full"}, 451, bridge.Limited},
		{"data refused", []string{hi, ehlo, ok, ok, "554 5.5.1 no"}, 554, bridge.MessageRejected},
		{"data needs a login", []string{hi, ehlo, ok, ok, "530 5.7.0 log in first"}, 530, bridge.DestinationBroken},
		{"text later", []string{hi, ehlo, ok, ok, "354 go", "451 4.7.1 scanner busy"}, 451, bridge.Temporary},
		{"text too much for now", []string{hi, ehlo, ok, ok, "354 go", "421 4.7.0 slow down"}, 421, bridge.Limited},
		{"text refused", []string{hi, ehlo, ok, ok, "354 go", "554-5.7.1 looks like", "554 5.7.1 spam"}, 554, bridge.MessageRejected},
		{"gone before the text", []string{hi, ehlo, ok, ok}, 0, bridge.Temporary},
		{"gone after the text", []string{hi, ehlo, ok, ok, "354 go"}, 0, bridge.Temporary},
		{"not a mail server", []string{"HTTP/1.1 400 Bad Request"}, 0, bridge.Temporary},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + script(t, c.lines...)})
			_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
			se := bridge.AsSendError(err)
			if se.Kind != c.kind || se.Status != c.status || se.Detail == "" {
				t.Errorf("Send = %v (%v, %d), want %v, %d", err, se.Kind, se.Status, c.kind, c.status)
			}
			if _, answer, found := strings.Cut(c.lines[len(c.lines)-1], " "); found && c.status != 0 && !strings.Contains(se.Detail, answer) {
				t.Errorf("Detail = %q, want the server's words %q", se.Detail, answer)
			}
		})
	}
}

func TestSendCertificates(t *testing.T) {
	secure, ca := authority(t)
	_, other := authority(t)
	stranger := serveSMTP(t, &mailbox{}, secure, true)
	offers := serveSMTP(t, &mailbox{}, secure, false)
	bare := serveSMTP(t, &mailbox{}, nil, false)
	for _, c := range []struct {
		name, smtp, ca string
		says           string
	}{
		{"unknown authority", "smtps://" + stranger, "", "setting ca"},
		{"wrong authority", "smtp://" + offers, other, "setting ca"},
		{"another name", "smtps://" + strings.Replace(stranger, "127.0.0.1", "localhost", 1), ca, "localhost"},
		{"no STARTTLS", "smtp://" + bare, ca, "does not offer STARTTLS"},
		{"TLS where there is none", "smtps://" + bare, ca, "write smtp:// for STARTTLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := newSink(t, map[string]any{"smtp": c.smtp, "ca": c.ca})
			_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
			if se := bridge.AsSendError(err); se.Kind != bridge.DestinationBroken || !strings.Contains(se.Detail, c.says) {
				t.Errorf("Send = %v (%v), want the destination broken and %q", err, se.Kind, c.says)
			}
		})
	}
}

func TestSendNobodyThere(t *testing.T) {
	l := listen(t)
	l.Close()
	sink := newSink(t, map[string]any{"smtp": "smtps://" + l.Addr().String()})
	_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
	if se := bridge.AsSendError(err); se.Kind != bridge.Temporary || !strings.Contains(se.Detail, "refused") {
		t.Errorf("Send = %v (%v), want temporary", err, se.Kind)
	}
}

// A server that never stops talking must not fill the memory.
func TestSendBoundsAnswers(t *testing.T) {
	addr := serveRaw(t, func(c net.Conn) {
		for line := []byte("220-" + strings.Repeat("x", 4000) + "\r\n"); ; {
			if _, err := c.Write(line); err != nil {
				return
			}
		}
	})
	sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + addr})
	_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
	if se := bridge.AsSendError(err); !strings.Contains(se.Detail, "do not end") || len(se.Detail) > 3000 {
		t.Errorf("Send = %.200v", err)
	}
}

// While the text of a mail is under way the end of the context must not end the
// text: the server would take a part of the mail for all of it.
func TestContextEndsWithinTheText(t *testing.T) {
	const hi, ok = "220 hi\r\n", "250 ok\r\n"
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan []byte, 1)
	addr := serveRaw(t, func(c net.Conn) {
		conn := textproto.NewConn(c)
		for _, answer := range []string{hi, ok, ok, ok, "354 go\r\n"} {
			_, _ = io.WriteString(c, answer)
			if answer[0] != '3' {
				_, _ = conn.ReadLine()
			}
		}
		_, _ = conn.ReadLine() // the text has begun
		cancel()
		rest, _ := io.ReadAll(conn.R)
		got <- rest
	})
	sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + addr})
	// Too much for the buffers of both sides of a connection, so that writing
	// has not ended when the context does.
	_, err := sink.Send(ctx, bridge.Payload{To: []string{"hr@example.com"}, Body: bytes.Repeat([]byte("text\r\n"), 4<<20)})
	if se := bridge.AsSendError(err); se.Kind != bridge.Temporary || !strings.Contains(se.Detail, context.Canceled.Error()) {
		t.Errorf("Send = %v (%v), want temporary: canceled", err, se.Kind)
	}
	select {
	case rest := <-got:
		if bytes.Contains(rest, []byte("\r\n.\r\n")) {
			t.Error("the text was ended although it was not whole")
		}
	case <-time.After(30 * time.Second): // a hang, not a measure of speed
		t.Error("the connection stays open after the context ended")
	}
}
