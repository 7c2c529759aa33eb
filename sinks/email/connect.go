package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/wneessen/go-mail/smtp"
)

// maxAnswers bounds what is read of a server in one session, in bytes.
const maxAnswers = 1 << 20

// goodbye is how long the server may take to answer QUIT. The mail is through
// by then, or refused.
const goodbye = 2 * time.Second

// session is a connection that is ready to take a mail.
type session struct {
	*smtp.Client
	conn net.Conn
	stop func() bool // undoes the watch over the context
}

// open connects, encrypts and authenticates. When the context ends the
// connection is closed, at once and until the session is. A mechanism that the server
// offers and then refuses ends the connection; the next one has a connection of its own.
func (s *server) open(ctx context.Context) (*session, error) {
	for {
		opened, err := s.connect(ctx)
		if refused, ok := errors.AsType[*refusedMechanism](err); !ok || !s.refuse(refused.name) {
			return opened, err
		}
	}
}

func (s *server) connect(ctx context.Context) (*session, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(s.host, s.port))
	if err != nil {
		return nil, at(connecting, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	client, err := s.greet(ctx, &bounded{Conn: conn, left: maxAnswers})
	if err != nil {
		stop()
		conn.Close()
		return nil, err
	}
	return &session{Client: client, conn: conn, stop: stop}, nil
}

// close takes leave of the server after a transaction with that outcome. If the
// mail's text broke off it says nothing more: a command would first end the
// text, and the server would take what it has for a whole mail.
func (s *session) close(outcome error) {
	brokeOff := stageOf(outcome) == text && answerOf(outcome) == nil
	if s.stop() && !brokeOff {
		_ = s.conn.SetDeadline(time.Now().Add(goodbye))
		_ = s.Quit()
	}
	_ = s.conn.Close()
}

// greet does everything that comes before the mail.
func (s *server) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	trust := &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	if s.protection == wholeTLS {
		secured := tls.Client(conn, trust)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, at(encrypting, err)
		}
		conn = secured
	}
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return nil, at(greeting, err)
	}
	client.SkipSMTPUTF8(true) // a mail is ASCII throughout, and the next server may not know the extension
	if err := client.Hello(s.helo); err != nil {
		return nil, at(greeting, err)
	}
	if s.protection == startTLS {
		if err := s.encrypt(client, trust); err != nil {
			return nil, err
		}
	}
	return client, s.authenticate(client)
}

func (s *server) encrypt(client *smtp.Client, trust *tls.Config) error {
	if offered, _ := s.extension(client, "STARTTLS"); !offered {
		return broken("the mail server does not offer STARTTLS, so nothing was sent; if it speaks TLS from the first byte write " +
			"smtps://, if it is a relay on a trusted network smtp+plaintext://")
	}
	if err := client.StartTLS(trust); err != nil {
		return at(encrypting, err)
	}
	return nil
}

func broken(sentence string) error {
	return &bridge.SendError{Kind: bridge.DestinationBroken, Detail: sentence}
}

// bounded is a connection that ends when a server says too much.
type bounded struct {
	net.Conn
	left int
}

// Read reads what is left of the bound at most.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the server's answers do not end")
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
