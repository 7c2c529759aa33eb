package email

import (
	"crypto/x509"
	"errors"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is an email sink's settings.
type Config struct {
	// SMTP is the mail server. The scheme says how the connection is protected:
	//
	//	smtps://HOST[:465]           TLS from the first byte
	//	smtp://HOST[:587]            STARTTLS, without which nothing is sent
	//	smtp+plaintext://HOST[:25]   no protection, for a relay on a trusted network
	SMTP string `koanf:"smtp" need:"always" ask:"Mail server: smtp://HOST (STARTTLS), smtps://HOST (TLS) or smtp+plaintext://HOST"`

	// Username and Password are both given or neither. Without them the server
	// must know the bridge by its network address.
	Username bridge.Secret `koanf:"username" need:"perhaps" ask:"User name at the mail server"`
	Password bridge.Secret `koanf:"password" need:"with username" ask:"Password at the mail server"`

	// Auth is auto (default: the best that the server offers), scram-sha-256,
	// scram-sha-1, plain, login, cram-md5, or xoauth2 with an access token as
	// the password.
	Auth string `koanf:"auth"`

	From string   `koanf:"from" need:"always" ask:"Sender, such as LMS <lms@example.com>"`             // an address, or "Name <address>"
	To   []string `koanf:"to" list:"or text" need:"always" ask:"Recipients, with commas between them"` // a list, or one text: addresses or templates of them
	// Fallback gets a mail that has no recipient left: addresses, and no templates.
	Fallback []string `koanf:"fallback" list:"or text"`

	ReplyTo string `koanf:"reply_to"` // an address for answers, if they should not go to From

	// CA holds certificates in PEM that are trusted besides the system's, for a
	// mail server with a private one: ca: "${file:/etc/ssl/private-ca.pem}".
	CA string `koanf:"ca"`

	// Helo is the name by which the bridge introduces itself; the host's name
	// unless set.
	Helo string `koanf:"helo"`
}

func defaults() Config { return Config{Auth: autoAuth} }

// decode reads the settings. An address may stand alone, without a list.
func decode(setup kit.Setup) (Config, error) {
	c := defaults()
	err := setup.Listed("to").Listed("fallback").Decode(&c)
	c.Auth = strings.ToLower(c.Auth)
	return c, err
}

// protection is how a connection is kept private.
type protection int

const (
	startTLS protection = iota
	wholeTLS
	plaintext
)

// scheme is what a URL's scheme stands for.
type scheme struct {
	protection protection
	port       string
}

func schemes() map[string]scheme {
	return map[string]scheme{
		"smtp":           {startTLS, "587"},
		"smtps":          {wholeTLS, "465"},
		"smtp+plaintext": {plaintext, "25"},
	}
}

// server is where mails are handed over, and how.
type server struct {
	host, port         string
	protection         protection
	roots              *x509.CertPool // nil for the system's
	helo               string
	auth               string // a key of mechanisms, or autoAuth
	username, password bridge.Secret

	mu      sync.Mutex      // guards refused
	refused map[string]bool // the mechanisms that it offers and does not accept
}

// server checks what leads to the mail server.
func (c Config) server() (*server, error) {
	s := &server{auth: c.Auth, username: c.Username, password: c.Password}
	var errs [4]error
	errs[0] = s.setURL(c.SMTP)
	errs[1] = s.checkAuth()
	s.roots, errs[2] = kit.Roots(c.CA)
	s.helo, errs[3] = helo(c.Helo)
	return s, errors.Join(errs[:]...)
}

// setURL takes the setting smtp apart. Its errors never show the value, which
// may hold a password where none belongs.
func (s *server) setURL(text string) error {
	const forms = "smtps://HOST (TLS), smtp://HOST (STARTTLS) or smtp+plaintext://HOST (not encrypted)"
	if text == "" {
		return kit.Setting("smtp", "required: the mail server, as %s", forms)
	}
	u, err := url.Parse(text)
	if err != nil {
		return kit.Setting("smtp", "not a URL; want %s", forms)
	}
	kind, known := schemes()[u.Scheme]
	switch {
	case !known || u.Hostname() == "":
		return kit.Setting("smtp", "want %s, with :PORT after the host if it is not the usual one", forms)
	case u.User != nil:
		return kit.Setting("smtp", "takes no user name and password; use the settings username and password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return kit.Setting("smtp", "nothing may follow the host and its port")
	case kind.protection == startTLS && u.Port() == "465":
		return kit.Setting("smtp", "port 465 speaks TLS from the first byte; write smtps://%s", u.Host)
	}
	s.host, s.port, s.protection = u.Hostname(), u.Port(), kind.protection
	if s.port == "" {
		s.port = kind.port
	}
	return nil
}

func (s *server) checkAuth() error {
	if s.auth != autoAuth && mechanisms()[s.auth] == nil {
		known := slices.Sorted(maps.Keys(mechanisms()))
		return kit.Setting("auth", "want %s or %s, have %q", autoAuth, strings.Join(known, ", "), s.auth)
	}
	switch {
	case s.username.Empty() && !s.password.Empty():
		return kit.Setting("username", "required with a password")
	case !s.username.Empty() && s.password.Empty():
		return kit.Setting("password", "required with a user name")
	case s.username.Empty() && s.auth != autoAuth:
		return kit.Setting("username", "required with auth: %s", s.auth)
	case !s.username.Empty() && s.protection == plaintext && !loopback(s.host):
		return kit.Setting("smtp", "a password would cross the network unencrypted; use smtp:// or smtps://, or no username")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// helo gives the name to introduce ourselves by.
func helo(configured string) (string, error) {
	if configured != "" {
		if strings.Trim(configured, hostnameChars) != "" {
			return "", kit.Setting("helo", "want a host name or an address in brackets, have %q", configured)
		}
		return configured, nil
	}
	host, err := os.Hostname()
	if err != nil || host == "" || strings.Trim(host, hostnameChars) != "" {
		host = "localhost"
	}
	return host, nil
}

const hostnameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"

func (c Config) sender() (*mail.Address, error) {
	if c.From == "" {
		return nil, kit.Setting("from", "required: an address that the mail server lets you send from")
	}
	return addressSetting("from", c.From)
}

func (c Config) answerTo() (*mail.Address, error) {
	if c.ReplyTo == "" {
		return nil, nil
	}
	return addressSetting("reply_to", c.ReplyTo)
}

func addressSetting(key, text string) (*mail.Address, error) {
	a, err := parseSetting(text)
	if err != nil {
		return nil, kit.Setting(key, "%v", err)
	}
	return a, nil
}
