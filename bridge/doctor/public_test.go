package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/certificates"
	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
)

// proxy is what stands between the internet and a bridge.
func proxy(t *testing.T, handler http.Handler, certificate *tls.Certificate) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	if certificate != nil {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestPublicURL(t *testing.T) {
	p := newPatient(t, console, "", "")
	p.start(t)
	bridge := func(path string) http.Handler {
		return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: listenOf(t, p)})
			if path != "" {
				r.Out.URL.Path = path
			}
		}}
	}
	see := func(s *httptest.Server, path string) *patient {
		q := *p
		q.URL, q.HTTP = s.URL+path, s.Client()
		return &q
	}
	right := proxy(t, bridge(""), nil)
	see(right, "/absorb").says(t, "public URL", OK, "leads to a bridge; its certificate is valid for")
	see(right, "/absorb").says(t, "public URL", Warn, "not a public address")
	see(right, "/elsewhere").says(t, "public URL", Fail, `no source has the path "/elsewhere"`)
	see(proxy(t, bridge("/stripped"), nil), "/absorb").says(t, "public URL", Fail, "pass the path unchanged")
	see(proxy(t, http.NotFoundHandler(), nil), "/absorb").says(t, "public URL", Fail, "something other than the bridge answers (404)")
	see(proxy(t, http.RedirectHandler("https://example.com", http.StatusMovedPermanently), nil), "/absorb").says(t, "public URL", Fail, "it redirects (301)")

	stranger := see(right, "/absorb")
	stranger.HTTP = &http.Client{Timeout: patience}
	stranger.says(t, "public URL", Fail, "a certificate that browsers trust")
	gone := see(right, "/absorb")
	gone.URL = "https://" + loopback.Address(t) + "/absorb"
	gone.says(t, "public URL", Fail, "start the proxy and the bridge")
	gone.URL = "https://nowhere.invalid/absorb"
	gone.says(t, "public URL", Fail, "does not resolve")
	gone.URL = "nonsense"
	gone.says(t, "public URL", Fail, "give the whole URL")
	gone.URL = "http://" + listenOf(t, p) + "/absorb"
	gone.says(t, "public URL", Warn, "unencrypted")

	certificate, trust := shortLived(t)
	short := see(proxy(t, bridge(""), certificate), "/absorb")
	short.HTTP = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}}
	short.says(t, "public URL", Warn, "renew the certificate")
}

// listenOf is where a patient's bridge takes webhooks.
func listenOf(t *testing.T, p *patient) string {
	t.Helper()
	e := &examination{Options: p.Options}
	e.configuration()
	if e.config == nil {
		t.Fatal("no configuration")
	}
	return e.config.Listen
}

// shortLived is a certificate of 127.0.0.1 that ends in three days.
func shortLived(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	until := time.Now().Add(72 * time.Hour)
	authority, err := certificates.NewAuthority("test", until)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(until, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return &pair, authority.Pool()
}
