package email

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/locked"
	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// dialogue is a server's side of an authentication: what it says to each thing
// that it hears. An empty answer ends it well.
type dialogue func(turn int, heard string) (string, error)

// steps runs a dialogue as a SASL server.
type steps struct {
	say  dialogue
	turn int
	done func()
}

func (s *steps) Next(response []byte) ([]byte, bool, error) {
	answer, err := s.say(s.turn, string(response))
	s.turn++
	if err == nil && answer == "" {
		s.done()
		return nil, true, nil
	}
	// A lone dash is a challenge of no words.
	return []byte(strings.TrimPrefix(answer, "-")), false, err
}

func wrong(heard string) error {
	return says(535, smtp.EnhancedCode{5, 7, 8}, "not accepted: "+heard+" "+base64.StdEncoding.EncodeToString([]byte(heard)))
}

// loginSays is AUTH LOGIN as Exchange speaks it.
func loginSays(turn int, heard string) (string, error) {
	switch {
	case turn == 0:
		return "Username:", nil
	case turn == 1 && heard == testUser:
		return "Password:", nil
	case turn == 2 && heard == testPassword:
		return "", nil
	}
	return "", wrong(heard)
}

// cramSays is RFC 2195.
func cramSays(turn int, heard string) (string, error) {
	const challenge = "<1.2@mail.example.com>"
	if turn == 0 {
		return challenge, nil
	}
	mac := hmac.New(md5.New, []byte(testPassword))
	mac.Write([]byte(challenge))
	if heard != fmt.Sprintf("%s %x", testUser, mac.Sum(nil)) {
		return "", wrong(heard)
	}
	return "", nil
}

// tokenSays is Google's and Microsoft's XOAUTH2.
func tokenSays(_ int, heard string) (string, error) {
	if heard != "user="+testUser+"\x01auth=Bearer "+testPassword+"\x01\x01" {
		return "", wrong(heard)
	}
	return "", nil
}

// scramSays is RFC 7677.
func scramSays() dialogue {
	const salt, rounds = "c2FsdHNhbHQ=", 4096
	var bare, first, nonce string
	return func(turn int, heard string) (string, error) {
		switch turn {
		case 0:
			return "-", nil
		case 1:
			bare = strings.TrimPrefix(heard, "n,,")
			nonce = bare[strings.Index(bare, "r=")+2:] + "server"
			first = fmt.Sprintf("r=%s,s=%s,i=%d", nonce, salt, rounds)
			return first, nil
		case 2:
			without, proof, _ := strings.Cut(heard, ",p=")
			message := bare + "," + first + "," + without
			key, err := pbkdf2.Key(sha256.New, testPassword, []byte("saltsalt"), rounds, sha256.Size)
			if err != nil {
				return "", err
			}
			client := keyed(key, "Client Key")
			stored := sha256.Sum256(client)
			want := keyed(stored[:], message)
			for i := range want {
				want[i] ^= client[i]
			}
			if proof != base64.StdEncoding.EncodeToString(want) || !strings.Contains(bare, "n="+testUser+",") {
				return "", wrong(heard)
			}
			return "v=" + base64.StdEncoding.EncodeToString(keyed(keyed(key, "Server Key"), message)), nil
		}
		return "", nil
	}
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// offering makes a mailbox that lets users in by these mechanisms alone.
func offering(mechanisms ...string) *mailbox {
	box := &mailbox{auth: map[string]func(*visit) sasl.Server{}}
	for _, m := range mechanisms {
		box.auth[m] = func(v *visit) sasl.Server {
			say := map[string]dialogue{
				"LOGIN": loginSays, "CRAM-MD5": cramSays, "XOAUTH2": tokenSays, "SCRAM-SHA-256": scramSays(),
			}[m]
			if say == nil {
				return plainAuth(testPassword)[m](v)
			}
			return &steps{say: say, done: func() { v.user = testUser }}
		}
	}
	return box
}

func TestAuthentication(t *testing.T) {
	secure, ca := authority(t)
	for _, c := range []struct {
		auth    string
		offered []string
		problem string // "" when it succeeds
	}{
		{"plain", []string{"PLAIN", "LOGIN"}, ""},
		{"login", []string{"PLAIN", "LOGIN"}, ""},
		{"cram-md5", []string{"CRAM-MD5"}, ""},
		{"xoauth2", []string{"XOAUTH2", "PLAIN"}, ""},
		{"scram-sha-256", []string{"SCRAM-SHA-256", "PLAIN"}, ""},
		{"auto", []string{"LOGIN"}, ""},
		{"auto", []string{"PLAIN", "SCRAM-SHA-256", "XOAUTH2"}, ""},
		{"auto", []string{"XOAUTH2"}, "It offers xoauth2; the bridge knows cram-md5"},
		{"scram-sha-1", []string{"PLAIN", "GSSAPI"}, "It offers gssapi, plain"},
		{"auto", []string{"NTLM", "GSSAPI"}, "ntlm"},
		{"auto", nil, "does not let anybody authenticate"},
	} {
		t.Run(c.auth+" of "+strings.Join(c.offered, " "), func(t *testing.T) {
			box := offering(c.offered...)
			if c.offered == nil {
				box.auth = nil
			}
			sink := newSink(t, map[string]any{
				"smtp": "smtp://" + serveSMTP(t, box, secure, false), "ca": ca,
				"auth": c.auth, "username": testUser, "password": testPassword,
			})
			_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
			if c.problem == "" {
				if mails := box.all(); err != nil || len(mails) != 1 || mails[0].user != testUser {
					t.Errorf("Send = %v, the server has %d mails", err, len(mails))
				}
				return
			}
			if se := bridge.AsSendError(err); se.Kind != bridge.DestinationBroken || !strings.Contains(se.Detail, c.problem) {
				t.Errorf("Send = %v (%v), want the destination broken and %q", err, se.Kind, c.problem)
			}
		})
	}
}

// oddServer is a server that answers each command by its beginning, and offers extensions
// as it likes to write them. It counts the attempts by mechanism.
func oddServer(t *testing.T, extensions []string, auth map[string]string) (address string, attempts *locked.Buffer) {
	t.Helper()
	attempts = &locked.Buffer{}
	return serveRaw(t, func(c net.Conn) {
		text := textproto.NewConn(c)
		say := func(line string) { _ = text.PrintfLine("%s", line) }
		say("220 mail.example.com")
		for {
			line, err := text.ReadLine()
			if err != nil {
				return
			}
			words := strings.Fields(line + " -")
			switch strings.ToUpper(words[0]) {
			case "EHLO":
				say("250-mail.example.com")
				for _, e := range extensions {
					say("250-" + e)
				}
				say("250 HELP")
			case "AUTH":
				_, _ = fmt.Fprint(attempts, words[1], " ")
				if say(auth[words[1]]); strings.HasPrefix(auth[words[1]], "334") { // LOGIN
					_, _ = text.ReadLine()
					say("334 UGFzc3dvcmQ6")
					_, _ = text.ReadLine()
					say("235 welcome")
				}
			case "DATA":
				say("354 go on")
				_, _ = text.ReadDotBytes()
				say("250 taken")
			case "QUIT":
				say("221 bye")
				return
			case "*":
				say("501 cancelled")
			default:
				say("250 fine")
			}
		}
	}), attempts
}

// TestServersThatOfferOddly has the ways in which servers write what they offer, and
// offers that they do not keep.
func TestServersThatOfferOddly(t *testing.T) {
	const username = "334 VXNlcm5hbWU6"
	both := map[string]string{"PLAIN": "504 PLAIN is not permitted by this server", "LOGIN": username}
	for name, c := range map[string]struct {
		extensions []string
		auth       map[string]string
		setting    string
		attempts   string // for two mails
		problem    string // "" when they are sent
	}{
		"lower case":             {[]string{"auth login plain"}, map[string]string{"PLAIN": "235 welcome"}, "auto", "PLAIN PLAIN", ""},
		"with an equals sign":    {[]string{"SIZE 1000", "AUTH=LOGIN"}, map[string]string{"LOGIN": username}, "auto", "LOGIN LOGIN", ""},
		"refused with 504":       {[]string{"AUTH PLAIN LOGIN"}, both, "auto", "PLAIN LOGIN LOGIN", ""},
		"refused as too weak":    {[]string{"AUTH PLAIN LOGIN"}, map[string]string{"PLAIN": "534 5.7.9 too weak", "LOGIN": username}, "auto", "PLAIN LOGIN LOGIN", ""},
		"another was asked for":  {[]string{"AUTH PLAIN LOGIN"}, both, "plain", "PLAIN PLAIN", "not permitted by this server"},
		"a wrong password":       {[]string{"AUTH PLAIN LOGIN"}, map[string]string{"PLAIN": "535 5.7.8 no"}, "auto", "PLAIN PLAIN", "5.7.8 no"},
		"all are refused":        {[]string{"AUTH PLAIN LOGIN"}, map[string]string{"PLAIN": "504 one", "LOGIN": "504 two"}, "auto", "PLAIN LOGIN LOGIN LOGIN", "two"},
		"nothing that we know":   {[]string{"AUTH NTLM GSSAPI"}, nil, "auto", "", "gssapi, ntlm"},
		"nothing in lower cases": {[]string{"authentic", "auth="}, nil, "auto", "", "does not let anybody"},
	} {
		t.Run(name, func(t *testing.T) {
			address, attempts := oddServer(t, c.extensions, c.auth)
			sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + address, "auth": c.setting, "username": testUser, "password": testPassword})
			for range 2 {
				_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
				if c.problem == "" {
					if err != nil {
						t.Errorf("Send = %v", err)
					}
					continue
				}
				if err == nil {
					t.Errorf("sent, want %q", c.problem)
				} else if se := bridge.AsSendError(err); se.Kind != bridge.DestinationBroken || !strings.Contains(se.Detail, c.problem) {
					t.Errorf("Send = %v, want the destination broken and %q", err, c.problem)
				}
			}
			if got := strings.TrimSpace(attempts.String()); got != c.attempts {
				t.Errorf("attempts %q, want %q", got, c.attempts)
			}
		})
	}
}

// TestLowerCaseSTARTTLS: an offer in lower case is one.
func TestLowerCaseSTARTTLS(t *testing.T) {
	address, _ := oddServer(t, []string{"starttls"}, nil)
	sink := newSink(t, map[string]any{"smtp": "smtp://" + address})
	_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
	if err == nil || strings.Contains(err.Error(), "does not offer STARTTLS") {
		t.Errorf("Send = %v, want it to begin with TLS", err)
	}
}

// Servers repeat what they were sent, in every form of it.
func TestAuthenticationKeepsSecrets(t *testing.T) {
	secure, ca := authority(t)
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"} {
		t.Run(mechanism, func(t *testing.T) {
			const user, password = "someone-else", "a-wrong-password"
			sink := newSink(t, map[string]any{
				"smtp": "smtp://" + serveSMTP(t, offering(mechanism), secure, false), "ca": ca,
				"auth": mechanism, "username": user, "password": password,
			})
			_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
			se := bridge.AsSendError(err)
			if se.Kind != bridge.DestinationBroken || se.Status != 535 {
				t.Errorf("Send = %v (%v), want the destination broken by a 535", err, se.Kind)
			}
			shown := fmt.Sprintf("%v %+v %#v", err, *se, *se)
			for _, secret := range []string{user, password} {
				if strings.Contains(shown, secret) || strings.Contains(shown, base64.StdEncoding.EncodeToString([]byte(secret))) {
					t.Errorf("%q is shown in %s", secret, shown)
				}
			}
		})
	}
}

func TestAuthenticationLater(t *testing.T) {
	box := &mailbox{auth: map[string]func(*visit) sasl.Server{"PLAIN": func(*visit) sasl.Server {
		return sasl.NewPlainServer(func(string, string, string) error {
			return says(454, smtp.EnhancedCode{4, 7, 0}, "directory is down")
		})
	}}}
	sink := newSink(t, map[string]any{"smtp": "smtp+plaintext://" + serveSMTP(t, box, nil, false), "username": testUser, "password": testPassword})
	_, err := sink.Send(t.Context(), encode(t, sink, sinktest.Ordinary()[0].Message))
	if se := bridge.AsSendError(err); se.Kind != bridge.Temporary || se.Status != 454 {
		t.Errorf("Send = %v (%v), want temporary", err, se.Kind)
	}
}

func TestRedact(t *testing.T) {
	s := &server{username: "lms", password: "pass word"}
	for in, want := range map[string]string{
		"lms":                          "(redacted)",
		"user lms, lms lms: pass word": "user (redacted), (redacted) (redacted): (redacted)",
		"lms@example.com alms lmsx":    "(redacted)@example.com alms lmsx",
		"AGxtcwBwYXNzIHdvcmQ= again":   "(redacted) again",
	} {
		if got := s.redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
	if got := (&server{username: "redacted", password: "x"}).redact("redacted"); !strings.Contains(got, bridge.Redacted) {
		t.Errorf("a user named %q comes out as %q", "redacted", got)
	}
	if got, want := (&server{username: "u", password: "p"}).redact("u/p: put up"), "(redacted)/(redacted): put up"; got != want {
		t.Errorf("with short secrets: %q, want %q", got, want)
	}
	if got := (&server{}).redact("plain"); got != "plain" {
		t.Errorf("without a user the words change to %q", got)
	}
}
