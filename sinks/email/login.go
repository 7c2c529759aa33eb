package email

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// autoAuth picks a mechanism by what the server offers.
const autoAuth = "auto"

// mechanisms gives the ways to authenticate, by the setting's words.
func mechanisms() map[string]func(*server) smtp.Auth {
	// Whether a password may go unencrypted was decided when the settings were
	// checked, so the mechanisms need not refuse it again.
	const allowed = true
	return map[string]func(*server) smtp.Auth{
		"scram-sha-256": func(s *server) smtp.Auth { return smtp.ScramSHA256Auth(s.username.Reveal(), s.password.Reveal()) },
		"scram-sha-1":   func(s *server) smtp.Auth { return smtp.ScramSHA1Auth(s.username.Reveal(), s.password.Reveal()) },
		"plain": func(s *server) smtp.Auth {
			return smtp.PlainAuth("", s.username.Reveal(), s.password.Reveal(), s.host, allowed)
		},
		"login": func(s *server) smtp.Auth {
			return smtp.LoginAuth(s.username.Reveal(), s.password.Reveal(), s.host, allowed)
		},
		"cram-md5": func(s *server) smtp.Auth { return smtp.CRAMMD5Auth(s.username.Reveal(), s.password.Reveal()) },
		"xoauth2":  func(s *server) smtp.Auth { return smtp.XOAuth2Auth(s.username.Reveal(), s.password.Reveal()) },
	}
}

// refusedMechanism is a server's refusal of a mechanism, not of a password.
type refusedMechanism struct {
	name string
	error
}

func (r *refusedMechanism) Unwrap() error { return r.error }

// aboutMechanism are the answers to a mechanism that the server does not accept, though
// it may offer it: unrecognized (RFC 4954 section 4) and too weak (section 6). One to
// a wrong password, 535, is final: to go on would be to try it again.
func aboutMechanism(code int) bool { return code == 504 || code == 534 }

func (s *server) authenticate(client *smtp.Client) error {
	if s.username.Empty() {
		return nil
	}
	_, offered := s.extension(client, "AUTH")
	mechanism, err := s.mechanism(strings.Fields(strings.ToLower(offered)))
	if err != nil {
		return err
	}
	err = client.Auth(mechanisms()[mechanism](s))
	if err == nil {
		return nil
	}
	err = at(authenticating, err)
	if answer := answerOf(err); answer != nil && aboutMechanism(answer.Code) {
		return &refusedMechanism{mechanism, err}
	}
	return err
}

// refuse notes that the server does not accept a mechanism, and tells whether another
// one is worth a try: it is if auth is auto, and this is the first refusal.
func (s *server) refuse(mechanism string) (another bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth != autoAuth || s.refused[mechanism] {
		return false
	}
	if s.refused == nil {
		s.refused = map[string]bool{}
	}
	s.refused[mechanism] = true
	return true
}

// mechanism chooses among those that the server offers.
func (s *server) mechanism(offered []string) (string, error) {
	wanted := []string{s.auth}
	if s.auth == autoAuth {
		wanted = []string{"scram-sha-256", "scram-sha-1", "plain", "login", "cram-md5"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var last string
	for _, m := range wanted {
		switch {
		case !slices.Contains(offered, m):
		case s.refused[m]:
			last = m // it may have changed its mind, and if not its words say why
		default:
			return m, nil
		}
	}
	if last != "" {
		return last, nil
	}
	if len(offered) == 0 {
		return "", broken("the mail server does not let anybody authenticate here; remove username and password, or use another port")
	}
	return "", broken(fmt.Sprintf("the mail server offers no way to authenticate that fits auth: %s. It offers %s; the bridge knows %s",
		s.auth, strings.Join(slices.Sorted(slices.Values(offered)), ", "), strings.Join(slices.Sorted(maps.Keys(mechanisms())), ", ")))
}

// extension tells whether a server offers an extension, and its parameters. Keywords are
// in any case (RFC 5321 section 2.4), which the library does not know, and servers from
// before RFC 2554 write AUTH=LOGIN; so what it has not found is asked for once more.
func (s *server) extension(client *smtp.Client, name string) (offered bool, parameters string) {
	if offered, parameters = client.Extension(name); offered {
		return true, parameters
	}
	id, err := client.Text.Cmd("EHLO %s", s.helo)
	if err != nil {
		return false, ""
	}
	client.Text.StartResponse(id)
	defer client.Text.EndResponse(id)
	_, lines, err := client.Text.ReadResponse(250)
	if err != nil {
		return false, ""
	}
	var all []string
	for _, line := range strings.Split(lines, "\n")[1:] { // the first is the server's name
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '=' || r == '\r' })
		if len(words) > 0 && strings.EqualFold(words[0], name) {
			offered, all = true, append(all, words[1:]...)
		}
	}
	return offered, strings.Join(all, " ")
}
