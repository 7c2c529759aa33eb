package email

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/absorb-bridge/absorb-bridge/internal/certificates"
)

// mailbox is a real SMTP server's store and its temper.
type mailbox struct {
	mu    sync.Mutex // guards mails
	mails []received

	onMail func(from string) error // nil accepts
	onRcpt func(to string) error   // nil accepts
	onData error                   // the answer after the text
	auth   map[string]func(*visit) sasl.Server
}

// received is a mail as the server has it.
type received struct {
	from, user string
	to         []string
	data       []byte
	secured    bool
}

// NewSession serves one connection.
func (m *mailbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &visit{box: m, conn: c}, nil
}

func (m *mailbox) all() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mails
}

// visit is the server's side of a session.
type visit struct {
	box  *mailbox
	conn *smtp.Conn
	now  received
	user string
}

var _ smtp.AuthSession = (*visit)(nil)

func (s *visit) AuthMechanisms() []string {
	var all []string
	for m := range s.box.auth {
		all = append(all, m)
	}
	return all
}

func (s *visit) Auth(mechanism string) (sasl.Server, error) {
	start := s.box.auth[mechanism]
	if start == nil {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return start(s), nil
}

func (s *visit) Mail(from string, _ *smtp.MailOptions) error {
	_, secured := s.conn.TLSConnectionState()
	s.now = received{from: from, user: s.user, secured: secured}
	if s.box.onMail != nil {
		return s.box.onMail(from)
	}
	return nil
}

func (s *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.box.onRcpt != nil {
		if err := s.box.onRcpt(to); err != nil {
			return err
		}
	}
	s.now.to = append(s.now.to, to)
	return nil
}

func (s *visit) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.box.onData != nil {
		return s.box.onData
	}
	s.now.data = data
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails = append(s.box.mails, s.now)
	return nil
}

func (s *visit) Reset()        {}
func (s *visit) Logout() error { return nil }

// listen opens a port on loopback until the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// serveSMTP runs a server for the mailbox and gives its address. With a TLS
// configuration it offers STARTTLS, or speaks TLS throughout if whole is set.
func serveSMTP(t *testing.T, box *mailbox, secure *tls.Config, whole bool) string {
	t.Helper()
	server := smtp.NewServer(box)
	server.Domain = "mail.example.com"
	server.TLSConfig = secure
	server.AllowInsecureAuth = secure == nil
	server.ErrorLog = log.New(io.Discard, "", 0)
	l := listen(t)
	addr := l.Addr().String()
	if whole {
		l = tls.NewListener(l, secure)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		server.Close()
		wg.Wait()
	})
	return addr
}

// serveRaw runs a server that does with each connection whatever talk does, and
// gives its address.
func serveRaw(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			wg.Go(func() {
				defer conn.Close()
				talk(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// says gives the answer of an SMTP server.
func says(code int, enhanced smtp.EnhancedCode, words string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: words}
}

// plainAuth accepts the test's user with a password by AUTH PLAIN.
func plainAuth(password string) map[string]func(*visit) sasl.Server {
	return map[string]func(*visit) sasl.Server{
		"PLAIN": func(s *visit) sasl.Server {
			return sasl.NewPlainServer(func(_, u, p string) error {
				if u != testUser || p != password {
					return says(535, smtp.EnhancedCode{5, 7, 8}, "wrong password for "+u+": "+p)
				}
				s.user = u
				return nil
			})
		},
	}
}

// authority makes a certificate for 127.0.0.1 and gives it with the PEM text of
// the authority that signed it.
func authority(t *testing.T) (*tls.Config, string) {
	t.Helper()
	until := time.Now().Add(time.Hour)
	a, err := certificates.NewAuthority("Test authority", until)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.Issue(until, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, string(a.PEM())
}
