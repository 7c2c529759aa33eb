package wall_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall"
	"github.com/emersion/go-sasl"
	client "github.com/emersion/go-smtp"
)

const goodMail = "From: Absorb <absorb@example.com>\r\nTo: hr@example.com\r\nSubject: =?utf-8?q?M=C3=ADra_has_passed?=\r\n" +
	"Date: Mon, 23 Nov 2026 14:02:31 +0000\r\nMessage-ID: <1@example.com>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nM=C3=ADra has passed.\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+TcOtcmEgaGFzIHBhc3NlZC48L3A+\r\n--b--\r\n"

// mailBench is a wall whose mail server listens on loopback.
func mailBench(t *testing.T, o wall.Options) (*bench, string) {
	t.Helper()
	b := start(t, o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.ServeSMTP(l) }()
	t.Cleanup(func() {
		_ = b.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b, l.Addr().String()
}

func send(t *testing.T, addr, mail string) error {
	t.Helper()
	c, err := client.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.SendMail("absorb@example.com", []string{"hr@example.com"}, strings.NewReader(mail))
}

func code(err error) int {
	if e, ok := errors.AsType[*client.SMTPError](err); ok {
		return e.Code
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return e.Code
	}
	return 0
}

func TestMailIsReadAndKept(t *testing.T) {
	b, addr := mailBench(t, wall.Options{})
	if err := send(t, addr, goodMail); err != nil {
		t.Fatal(err)
	}
	messages := b.Messages()
	if len(messages) != 1 || b.Count(wall.Email) != 1 {
		t.Fatalf("kept %d, counted %d", len(messages), b.Count(wall.Email))
	}
	m := messages[0]
	if string(m.Payload) != goodMail || m.ID != "<1@example.com>" || m.Address != "hr@example.com" || len(m.Verdict.Notes) > 0 {
		t.Errorf("kept %+v", m)
	}
	if m.Mail.Subject != "Míra has passed" || m.Mail.Text != "Míra has passed." || m.Mail.HTML != "<p>Míra has passed.</p>" ||
		m.Mail.EnvelopeFrom != "absorb@example.com" || m.Mail.TLS || m.Mail.User != "" {
		t.Errorf("read %+v", m.Mail)
	}
}

func TestMailServerTLSAndAccounts(t *testing.T) {
	b, addr := mailBench(t, wall.Options{})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b.CertificateAuthority()) {
		t.Fatal("no certificate in CertificateAuthority")
	}
	trusting := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	for name, login := range map[string]struct {
		auth sasl.Client
		code int
	}{
		"PLAIN":       {sasl.NewPlainClient("", wall.MailUser, wall.MailPassword), 0},
		"LOGIN":       {sasl.NewLoginClient(wall.MailUser, wall.MailPassword), 0},
		"PLAIN wrong": {sasl.NewPlainClient("", wall.MailUser, "x"), 535},
		"LOGIN wrong": {sasl.NewLoginClient("x", wall.MailPassword), 535},
	} {
		t.Run(name, func(t *testing.T) {
			b.Clear()
			c, err := client.DialStartTLS(addr, trusting)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.Auth(login.auth); code(err) != login.code {
				t.Fatalf("AUTH: %v", err)
			}
			if login.code != 0 {
				return
			}
			if err := c.SendMail("a@example.com", []string{"b@example.com"}, strings.NewReader(goodMail)); err != nil {
				t.Fatal(err)
			}
			if m := b.Messages(); len(m) != 1 || !m[0].Mail.TLS || m[0].Mail.User != wall.MailUser {
				t.Errorf("kept %+v", m)
			}
		})
	}
	// Who does not know the authority must not be able to trust the server.
	if err := smtp.SendMail(addr, nil, "a@example.com", []string{"b@example.com"}, []byte(goodMail)); !errors.As(err, new(*tls.CertificateVerificationError)) {
		t.Errorf("without the authority: %v", err)
	}
}

func TestMailThatIsNone(t *testing.T) {
	b, addr := mailBench(t, wall.Options{})
	for name, c := range map[string]struct{ mail, words string }{
		"no header":    {"hello\r\n\r\nhello\r\n", "readable header"},
		"no From":      {strings.Replace(goodMail, "From:", "X-From:", 1), "From: header"},
		"two subjects": {"Subject: a\r\n" + goodMail, "multiple Subject:"},
		"a long line":  {"Date: x\r\nFrom: a@example.com\r\n\r\n" + strings.Repeat("x", 999) + "\r\n", "998"},
		"no parts":     {strings.Replace(goodMail, "boundary=b", "boundary=c", 1), "MIME structure"},
	} {
		t.Run(name, func(t *testing.T) {
			b.Clear()
			err := send(t, addr, c.mail)
			if code(err) != 550 || !strings.Contains(err.Error(), c.words) {
				t.Errorf("answered %v, want 550 with %q", err, c.words)
			}
			if got := b.Counts(wall.Email); got.Refused != 1 || got.Accepted != 0 {
				t.Errorf("counted %+v", got)
			}
		})
	}
	b.Clear()
	if err := send(t, addr, "From: a@example.com\r\n\r\nhello\r\n"); err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(b.Messages()[0].Verdict.Notes, "; ")
	for _, want := range []string{"no valid Date", "no Message-ID", "no MIME-Version", "Auto-Submitted"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes are %q, want one with %q", notes, want)
		}
	}
}

func TestMailFaults(t *testing.T) {
	b, addr := mailBench(t, wall.Options{})
	for _, mode := range b.Modes(wall.Email) {
		t.Run(mode, func(t *testing.T) {
			b.Clear()
			if err := b.Inject(wall.Fault{Platform: wall.Email, Mode: mode, RetryAfter: 10 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			c, err := client.Dial(addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SubmissionTimeout = 200 * time.Millisecond
			err = c.Auth(sasl.NewPlainClient("", wall.MailUser, wall.MailPassword))
			if err == nil {
				err = c.SendMail("a@example.com", []string{"b@example.com"}, strings.NewReader(goodMail))
			}
			wantCode, accepted := 0, 0
			if mode[0] >= '4' && mode[0] <= '5' {
				wantCode = 100*int(mode[0]-'0') + 10*int(mode[1]-'0') + int(mode[2]-'0')
			}
			if mode == wall.ModeSlow || mode == wall.ModeResetAfter {
				accepted = 1
			}
			if code(err) != wantCode || (err == nil) != (mode == wall.ModeSlow) {
				t.Errorf("answered %v", err)
			}
			if got := b.Counts(wall.Email); got.Accepted != accepted || got.Refused != 1-accepted {
				t.Errorf("counted %+v", got)
			}
			_ = c.Close()
			if err := send(t, addr, goodMail); err != nil {
				t.Errorf("the next mail: %v", err)
			}
		})
	}
}

func TestMailCountsAreExactUnderConcurrency(t *testing.T) {
	b, addr := mailBench(t, wall.Options{Keep: 10})
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			c, err := client.Dial(addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for range 25 {
				if err := c.SendMail("a@example.com", []string{"b@example.com"}, strings.NewReader(goodMail)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if b.Count(wall.Email) != 150 || len(b.Messages()) != 10 {
		t.Errorf("counted %d, kept %d", b.Count(wall.Email), len(b.Messages()))
	}
}

func TestServeSMTPEndsWithAWallThatIsClosedAlready(t *testing.T) {
	w := wall.New(wall.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.ServeSMTP(l); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("closing it again: %v", err)
	}
}
