// Package email is the sink that sends mails through an SMTP server.
//
// A mail has a plain text and an HTML part that say the same. It is made in
// Encode, byte for byte, headers included; Send opens a connection, hands it
// over and closes the connection again. One mail goes to all its recipients in
// one transaction, so that a retry never reaches anybody twice: as long as one
// recipient may still be accepted later, nobody is sent anything.
//
// Addresses are those of RFC 5321, in ASCII; a domain may be written in its
// own script and is turned into its ASCII form.
package email

import (
	_ "embed"
	"errors"
	"html"
	"html/template"
	"net/mail"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// name is the sink's type, by which a message's native parts are found.
const name = "email"

// Providers differ widely in what they take: from 30 mails a minute to 14 a
// second. This suits all of them, as a burst is rare and short.
const (
	rate  = 1
	burst = 10
)

// Sink sends mails.
type Sink struct {
	server  *server // a pointer, so that printing a Sink shows no secret
	from    *mail.Address
	replyTo *mail.Address // nil when answers go to from
	to      []string      // addresses, or templates of them
	spare   []string      // addresses that get what has no recipient
	card    *template.Template
}

var (
	_ bridge.Sink          = (*Sink)(nil)
	_ bridge.Addressed     = (*Sink)(nil)
	_ bridge.Threaded      = (*Sink)(nil)
	_ bridge.NoSimplerForm = (*Sink)(nil)
)

// Type describes email sinks. Data in native parts is escaped for HTML.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: rate, Burst: burst},
		Escape:      html.EscapeString,
		CheckNative: CheckNative,
		Config:      defaults(),
		Gauges:      kit.Whole(maxMail),
		Example: map[string]any{
			"smtp": "smtps://mail.example.com", "from": "LMS <lms@example.com>", "to": []any{"team@example.com"},
		},
	}
}

//go:embed card.html
var cardSource string

// New builds an email sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	c, err := decode(setup)
	if err != nil {
		return nil, err
	}
	card, err := template.New("card").Funcs(template.FuncMap{"lines": lines}).Parse(cardSource)
	if err != nil {
		return nil, err
	}
	s := &Sink{to: c.To, spare: c.Fallback, card: card}
	var errs [4]error
	s.server, errs[0] = c.server()
	s.from, errs[1] = c.sender()
	s.replyTo, errs[2] = c.answerTo()
	errs[3] = c.checkRecipients()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return s, nil
}

// Recipients gives the recipients as configured: addresses, or templates that
// give one.
func (s *Sink) Recipients() []string { return slices.Clone(s.to) }

// Threads is true: mails can refer to one another.
func (s *Sink) Threads() bool { return true }

func lines(s string) []string { return strings.Split(s, "\n") }

// NoSimplerForm says that servers refuse mails for their recipients and their senders.
func (*Sink) NoSimplerForm() {}
