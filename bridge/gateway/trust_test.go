package gateway

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/admin/access"
	"github.com/absorb-bridge/absorb-bridge/bridge/config"
	"github.com/absorb-bridge/absorb-bridge/bridge/tracing"
	"github.com/absorb-bridge/absorb-bridge/internal/certificates"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// own makes an authority, and a certificate of it for 127.0.0.1.
func own(t *testing.T) (*certificates.Authority, tls.Certificate) {
	t.Helper()
	until := time.Now().Add(24 * time.Hour)
	authority, err := certificates.NewAuthority("an own authority", until)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(until, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return authority, pair
}

// serveTLS is an API, a provider and a collector of traces behind TLS that asks for a
// client certificate of the authority.
func serveTLS(t *testing.T, authority *certificates.Authority, pair tls.Certificate) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.well-known/") {
			_, _ = io.WriteString(w, `{"issuer":"https://`+r.Host+`","authorization_endpoint":"https://`+r.Host+`/auth"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool()}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// TestOwnAuthority connects to an API, a provider and a collector whose certificates an
// own authority signed: with its certificate it works, and without it the words say what
// to do.
func TestOwnAuthority(t *testing.T) {
	authority, pair := own(t)
	url := serveTLS(t, authority, pair)
	ca := string(authority.PEM())
	cert, key, err := certificates.PEM(pair)
	if err != nil {
		t.Fatal(err)
	}
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
