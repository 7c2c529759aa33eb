package email

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
	"github.com/emersion/go-smtp"
)

const (
	testUser     = "bridge-user"
	testPassword = "correct-horse-battery"
)

func suite() sinktest.Suite {
	return sinktest.Suite{
		Type: "email",
		New:  New,
		Settings: func(base string) map[string]any {
			_, addr, _ := strings.Cut(base, "//")
			return map[string]any{
				"smtp": "smtp+plaintext://" + addr, "username": testUser, "password": testPassword, "auth": "plain",
				"from": "LMS <lms@example.com>", "to": []any{"hr@example.com", "{{ .user.emailAddress }}"},
				"reply_to": "help@example.com", "helo": "bridge.example.com",
			}
		},
		Secrets:      []string{testPassword, testUser},
		Start:        startFake,
		NoRetryAfter: true, // SMTP has no words for it
		NoHTTP:       true,
		Check:        checkMail,
	}
}

func TestConformance(t *testing.T) { sinktest.Run(t, suite()) }

func FuzzEncode(f *testing.F) { sinktest.Fuzz(f, suite()) }

// startFake runs a mail server of that behaviour.
func startFake(t *testing.T, b sinktest.Behaviour) string {
	t.Helper()
	box := &mailbox{auth: plainAuth(testPassword)}
	switch b {
	case sinktest.Hang:
		return "smtp://" + serveRaw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	case sinktest.Reset:
		return "smtp://" + serveRaw(t, func(net.Conn) {})
	case sinktest.Reject:
		box.onRcpt = func(string) error { return says(550, smtp.EnhancedCode{5, 1, 1}, "no such user here") }
	case sinktest.Break:
		box.auth = plainAuth("another password")
	case sinktest.Limit:
		box.onMail = func(string) error { return says(451, smtp.EnhancedCode{4, 7, 1}, "too many mails from "+testUser) }
	case sinktest.Fail:
		box.onRcpt = func(string) error { return says(450, smtp.EnhancedCode{4, 2, 0}, "mailbox busy") }
	}
	return "smtp://" + serveSMTP(t, box, nil, false)
}

func TestSettings(t *testing.T) {
	valid := func() map[string]any {
		return map[string]any{"smtp": "smtps://mail.example.com", "from": "lms@example.com", "to": "hr@example.com"}
	}
	for _, c := range []struct {
		name    string
		change  map[string]any
		faults  []string // the settings that are wrong
		problem string   // part of what is said about the first of them
	}{
		{"the least", nil, nil, ""},
		{"port and protection", map[string]any{"smtp": "smtp://mail.example.com:2525"}, nil, ""},
		{"a relay", map[string]any{"smtp": "smtp+plaintext://relay"}, nil, ""},
		{"password to loopback", map[string]any{"smtp": "smtp+plaintext://127.0.0.1:25", "username": "u", "password": "p"}, nil, ""},
		{"upper case", map[string]any{"auth": "LOGIN", "username": "u", "password": "p"}, nil, ""},
		{"IPv6", map[string]any{"smtp": "smtps://[2001:db8::1]"}, nil, ""},
		{"nothing", map[string]any{"smtp": "", "from": "", "to": []any{}}, []string{"smtp", "from", "to"}, "required"},
		{"no scheme", map[string]any{"smtp": "mail.example.com:587"}, []string{"smtp"}, "smtps://HOST"},
		{"web address", map[string]any{"smtp": "https://mail.example.com"}, []string{"smtp"}, "smtps://HOST"},
		{"password in the URL", map[string]any{"smtp": "smtps://u:" + testPassword + "@mail.example.com"}, []string{"smtp"}, "settings username and password"},
		{"password in a bad URL", map[string]any{"smtp": "smtps://u:" + testPassword + "%@x:y"}, []string{"smtp"}, "not a URL"},
		{"path", map[string]any{"smtp": "smtps://mail.example.com/inbox"}, []string{"smtp"}, "nothing may follow"},
		{"STARTTLS on 465", map[string]any{"smtp": "smtp://mail.example.com:465"}, []string{"smtp"}, "smtps://mail.example.com:465"},
		{"password in the clear", map[string]any{"smtp": "smtp+plaintext://mail.example.com", "username": "u", "password": "p"}, []string{"smtp"}, "unencrypted"},
		{"password alone", map[string]any{"password": testPassword}, []string{"username"}, "required"},
		{"username alone", map[string]any{"username": "u"}, []string{"password"}, "required"},
		{"mechanism alone", map[string]any{"auth": "login"}, []string{"username"}, "auth: login"},
		{"unknown mechanism", map[string]any{"auth": "ntlm"}, []string{"auth"}, "cram-md5"},
		{"no certificate", map[string]any{"ca": "/etc/ssl/ca.pem"}, []string{"ca"}, "${file:PATH}"},
		{"helo with a space", map[string]any{"helo": "a b\r\nQUIT"}, []string{"helo"}, "host name"},
		{"bad addresses", map[string]any{"from": "nobody", "reply_to": "a@b, c@d", "to": []any{"hr@example.com", "x", "{{ .y }}"}}, []string{"from", "reply_to", "to[1]"}, "lms@example.com"},
		{"two in one", map[string]any{"to": "a@example.com, b@example.com"}, []string{"to[0]"}, "one address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings := valid()
			maps.Copy(settings, c.change)
			_, err := New(kit.Setup{Name: "hr", Settings: settings})
			var keys []string
			for _, fault := range kit.SettingErrors(err) {
				keys = append(keys, fault.Key)
			}
			if !slices.Equal(keys, c.faults) {
				t.Fatalf("faults in %q, want %q (%v)", keys, c.faults, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), testPassword)) {
				t.Errorf("%v: want %q in it and no password", err, c.problem)
			}
		})
	}
}

func TestDefaultPorts(t *testing.T) {
	for url, port := range map[string]string{"smtps://h": "465", "smtp://h": "587", "smtp+plaintext://h": "25", "smtp://h:2587": "2587"} {
		sink := newSink(t, map[string]any{"smtp": url})
		if sink.server.port != port {
			t.Errorf("%s leads to port %s, want %s", url, sink.server.port, port)
		}
	}
}

func TestRecipientsAreTheConfiguredTexts(t *testing.T) {
	want := []string{"HR <hr@example.com>", "{{ .user.emailAddress }}"}
	sink := newSink(t, map[string]any{"to": []any{want[0], want[1]}})
	if got := sink.Recipients(); !slices.Equal(got, want) {
		t.Errorf("Recipients() = %q, want %q", got, want)
	}
}

// newSink builds a sink whose settings are valid but for the change.
func newSink(t *testing.T, change map[string]any) *Sink {
	t.Helper()
	settings := map[string]any{"smtp": "smtps://mail.example.com", "from": "Läs Tjänst <lms@example.com>", "to": "hr@example.com"}
	maps.Copy(settings, change)
	sink, err := New(kit.Setup{Name: "hr", Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return sink.(*Sink)
}

// encode makes the payload of a message that must be accepted.
func encode(t *testing.T, s *Sink, m bridge.Message) bridge.Payload {
	t.Helper()
	p, err := s.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSinkPrintsNoSecret(t *testing.T) {
	sink := newSink(t, map[string]any{"username": testUser, "password": testPassword})
	if shown := fmt.Sprintf("%v %+v %#v", sink, sink, *sink); strings.Contains(shown, testPassword) || strings.Contains(shown, testUser) {
		t.Errorf("a printed sink shows its secrets: %s", shown)
	}
}

func TestType(t *testing.T) {
	kind := Type()
	sink, err := kind.New(kit.Setup{Name: "example", Settings: kind.Example})
	if err != nil {
		t.Fatalf("the example is refused: %v", err)
	}
	if p, err := sink.Encode(sinktest.Ordinary()[0].Message); err != nil || len(p.Body) == 0 {
		t.Errorf("the example makes no mail: %v", err)
	}
	if got, want := kind.Escape(`<b>"&`), "&lt;b&gt;&#34;&amp;"; got != want || kind.Limit.Rate <= 0 || kind.Limit.Burst < 1 {
		t.Errorf("Escape gives %q, want %q; Limit = %+v", got, want, kind.Limit)
	}
}
