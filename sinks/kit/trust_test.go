package kit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/internal/certificates"
)

// certificate makes one for 127.0.0.1, its key and the certificate of the authority that
// signed it, in PEM.
func certificate(t *testing.T, until time.Time) (cert, key, ca string) {
	t.Helper()
	authority, err := certificates.NewAuthority("test", until)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(until, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if cert, key, err = certificates.PEM(pair); err != nil {
		t.Fatal(err)
	}
	return cert, key, string(authority.PEM())
}

// secured serves with a certificate, and asks for one that clients trusts unless that is "".
func secured(t *testing.T, cert, key, clients string) string {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if clients != "" {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AppendCertsFromPEM([]byte(clients))
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// poster is a sink that posts.
type poster struct {
	client *http.Client
	url    string
}

func (poster) Encode(bridge.Message) (bridge.Payload, error) { return bridge.Payload{}, nil }

func (p poster) Send(ctx context.Context, _ bridge.Payload) (bridge.Receipt, error) {
	_, err := Post(ctx, p.client, Request{URL: bridge.Secret(p.url)})
	return bridge.Receipt{}, err
}

func overHTTP() Type {
	return OverHTTP(Type{New: func(s Setup) (bridge.Sink, error) {
		c := struct {
			URL string `koanf:"url"`
		}{}
		err := s.Decode(&c)
		return poster{s.Client, c.URL}, err
	}})
}

// A certificate that is not trusted is the destination's trouble, and the words say what
// to do. The settings of a Trust mend it.
func TestTrust(t *testing.T) {
	own, ownKey, ca := certificate(t, time.Now().Add(24*time.Hour))
	_, _, other := certificate(t, time.Now().Add(24*time.Hour))
	old, oldKey, oldCA := certificate(t, time.Now().Add(-time.Hour))
	plain, asks, expired := secured(t, own, ownKey, ""), secured(t, own, ownKey, ca), secured(t, old, oldKey, "")
	for name, c := range map[string]struct {
		settings map[string]any
		want     string // of the words; "" when it works
	}{
		"nothing is trusted":    {map[string]any{"url": plain}, "setting ca"},
		"another is trusted":    {map[string]any{"url": plain, "ca": other}, "setting ca"},
		"trusted":               {map[string]any{"url": plain, "ca": ca}, ""},
		"another name":          {map[string]any{"url": strings.Replace(plain, "127.0.0.1", "localhost", 1), "ca": ca}, "a name that the certificate is for"},
		"expired":               {map[string]any{"url": expired, "ca": oldCA}, "must be renewed"},
		"none is shown":         {map[string]any{"url": asks, "ca": ca}, "client_cert"},
		"a certificate of ours": {map[string]any{"url": asks, "ca": ca, "client_cert": own, "client_key": ownKey}, ""},
	} {
		sink, err := overHTTP().New(Setup{Settings: c.settings, Client: NewClient(http.DefaultTransport.(*http.Transport).Clone(), 10*time.Second)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = sink.Send(t.Context(), bridge.Payload{})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: it is sent", name)
			continue
		}
		if se := bridge.AsSendError(err); se.Kind != bridge.DestinationBroken || !strings.Contains(se.Detail, c.want) {
			t.Errorf("%s: %s: %v", name, se.Kind, err)
		}
	}
}

func TestTrustIsChecked(t *testing.T) {
	cert, _, _ := certificate(t, time.Now().Add(time.Hour))
	_, otherKey, _ := certificate(t, time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		settings map[string]any
		key      string
	}{
		"a path":              {map[string]any{"ca": "/etc/ssl/ca.pem"}, "ca"},
		"no text":             {map[string]any{"ca": []any{cert}}, "ca"},
		"no key":              {map[string]any{"client_cert": cert}, "client_key"},
		"no certificate":      {map[string]any{"client_key": otherKey}, "client_cert"},
		"not its key":         {map[string]any{"client_cert": cert, "client_key": otherKey}, "client_cert"},
		"a setting of a sink": {map[string]any{"ca": cert, "urll": "x"}, "urll"},
	} {
		_, err := overHTTP().New(Setup{Settings: c.settings})
		faults := SettingErrors(err)
		if len(faults) != 1 || faults[0].Key != c.key || strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
