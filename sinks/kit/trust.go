package kit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Trust is what the bridge trusts, and shows of itself, when it connects by TLS. All
// are texts in PEM.
type Trust struct {
	CA         string        `koanf:"ca"`          // certificates that are trusted besides the system's
	ClientCert string        `koanf:"client_cert"` // for servers that ask for one, with its chain
	ClientKey  bridge.Secret `koanf:"client_key"`  // of client_cert
}

// TrustSettings are the keys of a Trust.
func TrustSettings() []string { return []string{"ca", "client_cert", "client_key"} }

// howToRead is what to do about a text that should be the content of a file.
const howToRead = `; to read a file write "${file:PATH}"`

// TLS is the configuration of a connection, or nil when nothing is set. Faults are
// SettingErrors.
func (t Trust) TLS() (*tls.Config, error) {
	roots, errCA := Roots(t.CA)
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	cert, key := strings.TrimSpace(t.ClientCert), strings.TrimSpace(t.ClientKey.Reveal())
	var errCert error
	switch {
	case cert == "" && key == "":
	case cert == "":
		errCert = Setting("client_cert", "required with client_key")
	case key == "":
		errCert = Setting("client_key", "required with client_cert")
	default:
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			errCert = Setting("client_cert", "it and client_key are no pair of a certificate and its key in PEM%s", howToRead)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if err := errors.Join(errCA, errCert); err != nil || config.RootCAs == nil && config.Certificates == nil {
		return nil, err
	}
	return config, nil
}

// Roots gives the system's certificates and those of a text in PEM, or nil when there
// is no text.
func Roots(pem string) (*x509.CertPool, error) {
	if strings.TrimSpace(pem) == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a host without certificates of its own
	}
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, Setting("ca", "has no certificate in PEM%s", howToRead)
	}
	return pool, nil
}

// WithTLS is a client like the one given that connects with a configuration of TLS;
// nil changes nothing.
func WithTLS(client *http.Client, config *tls.Config) *http.Client {
	if config == nil {
		return client
	}
	var other http.Client
	if client != nil {
		other = *client
	}
	t, ok := other.Transport.(*http.Transport)
	if !ok {
		t = http.DefaultTransport.(*http.Transport)
	}
	t = t.Clone()
	t.TLSClientConfig, t.ForceAttemptHTTP2 = config, true
	other.Transport = t
	return &other
}

// OverHTTP gives a type of sink that speaks HTTP the settings of a Trust.
func OverHTTP(t Type) Type {
	build := t.New
	t.OverHTTP = true
	t.New = func(setup Setup) (bridge.Sink, error) {
		trust := map[string]any{}
		setup.Settings = maps.Clone(setup.Settings)
		for _, key := range TrustSettings() {
			if value, is := setup.Settings[key]; is {
				trust[key] = value
				delete(setup.Settings, key)
			}
		}
		var c Trust
		wrong := Decode(trust, &c)
		config, fault := c.TLS()
		setup.Client = WithTLS(setup.Client, config)
		sink, err := build(setup)
		if err := errors.Join(wrong, fault, err); err != nil {
			return nil, err
		}
		return sink, nil
	}
	return t
}

// Untrusted says what to do about a connection that failed by its certificates, or ""
// when it failed otherwise.
func Untrusted(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
			return "the server's certificate must be renewed, or this machine's clock set"
		}
		if _, ok := errors.AsType[x509.HostnameError](err); ok {
			return "write the host by a name that the certificate is for"
		}
		return "if the server's certificate is one of your own, put its authority into the setting ca"
	}
	if words := err.Error(); strings.Contains(words, "tls: certificate required") || strings.Contains(words, "tls: bad certificate") {
		return "the server asks for a certificate: set client_cert and client_key to one that it trusts"
	}
	return ""
}
