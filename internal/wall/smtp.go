package wall

import (
	"bytes"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The one account of the mail server. It need not be used: mail is also taken
// from strangers, as a relay takes it.
const (
	MailUser     = "absorb-bridge"
	MailPassword = "wall-demo-password"
)

// newMailServer makes the mail server, not yet listening, and the certificate of
// its authority in PEM. Without certificates, which only a machine without
// randomness cannot make, it offers no STARTTLS.
func (w *Wall) newMailServer() (*smtp.Server, []byte) {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &mailSession{wall: w, conn: c}, nil
	}))
	s.Domain = "localhost"
	s.MaxMessageBytes = maxBody
	s.MaxRecipients = 100
	s.AllowInsecureAuth = true // it listens on loopback
	s.EnableSMTPUTF8 = true
	s.ReadTimeout, s.WriteTimeout = 5*time.Minute, time.Minute
	s.ErrorLog = log.New(io.Discard, "", 0)
	cert, ca, err := selfMade(time.Now()) // real time: clients compare with theirs
	if err == nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	return s, ca
}

// ServeSMTP takes mail on the listener until Close, and then returns nil. It
// offers STARTTLS and PLAIN and LOGIN authentication as MailUser.
func (w *Wall) ServeSMTP(l net.Listener) error {
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { // Close may come before Serve knows the listener
		select {
		case <-w.done:
		case <-ended:
		}
		_ = l.Close()
	})
	err := w.mail.Serve(l)
	close(ended)
	watch.Wait()
	select {
	case <-w.done:
		return nil
	default:
		return fmt.Errorf("serve mail: %w", err)
	}
}

// CertificateAuthority is the certificate, in PEM, that vouches for the mail
// server's. It is made anew for each Wall.
func (w *Wall) CertificateAuthority() []byte { return bytes.Clone(w.ca) }

// mailSession is one connection to the mail server. The server calls it from one
// goroutine.
type mailSession struct {
	wall *Wall
	conn *smtp.Conn
	user string
	from string
	to   []string
}

var _ smtp.AuthSession = (*mailSession)(nil)

// AuthMechanisms lists what EHLO offers.
func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Auth starts an authentication.
func (s *mailSession) Auth(mechanism string) (sasl.Server, error) {
	if err := s.fault(stageAuth); err != nil {
		return nil, err
	}
	check := func(user, password string) error {
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(MailUser+"\x00"+MailPassword)) != 1 {
			return smtpError(535, smtp.EnhancedCode{5, 7, 8}, "Authentication credentials invalid")
		}
		s.user = user
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// loginServer is the LOGIN mechanism, which was never standardised: it asks for
// the user name, then for the password.
type loginServer struct {
	check func(user, password string) error
	user  *string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		l.user = new(string(response))
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(*l.user, string(response))
	}
}

// Mail starts a message.
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.fault(stageMail)
}

// Rcpt adds a recipient.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !strings.Contains(to, "@") {
		return smtpError(501, smtp.EnhancedCode{5, 1, 3}, "Bad recipient address syntax")
	}
	if err := s.fault(stageRecipient); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the message. What the mail server accepts is on the board before
// it says so.
func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // too large, or the client went away
	}
	if err := s.dataFault(raw); err != nil {
		return err
	}
	return s.take(raw)
}

// take judges a mail and records the verdict.
func (s *mailSession) take(raw []byte) error {
	m := Message{Platform: Email, At: s.wall.now(), Address: strings.Join(s.to, ", "), Verdict: Verdict{Accepted: true, Status: 250}}
	if s.wall.countOnly {
		s.wall.board.put(m)
		return nil
	}
	m.Payload = raw
	mail, notes, err := readMail(raw)
	if err != nil {
		refusal := smtpError(550, smtp.EnhancedCode{5, 6, 0}, err.Error())
		m.Verdict = Verdict{Status: refusal.Code, Words: refusal.Message}
		s.wall.board.put(m)
		return refusal
	}
	_, secure := s.conn.TLSConnectionState()
	mail.EnvelopeFrom, mail.EnvelopeTo, mail.TLS, mail.User = s.from, s.to, secure, s.user
	m.ID, m.Mail, m.Verdict.Notes = mail.MessageID, mail, notes
	s.wall.board.put(m)
	return nil
}

// Reset forgets the message that was begun.
func (s *mailSession) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *mailSession) Logout() error { return nil }

func smtpError(code int, enhanced smtp.EnhancedCode, message string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: message}
}

var errDropped = errors.New("connection dropped")
