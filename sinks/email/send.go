package email

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/wneessen/go-mail/smtp"
)

// attemptTimeout bounds one attempt. RFC 5321 section 4.5.3.2 would wait longer
// for some answers; a server that takes minutes is as good as down.
const attemptTimeout = 2 * time.Minute

// Send hands the mail over, to all its recipients or, if the server asks for
// patience with one of them, to nobody. Recipients that the server refuses for
// good are left out and named in the receipt, unless it refuses all.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	if len(p.To) == 0 {
		return bridge.Receipt{}, bridge.Rejectedf("the mail has no recipient")
	}
	session, err := s.server.open(ctx)
	if err != nil {
		return bridge.Receipt{}, s.server.sendError(ctx, err)
	}
	words, refused, err := s.transact(session.Client, p)
	session.close(err)
	if err != nil {
		return bridge.Receipt{}, s.server.sendError(ctx, err)
	}
	id := headerID(p.Body)
	return bridge.Receipt{
		ID: id, Thread: cmp.Or(p.Thread, id), Status: 250, Detail: s.server.receiptDetail(words, refused),
	}, nil
}

// refusal is a recipient that the server will never take.
type refusal struct {
	to  string
	err *textproto.Error
}

// transact is one mail transaction. It gives the server's words.
func (s *Sink) transact(c *smtp.Client, p bridge.Payload) (string, []refusal, error) {
	if err := c.Mail(path(s.from.Address)); err != nil {
		return "", nil, at(sender, err)
	}
	var refused []refusal
	for _, to := range p.To {
		err := c.Rcpt(path(to))
		if answer := answerOf(err); answer != nil && answer.Code >= 500 && !asksToAuthenticate(answer.Code) {
			refused = append(refused, refusal{to, answer})
		} else if err != nil {
			return "", nil, at(recipient, err)
		}
	}
	if len(refused) == len(p.To) {
		return "", nil, allRefused(refused)
	}
	words, err := hand(c, p.Body)
	return words, refused, err
}

// path is an address as SMTP wants it.
func path(address string) string { return (&mail.Address{Address: address}).String() }

// hand sends the mail's text and waits until the server has taken it.
func hand(c *smtp.Client, body []byte) (string, error) {
	w, err := c.Data()
	if err != nil {
		return "", at(data, err)
	}
	if _, err := w.Write(body); err != nil {
		// Do not close the writer: that would end the mail as if it were whole.
		return "", at(text, err)
	}
	if err := w.Close(); err != nil {
		return "", at(text, err)
	}
	if answer, ok := w.(*smtp.DataCloser); ok {
		return answer.ServerResponse(), nil
	}
	return "", nil
}

func allRefused(refused []refusal) error {
	return &bridge.SendError{
		Kind: bridge.MessageRejected, Status: refused[0].err.Code, Detail: listRefused(refused),
	}
}

func listRefused(refused []refusal) string {
	all := make([]string, len(refused))
	for i, r := range refused {
		all[i] = fmt.Sprintf("%s refused: %d %s", r.to, r.err.Code, r.err.Msg)
	}
	return strings.Join(all, "; ")
}

// receiptDetail is the server's words, and those about recipients it refused.
func (s *server) receiptDetail(words string, refused []refusal) string {
	detail := words
	if len(refused) > 0 {
		detail = strings.TrimPrefix(detail+"; ", "; ") + listRefused(refused)
	}
	return s.shown(detail)
}

// headerID is the mail's Message-ID: what the logs of mail servers show.
func headerID(body []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	return m.Header.Get("Message-ID")
}

// Probe connects, encrypts and logs in as for a mail, and leaves without one.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	session, err := s.server.open(ctx)
	if err != nil {
		return "", s.server.sendError(ctx, err)
	}
	session.close(nil)
	found := s.server.host + " takes connections"
	if s.server.protection != plaintext {
		found += " by TLS"
	}
	if !s.server.username.Empty() {
		found += " and lets the user in"
	}
	return found, nil
}
