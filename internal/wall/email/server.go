// Package email emulates a mail server.
package email

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

	"github.com/absorb-bridge/absorb-bridge/internal/certificates"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// The one account of the mail server. It need not be used: mail is also taken
// from strangers, as a relay takes it.
const (
	User     = "absorb-bridge"
	Password = "wall-demo-password"
)

// Name is the type of the sink that sends here.
const Name = platform.Email

// Options say how a Server behaves.
type Options struct {
	Now       func() time.Time
	CountOnly bool                                                        // accepts without reading
	NextFault func(fits func(platform.Fault) bool) (platform.Fault, bool) // the injected fault that hits a command
	Record    func(platform.Message)                                      // keeps what was sent, before it is answered
}

// Server is a mail server. Its methods may be called from several goroutines.
type Server struct {
	options Options
	smtp    *smtp.Server
	ca      []byte        // PEM
	done    chan struct{} // closed by Close
	close   func()
}

// New makes a Server that does not listen yet. Without certificates, which only
// a machine without randomness cannot make, it offers no STARTTLS.
func New(o Options) *Server {
	s := &Server{options: o, done: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.done) })
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	s.smtp.Domain = "localhost"
	s.smtp.MaxMessageBytes = platform.MaxBody
	s.smtp.MaxRecipients = 100
	s.smtp.AllowInsecureAuth = true // it listens on loopback
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = 5*time.Minute, time.Minute
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	until := time.Now().AddDate(1, 0, 0) // real time: clients compare with theirs
	authority, err := certificates.NewAuthority("absorb-bridge wall authority", until)
	if err != nil {
		return s
	}
	if cert, err := authority.Issue(until, "localhost", "127.0.0.1", "::1"); err == nil {
		s.smtp.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		s.ca = authority.PEM()
	}
	return s
}

// Serve takes mail on the listener until Close, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { // Close may come before Serve knows the listener
		select {
		case <-s.done:
		case <-ended:
		}
		_ = l.Close()
	})
	err := s.smtp.Serve(l)
	close(ended)
	watch.Wait()
	select {
	case <-s.done:
		return nil
	default:
		return fmt.Errorf("serve mail: %w", err)
	}
}

// Close ends the server with its connections.
func (s *Server) Close() error {
	s.close()
	if err := s.smtp.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the mail server: %w", err)
	}
	return nil
}

// CertificateAuthority is the certificate, in PEM, that vouches for the server's.
func (s *Server) CertificateAuthority() []byte { return bytes.Clone(s.ca) }

// session is one connection to the mail server. The server calls it from one
// goroutine.
type session struct {
	server *Server
	conn   *smtp.Conn
	user   string
	from   string
	to     []string
}

var _ smtp.AuthSession = (*session)(nil)

// AuthMechanisms lists what EHLO offers.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Auth starts an authentication.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if err := s.fault(stageAuth); err != nil {
		return nil, err
	}
	check := func(user, password string) error {
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(User+"\x00"+Password)) != 1 {
			return reply(535, smtp.EnhancedCode{5, 7, 8}, "Authentication credentials invalid")
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
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.fault(stageMail)
}

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !strings.Contains(to, "@") {
		return reply(501, smtp.EnhancedCode{5, 1, 3}, "Bad recipient address syntax")
	}
	if err := s.fault(stageRecipient); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the message. What the mail server accepts is recorded before
// it says so.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // too large, or the client went away
	}
	if err := s.dataFault(raw); err != nil {
		return err
	}
	return s.judge(raw)
}

// judge judges a mail and records the verdict.
func (s *session) judge(raw []byte) error {
	m := platform.Message{Platform: Name, At: s.server.options.Now(), Address: strings.Join(s.to, ", "), Verdict: platform.Verdict{Accepted: true, Status: 250}}
	if s.server.options.CountOnly {
		s.server.options.Record(m)
		return nil
	}
	m.Payload = raw
	mail, notes, err := Read(raw)
	if err != nil {
		refusal := reply(550, smtp.EnhancedCode{5, 6, 0}, err.Error())
		m.Verdict = platform.Verdict{Status: refusal.Code, Words: refusal.Message}
		s.server.options.Record(m)
		return refusal
	}
	_, secure := s.conn.TLSConnectionState()
	mail.EnvelopeFrom, mail.EnvelopeTo, mail.TLS, mail.User = s.from, s.to, secure, s.user
	m.ID, m.Mail, m.Verdict.Notes = mail.MessageID, mail, notes
	s.server.options.Record(m)
	return nil
}

// Reset forgets the message that was begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *session) Logout() error { return nil }

func reply(code int, enhanced smtp.EnhancedCode, message string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: message}
}

var errDropped = errors.New("connection dropped")
