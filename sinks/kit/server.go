package kit

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Server reads a setting that is the address of a platform's server. The fault shows
// an address like the one that is wanted, and never the value: people paste secrets.
func Server(key, value, like string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(value, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, Setting(key, "want the address of the server alone, like %s", like)
	}
	return u, nil
}

// Basic is the Authorization header of a user's name and password.
func Basic(user string, password bridge.Secret) bridge.Secret {
	return bridge.Secret("Basic " + basic(user, password))
}

func basic(user string, password bridge.Secret) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal()))
}

// BasicSecrets are what must not be shown of a name and a password: the password and
// the form in which the header has it.
func BasicSecrets(user string, password bridge.Secret) []bridge.Secret {
	if password.Empty() {
		return nil
	}
	return []bridge.Secret{password, bridge.Secret(basic(user, password))}
}
