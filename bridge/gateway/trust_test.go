package gateway

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an own authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key}
	if a.cert.Raw, err = x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a certificate for a server on loopback or for a client, and its key, in PEM.
func (a authority) sign(t *testing.T, serial int64, use x509.ExtKeyUsage) (cert, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "signed"}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, own.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", keyDER)
}

// serve is an API, a provider and a collector of traces behind TLS that asks for a client
// certificate of the authority.
func (a authority) serve(t *testing.T) (url string) {
	t.Helper()
	cert, key := a.sign(t, 2, x509.ExtKeyUsageServerAuth)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.well-known/") {
			_, _ = io.WriteString(w, `{"issuer":"https://`+r.Host+`","authorization_endpoint":"https://`+r.Host+`/auth"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(block("CERTIFICATE", a.cert.Raw)))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// TestOwnAuthority connects to an API, a provider and a collector whose certificates an
// own authority signed: with its certificate it works, and without it the words say what
// to do.
func TestOwnAuthority(t *testing.T) {
	own := newAuthority(t)
	url := own.serve(t)
	cert, key := own.sign(t, 3, x509.ExtKeyUsageClientAuth)
	ca := block("CERTIFICATE", own.cert.Raw)
	api := func(t *testing.T, trust kit.Trust) string {
		client := clientOptions("production", config.API{URL: url, Trust: trust}, nil).HTTP // which asks once
		resp, err := client.Get(url + "/users")
		if err != nil {
			return err.Error()
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		return ""
	}
	provider := func(t *testing.T, trust kit.Trust) string {
		var log bytes.Buffer
		settings := letIn(&config.Config{Admin: config.Admin{URL: "https://bridge.example.com", OIDC: &config.OIDC{
			Issuer: url, ClientID: "bridge", ClientSecret: "secret", Claim: "groups", View: []string{"all"}, Trust: trust,
		}}})
		gate := access.New(access.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Login: func(http.ResponseWriter, *http.Request, access.LoginView) {}}, settings)
		mux, answer := http.NewServeMux(), httptest.NewRecorder()
		gate.Routes(mux)
		mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/login/oidc", nil))
		if sent := answer.Code == http.StatusSeeOther; sent != (log.Len() == 0) {
			t.Errorf("%d, and the log has %s", answer.Code, &log)
		}
		return log.String()
	}
	collector := func(t *testing.T, trust kit.Trust) string {
		var log bytes.Buffer
		config, err := trust.TLS()
		if err != nil {
			t.Fatal(err)
		}
		tracer, err := tracing.Open(t.Context(), url, config, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		_, span := tracer.Received(t.Context(), httptest.NewRequest(http.MethodPost, "/absorb", nil), "production", time.Now())
		span.End()
		if err := tracer.Close(t.Context()); err != nil {
			t.Error(err)
		}
		return log.String()
	}
	for name, use := range map[string]func(*testing.T, kit.Trust) string{"api": api, "admin.oidc": provider, "traces": collector} {
		for _, c := range []struct {
			trust kit.Trust
			works bool
			words string
		}{
			{kit.Trust{}, false, "certificate signed by unknown authority"},
			{kit.Trust{CA: ca}, false, ""}, // the words depend on when the server hangs up
			{kit.Trust{CA: ca, ClientCert: cert, ClientKey: bridge.Secret(key)}, true, ""},
		} {
			said := use(t, c.trust)
			if (said == "") != c.works || !strings.Contains(said, c.words) {
				t.Errorf("%s: %q, want %q", name, said, c.words)
			}
			if c.words != "" && !strings.Contains(said, "setting ca") && !strings.Contains(said, "traces.ca") {
				t.Errorf("%s: %q does not say what to do", name, said)
			}
		}
	}
}
